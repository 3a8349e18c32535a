"""When each frame of a film is shown: by the container's index, else by the stamps of its packets.

Runs inside the sandbox. Nothing is decoded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import av.error
from av.container import InputContainer
from av.video.stream import VideoStream

from mediaindex.decode.container.opening import CLOCK_MAY_RESTART, open_container, start_seconds
from mediaindex.decode.container.reading import packets
from mediaindex.decode.container.timeline import PlayingClock
from mediaindex.decode.frame_rate import fits, standard_rate
from mediaindex.decode.sandbox.wire import MAX_STAMPS
from mediaindex.errors import DecodeError
from mediaindex.media import FrameTimes, MediaInfo, Position

PACKETS_A_SIGN = 10_000
READ_WHOLE_BYTES = 2 << 30
"""A larger file with an even rate, by its headers and first packets, is not read from end to end."""


def frame_times(path: Path, info: MediaInfo) -> Iterator[Position | FrameTimes]:
    """Signs of life, and the times of the film's frames last.

    Raises:
        DecodeError: no packet of the film has a time, or it has more frames than can be told.
    """
    with open_container(path) as container:
        film = container.streams[info.video_stream]
        assert isinstance(film, VideoStream)
        known = _by_index(container, film, info) or _by_headers(container, film, info, path)
        if known is not None:
            yield known
            return
        yield from _by_packets(container, film, _told_rate(info))


def _by_index(container: InputContainer, film: VideoStream, info: MediaInfo) -> FrameTimes | None:
    """By MP4's table of all frames, where these come at even times.

    The table has the times of decoding. They are those of showing, moved, unless the rate varies.
    """
    if "mp4" not in container.format.name.split(",") or info.variable_rate is not False or not film.frames:
        return None
    entries = [entry for entry in film.index_entries if not entry.is_discard]
    stamps = [entry.timestamp for entry in entries]
    if len(film.index_entries) != film.frames or film.start_time is None:
        return None
    tick = _tick(film)
    rate = even_rate(stamps, tick, _told_rate(info))
    if rate is None:
        return None
    first = film.start_time - _container_start(container, tick)
    return _times(container, tick, first, first + round(len(stamps) / rate / tick), len(stamps), rate)


def _by_headers(
    container: InputContainer, film: VideoStream, info: MediaInfo, path: Path
) -> FrameTimes | None:
    """By what the headers say, of a file that would take minutes to read."""
    rate, tick = _told_rate(info), _tick(film)
    if rate is None or info.film_start is None or info.duration_seconds is None:
        return None
    if path.stat().st_size < READ_WHOLE_BYTES:
        return None
    begins = Fraction(info.film_start)
    length = film.duration * tick if film.duration else Fraction(info.duration_seconds) - begins
    count = max(int(length * rate), 1)
    first = round(begins / tick)
    return _times(container, tick, first, first + round(count / rate / tick), count, rate)


def _by_packets(
    container: InputContainer, film: VideoStream, told: Fraction | None
) -> Iterator[Position | FrameTimes]:
    tick = _tick(film)
    start = start_seconds(container)
    clock = PlayingClock(tick, start, may_restart=bool(container.format.flags & CLOCK_MAY_RESTART))
    stamps: set[int] = set()
    last_stamp = last_length = 0
    seen_key = False
    try:
        for number, packet in enumerate(packets(container, [film])):
            clock.follow(packet)
            seen_key = seen_key or packet.is_keyframe
            if packet.pts is None or not seen_key or packet.is_discard:
                continue  # what comes before the first keyframe cannot be decoded
            stamps.add(packet.pts)
            if packet.pts >= last_stamp:
                last_stamp, last_length = packet.pts, packet.duration or 0
            if number % PACKETS_A_SIGN == 0:
                yield Position(max(packet.pos or 0, 0), max(clock.end_seconds, 0.0))
    except av.error.MemoryError:
        raise
    except av.error.FFmpegError:
        pass  # as far as it can be read
    if not stamps:
        raise DecodeError("no packet of the film tells when it is shown")
    if len(stamps) > MAX_STAMPS:
        raise DecodeError(f"it has more than {MAX_STAMPS} frames")
    offset = _container_start(container, tick)
    shown = sorted(stamp - offset for stamp in stamps)
    rate = even_rate(shown, tick, told)
    length = last_length or (shown[-1] - shown[-2] if len(shown) > 1 else round(Fraction(1, 25) / tick))
    every = () if rate is not None else tuple(shown)
    yield _times(container, tick, shown[0], shown[-1] + length, len(shown), rate, every)


def even_rate(stamps: Sequence[int], tick: Fraction, told: Fraction | None = None) -> Fraction | None:
    """The rate of frames that are shown at even times, as exactly as ticks can say; None where they are not.

    Args:
        stamps: ascending.
        told: what the headers and the first frames say; right where all frames fit it.
    """
    if len(stamps) < 2 or stamps[-1] <= stamps[0]:
        return told if len(stamps) == 1 else None
    mean = (len(stamps) - 1) / ((stamps[-1] - stamps[0]) * tick)
    times = [stamp * tick for stamp in stamps]
    return next(
        (rate for rate in (told, standard_rate(mean), mean) if rate and fits(times, rate, tick)), None
    )


def _times(
    container: InputContainer,
    tick: Fraction,
    first: int,
    end: int,
    count: int,
    rate: Fraction | None,
    stamps: tuple[int, ...] = (),
) -> FrameTimes:
    start = Fraction(container.start_time or 0, av.time_base)
    return FrameTimes(tick, start, first, end, count, rate, stamps)


def _told_rate(info: MediaInfo) -> Fraction | None:
    return Fraction(info.frame_rate) if info.frame_rate is not None and info.variable_rate is False else None


def _tick(film: VideoStream) -> Fraction:
    return film.time_base or Fraction(1, av.time_base)


def _container_start(container: InputContainer, tick: Fraction) -> int:
    """The container's clock at its start, in the film's ticks."""
    return round(Fraction(container.start_time or 0, av.time_base) / tick)
