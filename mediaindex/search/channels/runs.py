"""Runs of neighbouring segments that answer a query: they make the best moments of each video.

The best segment of a video makes a moment of itself and of the segments on both sides that answer nearly as
well and look alike; the best of those that are left makes the next, and so on.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mediaindex.search.channels.moments import Moment

# A segment joins a moment where its similarity is at most this share below that of the moment's best,
MARGIN = 0.1
# where the cosine between its mean frame and that of the segment beside it is at least this,
LEAST_COSINE = 0.9
# and where at most this much time lies between them.
GAP_SECONDS = 0.05
SORTED_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring segments of one video, `first` to `last`, with the one that made the run."""

    best: int
    first: int
    last: int

    @property
    def segments(self) -> range:
        """All of them."""
        return range(self.first, self.last + 1)


@dataclass(frozen=True, slots=True, eq=False)
class ScoredVideo:
    """The segments of one video, in order of time, with their similarities.

    Attributes:
        first: the place of its first segment in the space.
        segments: (S,) of `store.mapped.segments.SEGMENT`.
        joined: (S,) whether each may be of one moment with the next.
        similarity: (S,), -inf for a segment that does not take part.
        hubs: (S,) what is taken off the similarity where segments are put in order, None for nothing.
    """

    video_id: int
    first: int
    segments: NDArray[np.void]
    joined: NDArray[np.bool_]
    similarity: NDArray[np.float32]
    hubs: NDArray[np.float32] | None = None

    @property
    def values(self) -> NDArray[np.float32]:
        """(S,) what segments are put in order by, -inf for one that does not take part."""
        return self.similarity if self.hubs is None else self.similarity - self.hubs

    def runs(
        self, most: int | None, *, least: float = -np.inf, told: Iterable[tuple[float, float]] = ()
    ) -> list[Run]:
        """The runs of the best moments, best first, then further ones where something is told.

        Args:
            most: how many of the best, None for all. least: those whose best segment has less are left out.
            told: (start, end) of lines whose words are looked for.
        """
        scores = _Scores.of(self)
        values, joined = scores.values, scores.joined
        run_of: dict[int, Run] = {}
        runs: list[Run] = []
        for place in self._best_first(least=least):
            if len(runs) == most:
                break
            if place not in run_of:
                runs.append(_run_of(place, scores, run_of))
                run_of.update(dict.fromkeys(runs[-1].segments, runs[-1]))
        heard = (max(places, key=values.__getitem__) for line in told if (places := self._heard(line)))
        for awaited in sorted(set(heard), key=lambda place: (-values[place], place)):
            # No run goes beyond the segments that are joined: those around decide alone.
            for place in self._best_first(among=_joined_around(awaited, joined)):
                if awaited in run_of:
                    break
                if place not in run_of:
                    run = _run_of(place, scores, run_of)
                    run_of.update(dict.fromkeys(run.segments, run))
            if run_of[awaited] not in runs:
                runs.append(run_of[awaited])
        return runs

    def may_count(
        self,
        most: int | None,
        *,
        least: float = -np.inf,
        told: Iterable[tuple[float, float]] = (),
        error: float,
    ) -> set[int]:
        """The segments on which `runs` depends where every similarity may be off by `error`."""
        scores = _Scores.of(self)
        values, joined = scores.values, scores.joined
        slack = (2 + MARGIN) * error  # of a neighbour and of the least that it needs
        certain: set[int] = set()  # in the run of a better segment, however the errors fall
        possible: set[int] = set()
        bests: list[float] = []
        for place in self._best_first(least=least):
            if most is not None and len(bests) >= most and values[place] < bests[most - 1] - 2 * error:
                break
            if place in certain:
                continue
            if place not in possible:
                bests.append(values[place])
                # What may be of another run, or better than this segment, may cut its run short.
                ceiling = values[place] - 2 * error
                certain.update(_run_of(place, scores, possible, slack=-slack, ceiling=ceiling).segments)
            possible.update(_run_of(place, scores, slack=slack).segments)
        of_told = (_joined_around(place, joined) for line in told for place in self._heard(line))
        return possible.union(*of_told)

    def _best_first(self, *, least: float = -np.inf, among: range | None = None) -> Iterator[int]:
        """The segments that take part and have `least` at least.

        Most callers need few, so that not all are sorted at once.
        """
        all_values = self.values
        own = all_values if among is None else all_values[among.start : among.stop]
        takes_part = own > -np.inf if least == -np.inf else own >= np.float32(least)
        places = np.flatnonzero(takes_part) + (0 if among is None else among.start)
        while len(places):
            values = all_values[places]
            is_next = np.full(len(places), True)
            if len(places) > SORTED_AT_ONCE:
                is_next = values >= -np.partition(-values, SORTED_AT_ONCE)[SORTED_AT_ONCE]
            following = places[is_next]
            yield from following[np.argsort(-values[is_next], kind="stable")].tolist()
            places = places[~is_next]

    def moment(self, run: Run) -> Moment:
        """The moment of a run."""
        return Moment(
            video_id=self.video_id,
            segment_id=int(self.segments["id"][run.best]),
            start_seconds=float(self.segments["start"][run.first]),
            end_seconds=float(self.segments["end"][run.last]),
            similarity=float(self.similarity[run.best]),
            score=None if self.hubs is None else float(self.values[run.best]),
        )

    def _heard(self, line: tuple[float, float]) -> list[int]:
        """The segments that take part and are shown while a line is."""
        start, end = line
        heard = (self.segments["start"] < end) & (start < self.segments["end"])
        return np.flatnonzero(heard & (self.similarity > -np.inf)).tolist()


