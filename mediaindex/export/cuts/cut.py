"""A cut: so many frames of one source, and what is said of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from mediaindex.errors import UsageError
from mediaindex.export.cuts.grid import first_grid, grid_of, point_of
from mediaindex.export.cuts.source import Source
from mediaindex.export.cuts.timecode import TimecodeBase, is_drop_frame
from mediaindex.safe_text import format_seconds

Time = Fraction | str
"""Seconds from the container's start, or a timecode of the source."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A stretch of a source that is to be exported.

    Attributes:
        end: exclusive. is_typed: whether a person gave the bounds, which then must lie in the film.
        query: that it answers.
    """

    source: Source
    start: Time
    end: Time
    label: str
    note: str = ""
    score: float | None = None
    query: str | None = None
    is_typed: bool = False


@dataclass(frozen=True, slots=True)
class Cut:
    """Frames of a source, counted from 0 in the order in which they are shown.

    Attributes:
        first: the first frame. behind: the first one that is not shown.
    """

    source: Source
    first: int
    behind: int
    label: str
    note: str = ""
    score: float | None = None
    query: str | None = None

    @property
    def start_seconds(self) -> Fraction:
        """When the first frame is shown, from the container's start."""
        return self.source.clock.time_of(self.first)

    @property
    def end_seconds(self) -> Fraction:
        """When the last frame ends."""
        return self.source.clock.time_of(self.behind)

    @property
    def point_in(self) -> int:
        """The point of the source's grid at which the first frame is shown."""
        return point_of(self.source.clock, self.source.rate, self.first)

    @property
    def point_out(self) -> int:
        """The first point that shows no frame of the cut."""
        return point_of(self.source.clock, self.source.rate, self.behind)

    @property
    def length(self) -> int:
        """Points of the grid."""
        return self.point_out - self.point_in

    @property
    def timecode_in(self) -> str:
        """Of the first frame."""
        return self.source.base.text(self.source.start + self.point_in)

    @property
    def timecode_out(self) -> str:
        """Of the first frame that is not shown."""
        return self.source.base.text(self.source.start + self.point_out)


def cuts_of(wanted: Iterable[Wanted], *, handles: Fraction = Fraction(0)) -> list[Cut]:
    """The cuts, each on frames of its source, which is counted at a rate that tells them apart.

    Args:
        handles: seconds of more before and behind each, as far as the film has them.

    Raises:
        UsageError: bounds that were typed are no timecode of the source, or lie outside the film.
    """
    every = list(wanted)
    spans = [_span(one, handles) for one in every]
    of_source: dict[Path, list[tuple[int, int]]] = {}
    for one, span in zip(every, spans, strict=True):
        of_source.setdefault(one.source.path, []).append(span)
    # By its path: a clock of a million frames is not to be hashed.
    sources: dict[Path, Source] = {}
    for one in every:
        source = one.source
        if source.path not in sources:
            sources[source.path] = replace(source, rate=grid_of(source.clock, of_source[source.path]))
    return [
        Cut(sources[one.source.path], *span, one.label, one.note, one.score, one.query)
        for one, span in zip(every, spans, strict=True)
    ]


def _span(wanted: Wanted, handles: Fraction) -> tuple[int, int]:
    clock = wanted.source.clock
    start, end = (_seconds(wanted.source, time) for time in (wanted.start, wanted.end))
    if wanted.is_typed:
        _check(wanted, start, end)
    first, behind = clock.frames_between(start, end)
    if not handles:
        return first, behind
    return clock.frames_between(clock.time_of(first) - handles, clock.time_of(behind) + handles)


def _seconds(source: Source, time: Time) -> Fraction:
    """Seconds from the container's start.

    Raises:
        UsageError: the source has no such timecode.
    """
    if isinstance(time, Fraction):
        return time
    clock = source.clock
    rate = first_grid(clock)
    has_own = source.start_timecode is not None
    drop = is_drop_frame(source.start_timecode if source.start_timecode is not None else time)
    base = TimecodeBase.of(rate, drop=drop)
    try:
        count = base.count(time) - source.start_at(rate)
    except ValueError as error:
        raise UsageError(f"{source.path}: {error}") from None
    if count < 0 and count + base.frames_a_day < clock.count * rate / clock.rate:
        count += base.frames_a_day  # the film runs past midnight
    if count < 0 and has_own:
        raise UsageError(f"{source.path} begins at {source.start_timecode}, after {time}")
    return clock.time_of(0) + count / rate


def _check(wanted: Wanted, start: Fraction, end: Fraction) -> None:
    path, clock = wanted.source.path, wanted.source.clock
    if end <= start:
        start_shown, end_shown = _shown(wanted.start), _shown(wanted.end)
        raise UsageError(f"{path}: the cut ends at {end_shown}, not after its start {start_shown}")
    film_end = clock.time_of(clock.count)
    if start >= film_end:
        ends = format_seconds(float(film_end))
        raise UsageError(f"{path} ends at {ends}, before the cut starts at {_shown(wanted.start)}")


def _shown(time: Time) -> str:
    return time if isinstance(time, str) else format_seconds(float(time))


def rates_of(cuts: Sequence[Cut]) -> list[Fraction]:
    """The rates of the cuts, the lowest first."""
    return sorted({cut.source.rate for cut in cuts})
