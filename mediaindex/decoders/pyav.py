"""The first decoder: FFmpeg's libraries through PyAV, one pass over the file, keyframes where they suffice.

Packets since the last picture given are kept (at most one gap of them), so that a stretch which turns
out to matter is decoded from memory: nothing ever seeks, which transport streams do wrongly.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import av.error
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from mediaindex.clock import PlayingClock
from mediaindex.containers import (
    CLOCK_MAY_RESTART,
    display_size,
    open_container,
    pixel_aspect,
    quarter_turns,
    start_seconds,
)
from mediaindex.decoders import Demand, Picture
from mediaindex.embedded_subtitles import SubtitleReader
from mediaindex.media import Cue, MediaInfo, Position

if TYPE_CHECKING:
    from numpy.typing import NDArray

POSITION_BYTES = 4 << 20
# A gap's packets that are kept; 3 s of 85 Mbit/s.
KEPT_BYTES = 32 << 20
NEIGHBOURS = 2


class PyavDecoder:
    """See `mediaindex.decoders.Decoder`."""

    def __init__(self, path: Path, info: MediaInfo, demand: Demand) -> None:
        self._path = path
        self._info = info
        self._demand = demand
        self.damaged_packets = 0
        self._clock = PlayingClock(0.0, may_restart=False)
        self._film: VideoStream
        # Packets from the last keyframe on, how many of them were not given as pictures, and, for
        # `between`, those from the keyframe before.
        self._kept: list[Packet] = []
        self._kept_bytes = 0
        self._unseen = 0
        self._gap: list[Packet] = []
        self._decoding_on = False
        self._only_keyframes = True
        self._last_seconds = float("-inf")
        self._reformatters: dict[tuple[int, int], VideoReformatter] = {}

    @property
    def end_seconds(self) -> float:
        return self._clock.end_seconds

    def scan(self) -> Iterator[Picture | Cue | Position]:
        with open_container(self._path) as container:
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

    def between(
        self, earlier: Picture, later: Picture, difference: Callable[[Picture, Picture], float]
    ) -> list[Picture]:
        packets = self._gap
        if len(packets) > 1 and all(packet.is_keyframe for packet in packets):
            return self._search(packets, earlier, later, difference)
        self._codec.flush_buffers()
        frames = [frame for packet in packets for frame in self._decode(packet)] + self._decode(None)
        self._codec.flush_buffers()
        pictures = [self._picture(frame, adjacent=True) for frame in frames]
        inside = [p for p in pictures if p and earlier.seconds < p.seconds < later.seconds]
        inside.sort(key=lambda picture: picture.seconds)
        return [*inside, replace(later, adjacent=True)]

    def _start(self, container: InputContainer) -> None:
        self._clock = PlayingClock(
            start_seconds(container), may_restart=bool(container.format.flags & CLOCK_MAY_RESTART)
        )
        film = container.streams[self._info.video_stream]
        assert isinstance(film, VideoStream)
        self._film = film
        self._codec = film.codec_context
        self._codec.thread_count = 1
        self._codec.options = {**self._codec.options, "max_pixels": str(self._demand.max_pixels)}

    def _packets(
        self, container: InputContainer, subtitles: SubtitleReader
    ) -> Iterator[Packet | Position]:
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

    def _film_packet(self, packet: Packet) -> Iterator[Picture]:
        if not packet.is_keyframe:
            self._only_keyframes = False
        if self._decoding_on:
            if packet.is_keyframe:
                yield from self._stop_decoding_on()
            else:
                yield from self._given(self._decode(packet))
                return
        if packet.is_keyframe and self._is_due(packet):
            yield from self._keyframe(packet)
        else:
            self._keep(packet)
        if self._is_gap_too_long(packet):
            yield from self._decode_on()

    def _keyframe(self, packet: Packet) -> Iterator[Picture]:
        frame = self._decode_alone(packet)
        if frame is None:
            # Hidden by an edit list, refreshed bit by bit, or damaged: its followers may still show.
            self._keep(packet)
            return
        closed = self._unseen == 0
        self._gap = self._take_kept()
        self._keep(packet)
        self._unseen = 0
        picture = self._picture(frame, adjacent=closed, keyframe=True)
        if picture is not None and picture.seconds > self._last_seconds:
            self._last_seconds = picture.seconds
            yield picture

    def _is_due(self, packet: Packet) -> bool:
        demand = self._demand
        seconds = demand.intra_seconds if self._only_keyframes else demand.independent_seconds
        return self._elapsed(packet) >= seconds

    def _is_gap_too_long(self, packet: Packet) -> bool:
        if len(self._kept) < 2:
            return False
        if self._only_keyframes:
            if self._kept_bytes > KEPT_BYTES:
                self._thin()
            return False
        return self._kept_bytes > KEPT_BYTES or self._elapsed(packet) > self._demand.gap_seconds

    def _elapsed(self, packet: Packet) -> float:
        """Seconds since the last picture given, infinite before the first or where no stamp tells."""
        if packet.pts is None or packet.time_base is None:
            return float("inf")
        return self._clock.seconds(packet.pts * packet.time_base) - self._last_seconds

    def _keep(self, packet: Packet) -> None:
        self._kept.append(packet)
        self._kept_bytes += packet.size
        self._unseen += 1

    def _take_kept(self) -> list[Packet]:
        kept, self._kept, self._kept_bytes, self._unseen = self._kept, [], 0, 0
        return kept

    def _thin(self) -> None:
        """Forget every second of many independent packets."""
        self._kept = self._kept[::2]
        self._kept_bytes = sum(packet.size for packet in self._kept)

    def _decode_on(self) -> Iterator[Picture]:
        """Decode what was kept and whatever comes, up to the next keyframe."""
        self._decoding_on = True
        self._codec.flush_buffers()
        for packet in self._take_kept():
            yield from self._given(self._decode(packet))

    def _stop_decoding_on(self) -> Iterator[Picture]:
        self._decoding_on = False
        yield from self._given(self._decode(None))
        self._codec.flush_buffers()

    def _finish(self) -> Iterator[Picture]:
        """The stretch after the last keyframe, which no further picture closes."""
        if self._only_keyframes and self._unseen:
            yield from self._keyframe(self._kept.pop())
            return
        if self._unseen:
            yield from self._decode_on()
        if self._decoding_on:
            yield from self._stop_decoding_on()

    def _given(self, frames: list[VideoFrame]) -> Iterator[Picture]:
        """Pictures of frames decoded one after another, without those that were given before."""
        for frame in frames:
            picture = self._picture(frame, adjacent=True)
            if picture is not None and picture.seconds > self._last_seconds:
                self._last_seconds = picture.seconds
                yield picture

    def _search(
        self,
        packets: list[Packet],
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
        return [
            replace(found[index], adjacent=index - 1 in found) for index in sorted(found) if index > 0
        ]

    def _decode_alone(self, packet: Packet) -> VideoFrame | None:
        self._codec.flush_buffers()
        frames = self._decode(packet) or self._decode(None)
        self._codec.flush_buffers()
        return frames[0] if frames else None

    def _decode(self, packet: Packet | None) -> list[VideoFrame]:
        try:
            return self._codec.decode(packet)
        except av.error.MemoryError:
            raise
        except EOFError:
            return []
        except av.error.FFmpegError:
            self.damaged_packets += 1
            return []

    def _picture(self, frame: VideoFrame, *, adjacent: bool, keyframe: bool = False) -> Picture | None:
        # PyAV gives no time base to frames that it drains.
        time_base = frame.time_base or self._film.time_base
        if frame.pts is None or time_base is None:
            return None
        rotation = quarter_turns(frame.rotation)
        width, height = display_size(frame.width, frame.height, pixel_aspect(self._film), rotation)

        def scaled(to_width: int, to_height: int) -> NDArray[np.uint8]:
            size = (to_height, to_width) if rotation in (90, 270) else (to_width, to_height)
            reformatter = self._reformatters.setdefault(size, VideoReformatter())
            rgb = reformatter.reformat(frame, *size, format="rgb24", interpolation="AREA")
            upright: NDArray[np.uint8] = np.rot90(rgb.to_ndarray(), rotation // 90)
            return upright

        return Picture(
            seconds=self._clock.seconds(frame.pts * time_base),
            width=max(width, 1),
            height=max(height, 1),
            keyframe=keyframe,
            adjacent=adjacent,
            scaled=scaled,
        )
