"""The first decoder: FFmpeg's libraries through PyAV, one pass over the file, keyframes where they suffice.

Nothing ever seeks, which transport streams do wrongly: the packets of the current GOP are kept in memory,
and where the sampler asks for the stretch between two keyframes, it is decoded from there.
"""

from __future__ import annotations

import contextlib
import itertools
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Literal

import av
import av.error
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from mediaindex.decode.backends.change_search import pictures_around_change
from mediaindex.decode.backends.decoder import Demand, LeftOut, Picture
from mediaindex.decode.backends.gap_filling import GapFilling
from mediaindex.decode.backends.gop_buffer import Gap, GopBuffer, KeyframeIntervals
from mediaindex.decode.backends.pyav_picture import PictureMaker
from mediaindex.decode.container.film_codec import alpha_is_padding, bounded_codec
from mediaindex.decode.container.opening import CLOCK_MAY_RESTART, open_container, pixel_aspect, start_seconds
from mediaindex.decode.container.reading import packets, packets_from
from mediaindex.decode.container.timeline import PlayingClock
from mediaindex.decode.subtitles.embedded import SubtitleReader
from mediaindex.media import Cue, MediaInfo, Position

POSITION_BYTES = 4 << 20
# A first look gives up after so many packets without a picture.
FIRST_LOOK_PACKETS = 300
# From this frame rate on, non-reference frames are not decoded: enough pictures are left in a gap of
# seconds, and a third of the decoding is saved.
DENSE_FPS = 10.0
# Codecs whose B frames are few between two other frames, so that all of them may be left out. An HEVC film
# may have nothing but B frames for seconds.
FEW_B_FRAMES = {"h264"}


