"""How long each step of one search took."""

from __future__ import annotations

import itertools
import time
from typing import NamedTuple

STEPS = ("encode", "candidates", "score", "rerank", "moments")


class Stopwatch(NamedTuple):
    """A watch that is never set back: `lap` gives another one, which knows one step more.

    Attributes:
        started_ms: when the search began, on a clock that only runs forward.
        laps_ms: (step, end of the step), in the order in which the steps ran.
    """

    started_ms: float
    laps_ms: tuple[tuple[str, float], ...] = ()

    def lap(self, step: str) -> Stopwatch:
        """The watch after a step that ends now; steps are those of `STEPS`."""
        return self._replace(laps_ms=(*self.laps_ms, (step, now_ms())))

    def durations_ms(self) -> dict[str, float | None]:
        """Milliseconds of every step, None for one that did not run, and `total`."""
        ends = [self.started_ms, *(end for _step, end in self.laps_ms)]
        durations = [end - start for start, end in itertools.pairwise(ends)]
        took = dict(zip((step for step, _end in self.laps_ms), durations, strict=True))
        return {step: took.get(step) for step in STEPS} | {"total": ends[-1] - ends[0]}


def started_watch() -> Stopwatch:
    """A watch that begins now."""
    return Stopwatch(now_ms())


def now_ms() -> float:
    """A clock for durations, in milliseconds."""
    return time.perf_counter() * 1000.0