def joined(segments: NDArray[np.void]) -> NDArray[np.bool_]:
    """(S,) whether each segment looks like the next one and ends where that one begins."""
    found = segments["likeness"] >= LEAST_COSINE  # never so for the last one of a video
    found[:-1] &= segments["start"][1:] - segments["end"][:-1] <= GAP_SECONDS
    return found


def _joined_around(place: int, joined: Sequence[bool]) -> range:
    """The segments that are joined to one, directly or by others, and itself."""
    first = last = place
    while first > 0 and joined[first - 1]:
        first -= 1
    while joined[last]:
        last += 1
    return range(first, last + 1)


@dataclass(frozen=True, slots=True)
class _Scores:
    """The columns of a `ScoredVideo` as views whose single numbers are read fast, and copied by nobody.

    Attributes:
        values: what its segments are put in order by.
        joined: whether each may be of one moment with the next.
    """

    values: Sequence[float]
    joined: Sequence[bool]
    _similarity: Sequence[float]

    @classmethod
    def of(cls, video: ScoredVideo) -> _Scores:
        return cls(_view(video.values), _view(video.joined), _view(video.similarity))

    def least(self, best: int) -> float:
        """What the neighbours of a segment need to join it."""
        return self.values[best] - MARGIN * abs(self._similarity[best])


def _view(column: NDArray[Any]) -> Sequence[Any]:
    view: Sequence[Any] = np.ascontiguousarray(column).data
    return view


def _run_of(
    best: int,
    scores: _Scores,
    taken: Container[int] = (),
    *,
    slack: float = 0.0,
    ceiling: float = np.inf,
) -> Run:
    """The run that a segment makes.

    Args:
        taken: segments of other runs.
        slack: by so much more may a neighbour be less similar. ceiling: it may be this similar at the most.
    """
    values, joined = scores.values, scores.joined
    least = scores.least(best) - slack

    def joins(place: int) -> bool:
        return place not in taken and least <= values[place] <= ceiling

    first = last = best
    while first > 0 and joined[first - 1] and joins(first - 1):
        first -= 1
    while joined[last] and joins(last + 1):
        last += 1
    return Run(best, first, last)
