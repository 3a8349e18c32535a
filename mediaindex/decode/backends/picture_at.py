"""The pictures of a film one by one: up to a time, from the keyframe before it; or all of them.

Where a seek cannot be trusted (a clock that starts again, a wrong index), the packets are read from the
film's start to find that keyframe, which costs a small part of decoding them.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Generator, Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import av.error
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream

from mediaindex.decode.backends.decoder import Picture
from mediaindex.decode.backends.pyav import POSITION_BYTES, film_of
from mediaindex.decode.backends.pyav_picture import PictureMaker
from mediaindex.decode.container.film_codec import alpha_is_padding, bounded_codec
from mediaindex.decode.container.opening import CLOCK_MAY_RESTART, open_container, pixel_aspect, start_seconds
from mediaindex.decode.container.reading import packets, packets_from
from mediaindex.decode.container.timeline import PlayingClock
from mediaindex.media import MediaInfo, Position


def pictures_until(
    path: Path, info: MediaInfo, seconds: float, *, max_pixels: int
) -> Iterator[Picture | Position]:
    """Pictures in ascending time from the keyframe before a time to the first picture after it.

    Of a film that ends before, those from its last keyframe on. Positions are given while packets are read.

    Args:
        max_pixels: larger pictures are not decoded.

    Raises:
        ProbeError: the file cannot be opened, or its disk gives nothing.
    """
    with open_container(path) as container:
        film = _Film(container, info, max_pixels)
        if not film.clock_may_restart:
            pictures = film.pictures(packets_from(container, film.stream, seconds), seconds)
            first = next(pictures, None)
            if first is not None and first.seconds <= seconds:
                yield first
                yield from pictures
                return
    with open_container(path) as container:
        keyframe = yield from _Film(container, info, max_pixels).keyframe_before(seconds)
    with open_container(path) as container:
        film = _Film(container, info, max_pixels)
        yield from film.pictures(packets(container, [film.stream]), seconds, skipped=keyframe)


def every_picture(path: Path, info: MediaInfo, *, max_pixels: int) -> Iterator[Picture]:
    """All pictures of a film in ascending time, as far as it can be read.

    Args:
        max_pixels: larger pictures are not decoded.

    Raises:
        ProbeError: the file cannot be opened, or its disk gives nothing.
    """
    with open_container(path) as container:
        film = _Film(container, info, max_pixels)
        yield from film.pictures(packets(container, [film.stream]), math.inf)


class _Film:
    """An opened film, read once."""

    def __init__(self, container: InputContainer, info: MediaInfo, max_pixels: int) -> None:
        self._container = container
        self.stream = film_of(container, info)
        self.clock_may_restart = bool(container.format.flags & CLOCK_MAY_RESTART)
        self._codec = bounded_codec(self.stream, max_pixels)
        opaque = alpha_is_padding(container, self.stream)
        self._maker = PictureMaker(pixel_aspect(self.stream), opaque=opaque)
        self._clock = PlayingClock(
            self.stream.time_base or Fraction(1, av.time_base),
            start_seconds(container),
            may_restart=self.clock_may_restart,
        )

    def pictures(
        self, source: Iterable[Packet[Stream]], seconds: float, *, skipped: int = 0
    ) -> Iterator[Picture]:
        """Pictures to the first one after a time.

        Args:
            skipped: so many packets are not decoded.
        """
        for packet in itertools.islice(self._followed(source), skipped, None):
            for picture in self._decoded(packet):
                yield picture
                if picture.seconds > seconds:
                    return
        yield from self._decoded(None)

    def keyframe_before(self, seconds: float) -> Generator[Position, None, int]:
        """How many packets lie before the last keyframe that is not after a time, as the returned value."""
        found = reported = 0
        for number, packet in enumerate(self._followed(packets(self._container, [self.stream]))):
            stamp = packet.dts if packet.dts is not None else packet.pts
            if stamp is not None and self._clock.seconds(stamp) > seconds:
                break
            if packet.is_keyframe:
                found = number
            if packet.pos is not None and packet.pos >= reported + POSITION_BYTES:
                reported = packet.pos
                yield Position(reported)
        return found

    def _followed(self, source: Iterable[Packet[Stream]]) -> Iterator[Packet[Stream]]:
        try:
            for packet in source:
                if packet.size:
                    self._clock.follow(packet)
                    yield packet
        except av.error.MemoryError:
            raise
        except av.error.FFmpegError:
            return  # as far as it can be read

    def _decoded(self, packet: Packet[Stream] | None) -> Iterator[Picture]:
        try:
            frames = self._codec.decode(packet)
        except av.error.MemoryError:
            raise
        except (av.error.FFmpegError, EOFError):
            return
        for frame in frames:
            if frame.pts is not None:
                yield self._maker.picture(frame, self._clock.seconds(frame.pts), adjacent=False)
