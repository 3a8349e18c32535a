"""The first decoder: FFmpeg's libraries through PyAV, one pass over the file, keyframes where they suffice.

Packets since the last picture given are kept, within bounds until the next keyframe, so that a gap is filled
evenly and a stretch which turns out to matter is decoded from memory: nothing ever seeks, which transport
streams do wrongly.
"""

from __future__ import annotations

import contextlib
import math
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import av
import av.error
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from mediaindex.decode.backends.decoder import THUMBNAIL_HEIGHT, THUMBNAIL_WIDTH, Demand, Picture
from mediaindex.decode.container.opening import (
    CLOCK_MAY_RESTART,
    display_size,
    open_container,
    pixel_aspect,
    quarter_turns,
    start_seconds,
)
from mediaindex.decode.container.timeline import PlayingClock
from mediaindex.decode.subtitles.embedded import SubtitleReader
from mediaindex.media import (
    Cue,
    MediaInfo,
    Position,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

POSITION_BYTES = 4 << 20
# What is kept of a gap: 10 s of 25 Mbit/s, or of 400 pictures a second. A longer one is decoded as it comes.
KEPT_BYTES = 32 << 20
KEPT_PACKETS = 4096
NEIGHBOURS = 2
# A first look gives up after so many packets without a picture.
GLANCED_PACKETS = 300
# Where there are so many, pictures on which no other depends are left out: nothing is lost of a gap of
# seconds, and a third of its decoding is saved.
DENSE_FPS = 10.0
# Of these, decoding on needs no B frame at all: between two others there are a few. An HEVC film may
# have nothing else for seconds.
FEW_BIDIRECTIONAL = {"h264"}


@dataclass(frozen=True, slots=True)
class _Gap:
    """Packets before a keyframe; `goes_on` where they follow what the codec decoded last."""

    packets: list[Packet[Stream]]
    goes_on: bool


class PyavDecoder:
    """See `mediaindex.decode.backends.decoder.Decoder`."""

    def __init__(self, path: Path, info: MediaInfo, demand: Demand) -> None:
        self._path = path
        self._info = info
        self._demand = demand
        self.damaged_packets = 0
        self._clock = PlayingClock(Fraction(1), 0.0, may_restart=False)
        self._open = contextlib.ExitStack()
        self._film: VideoStream
        self._codec: VideoCodecContext
        self._second: VideoCodecContext | None = None
        # Packets from the last keyframe on, how many of them were not given as pictures, and, for
        # `between`, those from the keyframe before.
        self._kept: list[Packet[Stream]] = []
        self._kept_bytes = 0
        self._unseen = 0
        self._gap = _Gap([], goes_on=False)
        self._decoding_on = False
        self._only_keyframes = True
        self._last_seconds = float("-inf")
        # The last picture given that a gap is counted from: a keyframe, or one that fills a gap; the time
        # at which the next is to fill it, and how far apart these are.
        self._anchor_seconds = float("-inf")
        self._fill_at = float("inf")
        self._spacing = demand.gap_seconds
        self._stored = (0, 0, 0)
        self._display = (0, 0)
        self._thumbnailer = VideoReformatter()
        self._reformatters: dict[tuple[int, int], VideoReformatter] = {}

    @property
    def end_seconds(self) -> float:
        """Where the last film packet read so far stops being shown."""
        return self._clock.end_seconds

    def scan(self) -> Iterator[Picture | Cue | Position]:
        """Keyframes, and pictures decoded one after another where these are too far apart."""
        with self._open:
            container = self._open.enter_context(open_container(self._path))
            self._start(container)
            subtitles = SubtitleReader(container, self._clock)
            for packet in self._packets(container, subtitles):
                if isinstance(packet, Position):
                    yield packet
                elif packet.stream_index != self._film.index:
                    yield from subtitles.cues(packet)
                else:
                    self._clock.follow(packet)
                    yield from self._film_packet(packet)
            yield from self._finish()

    def glance(self) -> Picture | None:
        """The first picture after a seek to the middle, else the film's first; for this alone."""
        middle = (self._info.duration_seconds or 0.0) / 2
        for seconds in (middle, 0.0) if middle else (0.0,):
            with open_container(self._path) as container:
                self._start(container)
                if seconds:
                    # Where a container cannot seek, reading goes on from its start.
                    with contextlib.suppress(av.error.FFmpegError):
                        container.seek(int((seconds + start_seconds(container)) * av.time_base))
                picture = self._first_picture(container)
                if picture is not None:
                    return replace(picture, seconds=max(picture.seconds, 0.0))
        return None

    def _first_picture(self, container: InputContainer) -> Picture | None:
        for tried, packet in enumerate(container.demux([self._film])):
            for frame in self._decode(packet if packet.size else None):
                if (picture := self._picture(frame, adjacent=False)) is not None:
                    return picture
            if tried > GLANCED_PACKETS or not packet.size:
                return None
        return None

    def between(
        self, earlier: Picture, later: Picture, difference: Callable[[Picture, Picture], float]
    ) -> Iterator[Picture]:
        """The gap decoded from memory; of independent packets only those around the change."""
        gap = self._gap
        if len(gap.packets) > 1 and all(packet.is_keyframe for packet in gap.packets):
            yield from self._search(gap.packets, earlier, later, difference)
            return
        if not gap.goes_on:
            self._codec.flush_buffers()
            self._codec.skip_frame = "DEFAULT"
        last = earlier.seconds
        try:
            for packet in [*gap.packets, None]:
                for frame in self._decode(packet):
                    picture = self._picture(frame, adjacent=True)
                    if picture is not None and last < picture.seconds < later.seconds:
                        last = picture.seconds
                        yield picture
        finally:
            self._codec.flush_buffers()
        yield replace(later, adjacent=True)

    def _start(self, container: InputContainer) -> None:
        self._film = _film_of(container, self._info)
        self._aspect = pixel_aspect(self._film)
        self._clock = PlayingClock(
            self._film.time_base or Fraction(1, av.time_base),
            start_seconds(container),
            may_restart=bool(container.format.flags & CLOCK_MAY_RESTART),
        )
        self._codec = self._prepared(self._film)

    def _prepared(self, film: VideoStream) -> VideoCodecContext:
        codec = film.codec_context
        codec.thread_count = 1
        codec.options = {**codec.options, "max_pixels": str(self._demand.max_pixels)}
        return codec

    def _packets(
        self, container: InputContainer, subtitles: SubtitleReader
    ) -> Iterator[Packet[Stream] | Position]:
        """Packets of film and subtitles, and how far the file was read, until its end or its damage."""
        reported = 0
        with contextlib.suppress(EOFError):
            packets = container.demux(self._film, *subtitles.streams)
            while True:
                try:
                    packet = next(packets, None)
                except av.error.MemoryError:
                    raise
                except av.error.FFmpegError:
                    self.damaged_packets += 1
                    return
                if packet is None:
                    return
                if packet.pos is not None and packet.pos >= reported + POSITION_BYTES:
                    reported = packet.pos
                    yield Position(reported)
                if packet.size:
                    yield packet

    def _film_packet(self, packet: Packet[Stream]) -> Iterator[Picture]:
        if not packet.is_keyframe:
            self._only_keyframes = False
        if packet.is_keyframe and self._is_due(packet):
            yield from self._keyframe(packet)
        else:
            self._keep(packet)
        if len(self._kept) > KEPT_PACKETS or self._kept_bytes > KEPT_BYTES:
            if self._only_keyframes:
                self._thin()
            else:
                self._spacing = self._demand.gap_seconds
                self._fill_at = self._anchor_seconds + self._spacing
                yield from self._decode_on()

    def _keyframe(self, packet: Packet[Stream]) -> Iterator[Picture]:
        """The picture of a keyframe, which closes the gap before it, after those that fill that gap."""
        if self._unseen and not self._only_keyframes and packet.pts is not None:
            fills = self._divide(self._clock.seconds(packet.pts), self._demand.gap_seconds)
            if fills > 0:
                yield from self._decode_on(fills)
        frame = self._decode_alone(packet)
        picture = None if frame is None else self._picture(frame, adjacent=self._unseen == 0, keyframe=True)
        if picture is None or picture.seconds <= self._last_seconds:
            # Hidden by an edit list, refreshed bit by bit, or damaged: its followers may still show.
            self._keep(packet)
            return
        self._gap = _Gap(self._take_kept(), goes_on=self._decoding_on)
        self._decoding_on = False
        self._keep(packet)
        self._unseen = 0
        self._last_seconds = self._anchor_seconds = picture.seconds
        yield picture

    def _is_due(self, packet: Packet[Stream]) -> bool:
        demand = self._demand
        seconds = demand.intra_seconds if self._only_keyframes else demand.independent_seconds
        return self._elapsed(packet) >= seconds

    def _elapsed(self, packet: Packet[Stream]) -> float:
        """Seconds since the anchor, infinite before the first picture or where no stamp tells."""
        return float("inf") if packet.pts is None else self._clock.seconds(packet.pts) - self._anchor_seconds

    def _keep(self, packet: Packet[Stream]) -> None:
        self._kept.append(packet)
        self._kept_bytes += packet.size
        self._unseen += 1

    def _take_kept(self) -> list[Packet[Stream]]:
        kept, self._kept, self._kept_bytes, self._unseen = self._kept, [], 0, 0
        return kept

    def _thin(self) -> None:
        """Forget every second of many independent packets."""
        self._kept = self._kept[::2]
        self._kept_bytes = sum(packet.size for packet in self._kept)

    def _divide(self, end_seconds: float, gap_seconds: float) -> float:
        """How many pictures divide what is left up to a time into equal parts of about a gap at most."""
        rest = end_seconds - self._anchor_seconds
        if not math.isfinite(rest):
            return rest
        parts = max(1, math.ceil(rest / gap_seconds - 0.05))
        self._spacing = rest / parts
        self._fill_at = self._anchor_seconds + self._spacing
        return parts - 1

    def _decode_on(self, fills: float = float("inf")) -> Iterator[Picture]:
        """Pictures of what was kept, until so many of them fill the gap; the rest stays kept.

        Goes on where decoding on stopped the last time.
        """
        if not self._decoding_on:
            self._codec.flush_buffers()
            self._codec.skip_frame = self._passed_over()
            self._decoding_on = True
        kept = deque(self._take_kept())
        while kept and fills > 0:
            for picture in self._given(self._decode(kept.popleft())):
                fills -= picture.fills
                yield picture
        for packet in kept:
            self._keep(packet)

    def _passed_over(self) -> Literal["BIDIR", "NONREF", "DEFAULT"]:
        """What decoding on leaves out, where pictures are dense enough that their neighbours do."""
        if (self._info.fps or 0) < DENSE_FPS:
            return "DEFAULT"
        return "BIDIR" if self._info.codec in FEW_BIDIRECTIONAL else "NONREF"

    def _finish(self) -> Iterator[Picture]:
        """The stretch after the last picture, which no further keyframe closes, if it is long."""
        if self._only_keyframes and self._unseen:
            yield from self._keyframe(self._kept.pop())
            return
        fills = self._divide(self._clock.end_seconds, self._demand.intra_seconds)
        if fills == 0:
            yield from self._last_keyframe()
            return
        yield from self._decode_on(fills)
        if not self._kept:
            yield from self._given(self._decode(None))

    def _last_keyframe(self) -> Iterator[Picture]:
        """The picture of the last keyframe that was not due: a scene may begin with it."""
        for index in range(len(self._kept) - 1, len(self._kept) - self._unseen - 1, -1):
            packet = self._kept[index]
            if packet.is_keyframe:
                self._unseen -= len(self._kept) - index
                del self._kept[index:]
                yield from self._keyframe(packet)
                return

    def _given(self, frames: list[VideoFrame]) -> Iterator[Picture]:
        """Pictures of frames decoded one after another, without those that were given before."""
        for frame in frames:
            picture = self._picture(frame, adjacent=True)
            if picture is not None and picture.seconds > self._last_seconds:
                self._last_seconds = picture.seconds
                fills = picture.seconds >= self._fill_at
                if fills:
                    self._anchor_seconds = picture.seconds
                    self._fill_at = max(self._fill_at + self._spacing, picture.seconds)
                yield replace(picture, fills=fills)

    def _search(
        self,
        packets: list[Packet[Stream]],
        earlier: Picture,
        later: Picture,
        difference: Callable[[Picture, Picture], float],
    ) -> list[Picture]:
        """Halve independent packets towards the largest change; a few decodes instead of all."""
        found: dict[int, Picture] = {0: earlier, len(packets): later}

        def at(index: int) -> Picture | None:
            if index not in found:
                frame = self._decode_alone(packets[index])
                picture = None if frame is None else self._picture(frame, adjacent=index - 1 in found)
                if picture is None or not earlier.seconds < picture.seconds < later.seconds:
                    return None
                found[index] = picture
            return found[index]

        low, high = 0, len(packets)
        while high - low > 1:
            middle = at((low + high) // 2)
            if middle is None:
                break
            if difference(found[low], middle) >= difference(middle, found[high]):
                high = (low + high) // 2
            else:
                low = (low + high) // 2
        for index in range(max(low - NEIGHBOURS, 1), min(high + NEIGHBOURS + 1, len(packets))):
            at(index)
        return [replace(found[index], adjacent=index - 1 in found) for index in sorted(found) if index > 0]

    def _decode_alone(self, packet: Packet[Stream]) -> VideoFrame | None:
        codec = self._second_codec() if self._decoding_on else self._codec
        codec.flush_buffers()
        codec.skip_frame = "DEFAULT"
        frames = self._decode(packet, codec) or self._decode(None, codec)
        codec.flush_buffers()
        return frames[0] if frames else None

    def _second_codec(self) -> VideoCodecContext:
        """A decoder for keyframes while the first is in the middle of a gap."""
        if self._second is None:
            container = self._open.enter_context(open_container(self._path))
            self._second = self._prepared(_film_of(container, self._info))
        return self._second

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

    def _displayed(self, width: int, height: int, rotation: int) -> tuple[int, int]:
        """Display size, which a film changes seldom."""
        stored = width, height, rotation
        if stored != self._stored:
            self._stored = stored
            self._display = display_size(width, height, self._aspect, rotation)
        return self._display

    def _picture(self, frame: VideoFrame, *, adjacent: bool, keyframe: bool = False) -> Picture | None:
        if frame.pts is None:
            return None
        rotation = quarter_turns(frame.rotation)
        width, height = self._displayed(frame.width, frame.height, rotation)

        def scaled(to_width: int, to_height: int) -> NDArray[np.uint8]:
            size = (to_height, to_width) if rotation in (90, 270) else (to_width, to_height)
            reformatter = self._reformatters.setdefault(size, VideoReformatter())
            rgb = reformatter.reformat(frame, *size, format="rgb24", interpolation="AREA", threads=1)
            return np.rot90(np.asarray(rgb.to_ndarray(), np.uint8), rotation // 90)

        def thumbnail() -> NDArray[np.uint8]:
            rgb = self._thumbnailer.reformat(
                frame, THUMBNAIL_WIDTH, THUMBNAIL_HEIGHT, format="rgb24", interpolation="POINT", threads=1
            )
            return np.asarray(rgb.to_ndarray(), np.uint8)

        return Picture(
            seconds=self._clock.seconds(frame.pts),
            width=width,
            height=height,
            keyframe=keyframe,
            adjacent=adjacent,
            scaled=scaled,
            thumbnail=thumbnail,
        )


def _film_of(container: InputContainer, info: MediaInfo) -> VideoStream:
    film = container.streams[info.video_stream]
    assert isinstance(film, VideoStream)
    return film
