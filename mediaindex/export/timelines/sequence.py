"""Cuts one behind the other on one timeline, which has one rate, whatever rates the sources have."""

from __future__ import annotations

import math
from collections.abc import Sequence as Several
from dataclasses import dataclass
from fractions import Fraction

from mediaindex.export.cuts.cut import Cut, rates_of
from mediaindex.export.cuts.source import Shape, Source
from mediaindex.export.cuts.timecode import TimecodeBase

HALF = Fraction(1, 2)


@dataclass(frozen=True, slots=True)
class Placed:
    """A cut on the timeline: from frame `start` of it up to frame `end`, which is not shown."""

    cut: Cut
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """A timeline that starts at 00:00:00:00.

    Attributes:
        rate: the highest of the sources' rates, so that a length in frames of the timeline, which is rounded,
            still tells one frame of each source from the next.
        sources: each once, in the order of their first cuts.
    """

    rate: Fraction
    placed: tuple[Placed, ...]
    sources: tuple[Source, ...]

    @property
    def base(self) -> TimecodeBase:
        """How its frames are counted."""
        drop = any(source.rate == self.rate and source.base.drop for source in self.sources)
        return TimecodeBase.of(self.rate, drop=drop)

    @property
    def shape(self) -> Shape:
        """That of the first source."""
        return self.sources[0].shape

    @property
    def length(self) -> int:
        """In frames."""
        return self.placed[-1].end

    @property
    def channels(self) -> int:
        """Of the source with the most."""
        return max(source.channels for source in self.sources)

    @property
    def sample_rate(self) -> int:
        """Samples a second of the first source with sound."""
        return next((one.sample_rate for one in self.sources if one.sounds), self.sources[0].sample_rate)


def timeline_of(cuts: Several[Cut]) -> Timeline:
    """The cuts in their order, without gaps."""
    rate = rates_of(cuts)[-1]
    placed: list[Placed] = []
    start = 0
    for cut in cuts:
        length = max(math.floor(cut.length * rate / cut.source.rate + HALF), 1)
        placed.append(Placed(cut, start, start + length))
        start += length
    sources = {cut.source.target: cut.source for cut in cuts}
    return Timeline(rate, tuple(placed), tuple(sources.values()))
