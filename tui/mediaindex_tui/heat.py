"""A question along a video as columns of a strip. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mediaindex_tui.messages import Strip


@dataclass(frozen=True, slots=True)
class Columns:
    """A strip of so many columns.

    Attributes:
        levels: of each column, 0 to 1; None where no frame was sampled and nothing is known.
        cuts: columns in which a shot begins.
    """

    levels: tuple[float | None, ...]
    cuts: frozenset[int]


def columns_of(strip: Strip, width: int) -> Columns:
    """The best score in each column; a column without a frame has that of the frame before."""
    best: list[float | None] = [None] * width
    lowest, highest = min(strip.scores, default=0.0), max(strip.scores, default=1.0)
    spread = highest - lowest or 1.0
    for second, score in zip(strip.seconds, strip.scores, strict=False):
        column = column_of(second, strip.duration, width)
        level = (score - lowest) / spread
        best[column] = max(best[column] or 0.0, level)
    last: float | None = None
    for column, best_level in enumerate(best):
        last = best[column] = last if best_level is None else best_level
    cuts = frozenset(column_of(cut, strip.duration, width) for cut in strip.cuts)
    return Columns(tuple(best), cuts if len(cuts) <= width // 4 else frozenset())


def column_of(second: float, duration: float, width: int) -> int:
    """The column in which a time lies."""
    if duration <= 0 or width <= 0:
        return 0
    return max(0, min(width - 1, int(second / duration * width)))


def second_of(column: int, duration: float, width: int) -> float:
    """The time in the middle of a column."""
    return (column + 0.5) / width * duration if width > 0 else 0.0


def bars(levels: Sequence[float | None], steps: str) -> str:
    """One character a column: the higher the level the higher the bar."""
    return "".join(
        " " if level is None else steps[min(len(steps) - 1, int(level * len(steps)))] for level in levels
    )


def next_of(seconds: Sequence[float], at: float, step: int) -> float | None:
    """The one of some times after or before another, for a `step` of 1 or -1; None where there is none."""
    later = sorted(second for second in seconds if (second - at) * step > 0.05)
    return (later[0] if step > 0 else later[-1]) if later else None