class PyavDecoder:
    """See `mediaindex.decode.backends.decoder.Decoder`."""

    def __init__(self, path: Path, info: MediaInfo, demand: Demand) -> None:
        self._path = path
        self._info = info
        self._demand = demand
        self.damaged_packets = 0
        self._open = contextlib.ExitStack()
        self._clock = PlayingClock(Fraction(1), 0.0, may_restart=False)
        self._film: VideoStream
        self._codec: VideoCodecContext
        self._maker: PictureMaker
        self._keyframe_codec: VideoCodecContext | None = None
        self._gop = GopBuffer()
        self._gap = Gap([], continues=False)  # before the last picture given, for `between`
        self._filling = GapFilling(demand.gap_seconds)
        self._intervals = KeyframeIntervals()
        self._is_inside_gop = False
        self._only_keyframes = True
        self._last_seconds = float("-inf")

    @property
    def end_seconds(self) -> float:
        """Where the last film packet read so far stops being shown."""
        return self._clock.end_seconds

    def scan(self) -> Iterator[Picture | Cue | Position]:
        """Keyframes; other pictures where no keyframe follows, or too late to be waited for."""
        with self._open:
            container = self._open.enter_context(open_container(self._path))
            self._start(container)
            subtitles = SubtitleReader(container, self._clock)
            for packet in self._packets(container, subtitles):
                if isinstance(packet, Position):
                    yield packet
                elif packet.stream_index != self._film.index:
                    subtitles.read(packet)
                else:
                    self._clock.follow(packet)
                    if self._is_too_late(packet):
                        break
                    yield from self._film_packet(packet)
            yield from self._finish()
            yield from subtitles.cues()

    def first_look(self) -> Picture | None:
        """The first picture after a seek to the middle, else the film's first; instead of a scan."""
        middle = (self._info.duration_seconds or 0.0) / 2
        for seconds in (middle, 0.0) if middle else (0.0,):
            with open_container(self._path) as container:
                self._start(container)
                picture = self._first_picture(container, seconds)
                if picture is not None:
                    return replace(picture, seconds=max(picture.seconds, 0.0))
        return None

    def between(
        self, earlier: Picture, later: Picture, difference: Callable[[Picture, Picture], float]
    ) -> Iterator[Picture]:
        """The gap decoded from memory; where all its packets are keyframes, only those around the change."""
        packets = self._gap.packets
        if len(packets) > 1 and all(packet.is_keyframe for packet in packets):

            def decode(place: int) -> Picture | None:
                frame = self._decode_keyframe(packets[place])
                return None if frame is None else self._picture(frame, adjacent=False)

            yield from pictures_around_change(decode, len(packets), earlier, later, difference)
            return
        if not self._gap.continues:
            self._codec.flush_buffers()
            self._codec.skip_frame = self._frames_to_skip()
        last = earlier.seconds
        try:
            for packet in [*packets, None]:
                for frame in self._decode(packet):
                    picture = self._picture(frame, adjacent=True)
                    if picture is not None and last < picture.seconds < later.seconds:
                        last = picture.seconds
                        yield picture
        finally:
            self._codec.flush_buffers()
        yield replace(later, adjacent=True)

    def _start(self, container: InputContainer) -> None:
        self._film = film_of(container, self._info)
        self._maker = PictureMaker(pixel_aspect(self._film), opaque=alpha_is_padding(container, self._film))
        self._clock = PlayingClock(
            self._film.time_base or Fraction(1, av.time_base),
            start_seconds(container),
            may_restart=bool(container.format.flags & CLOCK_MAY_RESTART),
        )
        self._codec = bounded_codec(self._film, self._demand.max_pixels)

    def _packets(
        self, container: InputContainer, subtitles: SubtitleReader
    ) -> Iterator[Packet[Stream] | Position]:
        """Packets of film and subtitles, and how far the file was read, until its end or its damage."""
        reported = 0
        try:
            for packet in packets(container, [self._film, *subtitles.streams]):
                if packet.pos is not None and packet.pos >= reported + POSITION_BYTES:
                    reported = packet.pos
                    yield Position(reported)
                if packet.size:
                    yield packet
        except EOFError:
            return
        except av.error.MemoryError:
            raise
        except av.error.FFmpegError:
            self.damaged_packets += 1

    def _is_too_late(self, packet: Packet[Stream]) -> bool:
        stop_seconds, stamp = self._demand.stop_seconds, packet.pts if packet.dts is None else packet.dts
        return stop_seconds is not None and stamp is not None and self._clock.seconds(stamp) >= stop_seconds

    def _film_packet(self, packet: Packet[Stream]) -> Iterator[Picture]:
        if not packet.is_keyframe:
            self._only_keyframes = False
        self._intervals.follow(is_keyframe=packet.is_keyframe)
        if packet.is_keyframe and self._is_due(packet):
            yield from self._keyframe(packet)
        else:
            self._gop.append(packet)
        if self._gop.is_full:
            if self._only_keyframes:
                self._gop.drop_every_second()
            else:
                self._filling.space(self._demand.gap_seconds)
                yield from self._decode_gop()

    def _is_due(self, keyframe: Packet[Stream]) -> bool:
        """Whether a keyframe is far enough from the last picture; one without a stamp always is."""
        if keyframe.pts is None:
            return True
        demand = self._demand
        wanted_seconds = demand.intra_seconds if self._only_keyframes else demand.keyframe_seconds
        return self._clock.seconds(keyframe.pts) - self._filling.anchor_seconds >= wanted_seconds

    def _keyframe(self, packet: Packet[Stream]) -> Iterator[Picture]:
        """The keyframe's picture, with what its packets tell of the gap before it."""
        frame = self._decode_keyframe(packet)
        adjacent = self._gop.undecoded == 0
        picture = None if frame is None else self._picture(frame, adjacent=adjacent, keyframe=True)
        if picture is None or picture.seconds <= self._last_seconds:
            # Hidden by an edit list, refreshed bit by bit, or damaged: what follows it may still show.
            self._gop.append(packet)
            return
        self._gap = Gap(self._gop.restart(packet), continues=self._is_inside_gop)
        self._is_inside_gop = False
        self._last_seconds = picture.seconds
        self._filling.begin(picture.seconds)
        yield replace(picture, left_out=self._left_out())

    def _left_out(self) -> LeftOut | None:
        """What the packets of the gap tell; None where it does not begin with its keyframe."""
        packets = self._gap.packets
        if self._gap.continues or not packets or not packets[0].is_keyframe:
            return None
        others = [packet for packet in packets if not packet.is_keyframe and packet.pts is not None]
        return LeftOut(
            seconds=tuple(self._clock.seconds(packet.pts) for packet in others if packet.pts is not None),
            sizes=tuple(packet.size for packet in others),
            keyframe_bytes=packets[0].size,
            is_regular=self._intervals.is_regular,
            is_early=self._intervals.is_early,
        )

    def _decode_gop(self, fills: float = float("inf")) -> Iterator[Picture]:
        """Pictures of the kept packets, until so many of them fill the gap; the rest stays kept.

        Continues where the last call stopped within the same GOP.
        """
        if not self._is_inside_gop:
            self._codec.flush_buffers()
            self._codec.skip_frame = self._frames_to_skip()
            self._is_inside_gop = True
        packets = deque(self._gop.take())
        while packets and fills > 0:
            for picture in self._new_pictures(self._decode(packets.popleft())):
                fills -= picture.fills
                yield picture
        for packet in packets:
            self._gop.append(packet)

    def _frames_to_skip(self) -> Literal["BIDIR", "NONREF", "DEFAULT"]:
        """Which frames the codec leaves out: B or other non-reference frames of a film that has many."""
        if (self._info.fps or 0) < DENSE_FPS:
            return "DEFAULT"
        return "BIDIR" if self._info.codec in FEW_B_FRAMES else "NONREF"

    def _finish(self) -> Iterator[Picture]:
        """Pictures of the stretch after the last one given, which no further keyframe closes."""
        if self._only_keyframes and self._gop.undecoded:
            yield from self._keyframe(self._gop.pop())
            return
        fills = self._filling.divide(self._clock.end_seconds, self._demand.intra_seconds)
        if fills == 0:
            # Too short to be filled; but a shot may begin with a keyframe in it that was not due.
            keyframe = self._gop.pop_last_keyframe()
            if keyframe is not None:
                yield from self._keyframe(keyframe)
            return
        yield from self._decode_gop(fills)
        if not self._gop:
            yield from self._new_pictures(self._decode(None))

    def _new_pictures(self, frames: list[VideoFrame]) -> Iterator[Picture]:
        """Pictures of frames decoded one after another, without those that were given before."""
        for frame in frames:
            if frame.pts is None or (seconds := self._clock.seconds(frame.pts)) <= self._last_seconds:
                continue
            self._last_seconds = seconds
            yield self._maker.picture(frame, seconds, adjacent=True, fills=self._filling.takes(seconds))

    def _first_picture(self, container: InputContainer, seconds: float) -> Picture | None:
        """The first picture after a seek, None where nothing is found there."""
        try:
            for packet in itertools.islice(packets_from(container, self._film, seconds), FIRST_LOOK_PACKETS):
                for frame in self._decode(packet if packet.size else None):
                    if (picture := self._picture(frame, adjacent=False)) is not None:
                        return picture
        except av.error.MemoryError:
            raise
        except av.error.FFmpegError:
            self.damaged_packets += 1
        return None

    def _decode_keyframe(self, packet: Packet[Stream]) -> VideoFrame | None:
        """The frame of a keyframe, decoded without its neighbours."""
        codec = self._codec_beside_gop() if self._is_inside_gop else self._codec
        codec.flush_buffers()
        codec.skip_frame = "DEFAULT"
        frames = self._decode(packet, codec) or self._decode(None, codec)
        codec.flush_buffers()
        return frames[0] if frames else None

    def _codec_beside_gop(self) -> VideoCodecContext:
        """A codec for keyframes while the first one is inside a GOP, which must not lose its place."""
        if self._keyframe_codec is None:
            container = self._open.enter_context(open_container(self._path))
            film = film_of(container, self._info)
            self._keyframe_codec = bounded_codec(film, self._demand.max_pixels)
        return self._keyframe_codec

    def _decode(
        self, packet: Packet[Stream] | None, codec: VideoCodecContext | None = None
    ) -> list[VideoFrame]:
        try:
            return (codec or self._codec).decode(packet)
        except av.error.MemoryError:
            raise
        except EOFError:
            return []
        except av.error.FFmpegError:
            self.damaged_packets += 1
            return []

    def _picture(self, frame: VideoFrame, *, adjacent: bool, keyframe: bool = False) -> Picture | None:
        if frame.pts is None:
            return None
        seconds = self._clock.seconds(frame.pts)
        return self._maker.picture(frame, seconds, adjacent=adjacent, keyframe=keyframe)


def film_of(container: InputContainer, info: MediaInfo) -> VideoStream:
    """The stream of an opened file that is the film."""
    film = container.streams[info.video_stream]
    assert isinstance(film, VideoStream)
    return film
