"""Cuts of films that nobody wrote, for what only counts."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from mediaindex.export.cuts.clock import EvenClock, StampedClock
from mediaindex.export.cuts.cut import Cut
from mediaindex.export.cuts.grid import first_grid, grid_of
from mediaindex.export.cuts.source import Shape, Sound, Source

SQUARE = Shape(1920, 1080)
STEREO = (Sound(2, 48_000),)


def plain_source(
    path: str = "/films/a.mov", rate: Fraction | int = 25, count: int = 100_000, **values: Any
) -> Source:
    """A film with an even rate, or one that varies (`stamps`, in milliseconds)."""
    stamps = values.pop("stamps", None)
    clock: EvenClock | StampedClock = EvenClock(Fraction(rate), Fraction(values.pop("begins", 0)), count)
    if stamps is not None:
        clock = StampedClock(tuple(stamps), Fraction(1, 1000), stamps[-1] + 40)
    given = {"target": path, "start_timecode": None, "shape": SQUARE, "sounds": STEREO} | values
    return Source(path=Path(path), clock=clock, rate=first_grid(clock), **given)


def plain_cut(source: Source, first: int, behind: int, label: str = "a moment", **values: Any) -> Cut:
    """A cut of these frames, whose source is counted so that they can be told."""
    source = replace(source, rate=grid_of(source.clock, [(first, behind)]))
    return Cut(source, first, behind, label, **values)
