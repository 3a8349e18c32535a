"""The frames of the shot that is being read, held until it is known which of them stay.

Of a shot of up to 30 s at most 12 evenly spread frames stay; of a longer one, frames 2.5 s apart, and the
first alone of what stands still in it for more than 30 s: a slide that stands for an hour is one frame. So
what is held is bounded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mediaindex.decode.sampling.segments import thin
from mediaindex.decode.sampling.shot_boundaries import Histogram
from mediaindex.decode.sampling.stillness import Cells, show_the_same
from mediaindex.media import SEGMENT_FRAMES, SEGMENT_SECONDS, SampledFrame

# Frames of a long shot are at least this far apart: then no 30 s of it hold more than 12.
SPARSE_SECONDS = SEGMENT_SECONDS / SEGMENT_FRAMES


@dataclass(frozen=True, slots=True)
class Candidate:
    """A frame that may stay.

    Attributes:
        histogram: of the picture, by which it is told whether the film has moved on.
        cells: of the picture, by which it is told whether anything has changed.
    """

    frame: SampledFrame
    histogram: Histogram
    cells: Cells

    @property
    def seconds(self) -> float:
        """Time of the frame."""
        return self.frame.seconds


class ShotFrames:
    """Frames in ascending time, shot by shot."""

    def __init__(self) -> None:
        self._held: list[Candidate] = []
        self._start_seconds = 0.0
        self._is_long = False
        self._still: list[Candidate] = []  # of a long shot: the newest frames, which show the same
        self._last_settled_seconds: float | None = None
        self._finished_cuts = 0

    def hold(self, candidate: Candidate) -> None:
        """Take the next candidate."""
        self._held.append(candidate)

    def last_seconds(self, candidate: Candidate) -> float:
        """Until when the frames that stay tell what is seen, where `candidate` is the last one held."""
        return candidate.seconds if self._last_settled_seconds is None else self._last_settled_seconds

    def settled(self, cuts: Sequence[float]) -> Iterator[SampledFrame]:
        """Frames that stay: those of shots that ended, and of the running one if it is long.

        Args:
            cuts: all shot boundaries so far, those of earlier calls included.
        """
        for cut in cuts[self._finished_cuts :]:
            yield from self._end(cut)
        self._finished_cuts = len(cuts)
        if self._held and self._held[-1].seconds - self._start_seconds > SEGMENT_SECONDS:
            self._is_long = True
            # The newest may be the first of the next shot, which is known a few pictures later.
            yield from self._sparse(self._held[:-1])
            self._held = self._held[-1:]

    def finish(self, cuts: Sequence[float]) -> Iterator[SampledFrame]:
        """The frames that stay of all that is held."""
        yield from self.settled(cuts)
        yield from self._end(float("inf"))

    def _end(self, cut: float) -> Iterator[SampledFrame]:
        inside = [candidate for candidate in self._held if candidate.seconds < cut]
        self._held = self._held[len(inside) :]
        if self._is_long:
            yield from self._sparse(inside)
            yield from self._end_still()
        else:
            kept = thin([candidate.seconds for candidate in inside], SEGMENT_FRAMES)
            yield from (inside[i].frame for i in kept)
        self._start_seconds, self._is_long, self._last_settled_seconds = cut, False, None

    def _sparse(self, candidates: Sequence[Candidate]) -> Iterator[SampledFrame]:
        for candidate in candidates:
            settled = self._last_settled_seconds
            if settled is not None and candidate.seconds - settled < SPARSE_SECONDS:
                continue
            self._last_settled_seconds = candidate.seconds
            if self._still and not show_the_same(self._still[0].cells, candidate.cells):
                yield from self._end_still()
            self._still.append(candidate)
            if _stands_long(self._still):
                del self._still[1:-1]

    def _end_still(self) -> Iterator[SampledFrame]:
        kept = self._still[:1] if _stands_long(self._still) else self._still
        self._still = []
        yield from (candidate.frame for candidate in kept)


def _stands_long(still: Sequence[Candidate]) -> bool:
    return bool(still) and still[-1].seconds - still[0].seconds > SEGMENT_SECONDS
