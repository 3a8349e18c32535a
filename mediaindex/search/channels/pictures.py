"""The picture channel: a query vector → the most similar moments of a space, best first.

Where hubs are corrected, moments are put in order by their similarity less a share of their segment's hub,
and keep their similarity.

Every segment is scored from half-precision cosines; the videos with the best segments are scored again in
single precision where it counts. Of a few allowed segments, single precision is all there is. Above the
memory bound, LanceDB's index names the frames whose segments are scored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mediaindex.search.channels.moments import Moment
from mediaindex.search.channels.runs import ScoredVideo, joined
from mediaindex.search.channels.similarity import (
    HALF_PRECISION,
    best_frames,
    exact_similarities,
    unit,
)
from mediaindex.store.mapped.scores import SegmentScorer
from mediaindex.store.mapped.segments import ranges
from mediaindex.store.mapped.snapshot import SpaceSnapshot

Near = Callable[[NDArray[np.float32]], NDArray[np.intp]]
HUB_SHARE = 0.5
"""So much of a segment's hub is taken off its similarity: docs/benchmarks/hubs.md."""
SAMPLE = 2048
"""So many segments say well enough whether a library answers a sentence at all."""
EXACT_FRAMES = 4096
EXACT_SHARE = 1 / 32
"""Where no more frames than these, or than this share of all, may answer, half precision is left out: reading
these alone costs less than all of them at memory speed."""


@dataclass(frozen=True, slots=True)
class PictureHit:
    """A moment that the pictures rank.

    Attributes:
        place: of its best segment in the space.
        instant_rank: before reranking, from 1.
        probability: that a generator gives it, None without one.
        parts: of a sequence, the segment of each part, by its place in the space.
    """

    moment: Moment
    place: int
    instant_rank: int
    probability: float | None = None
    parts: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which moments a question wants.

    Attributes:
        depth: how many at least, where there are so many.
        per_video: of one video, None for any number.
        min_similarity: they need at least this.
        without: (video, seconds) of an example, which is no answer; seconds None for the whole video.
        told: lines of videos whose words are looked for, (start, end): the moment there is wanted too,
            however many of its video are better. A video without lines here is looked at in any case.
        corrects_hubs: whether segments that are near to every sentence stand back, where the space has hubs.
    """

    depth: int
    per_video: int | None = None
    min_similarity: float | None = None
    without: tuple[int, float | None] | None = None
    told: Mapping[int, Sequence[tuple[float, float]]] = field(default_factory=dict)
    corrects_hubs: bool = False

    def excludes(self, moment: Moment) -> bool:
        """Whether a moment is not similar enough, or shows the example."""
        if self.min_similarity is not None and (moment.similarity or 0.0) < self.min_similarity:
            return True
        if self.without is None or self.without[0] != moment.video_id:
            return False
        seconds = self.without[1]
        return seconds is None or moment.start_seconds <= seconds <= moment.end_seconds

    @property
    def most(self) -> int | None:
        """How many moments of one video are looked at; None for all."""
        if self.corrects_hubs and self.min_similarity is not None:
            return None  # the first in order may be too little similar, and a later one not
        # More than are shown: the example may be among them, twice where two moments meet in it.
        return self.depth if self.per_video is None else self.per_video + 2 * (self.without is not None)


class PictureChannel:
    """Scores the segments of one snapshot of a space.

    Args:
        blend: w of the similarity, 0..1.
        near: finds the segments that may be the most similar to a unit vector, where there are too many to
            score them all.
    """

    def __init__(self, space: SpaceSnapshot, *, blend: float, near: Near | None = None) -> None:
        self.space = space
        self.blend = blend
        self._hubs = None if space.hubs is None else np.float32(HUB_SHARE) * space.hubs.values
        self._near = near
        self._joined = joined(space.segments)
        self._shown = space.is_shown(None)
        self._frames_shown = int(space.segments["frames"][self._shown].sum())
        self._scorer: SegmentScorer | None = None
        self._sample: NDArray[np.float32] | None = None

    def similarities(
        self,
        query: NDArray[np.float32],
        allowed: NDArray[np.int64] | None = None,
        told: Iterable[int] = (),
    ) -> tuple[NDArray[np.float32], float]:
        """(S,) of every segment, -inf for those that may not be seen; and by how much each may be off.

        Args:
            query: (D,) unit. allowed: only segments of these videos, None for all.
            told: videos that are scored in any case.
        """
        if self._near is not None and allowed is None:
            of_told = [place for video in told for place in self.space.of_video(video)]
            near = np.union1d(self._near(query), np.array(of_told, np.intp))
            return self.exact(query, near), 0.0
        shown, frames = self._shown, self._frames_shown
        if allowed is not None:
            shown = self.space.is_shown(allowed)
            frames = int(self.space.segments["frames"][shown].sum())
        if frames <= max(EXACT_FRAMES, EXACT_SHARE * self.space.rows):
            return self.exact(query, np.flatnonzero(shown)), 0.0
        values = self.of_library(query)
        if allowed is not None:
            values[~shown] = -np.inf
        return values, HALF_PRECISION

    def scores_all(self, allowed: NDArray[np.int64] | None) -> bool:
        """Whether `similarities` looks at every segment that may answer, not at what an index finds."""
        return self._near is None or allowed is not None

    def ordering(self, similarity: NDArray[np.float32], *, corrects_hubs: bool) -> NDArray[np.float32]:
        """(S,) by which segments are put in order: their similarity, less their hubs where these count."""
        if self._hubs is None or not corrects_hubs:
            return similarity
        less: NDArray[np.float32] = np.subtract(similarity, self._hubs, dtype=np.float32)
        return less

    def of_library(self, query: NDArray[np.float32]) -> NDArray[np.float32]:
        """(S,) similarity of every segment in half precision, -inf for those that may not be seen."""
        if self._scorer is None:
            self._scorer = SegmentScorer.of(self.space.segments)
        values = self._scorer.similarities(self.space.cosines(query), blend=self.blend)
        values[~self._shown] = -np.inf
        return values

    def exact(self, query: NDArray[np.float32], places: NDArray[np.intp]) -> NDArray[np.float32]:
        """(S,) of some segments in single precision, -inf for the others."""
        values = np.full(len(self.space), -np.inf, np.float32)
        if len(places):
            values[places] = exact_similarities(self.space, places, query, blend=self.blend)
        return values

    def best_moments(
        self, query: NDArray[np.float32], similarity: NDArray[np.float32], error: float, wanted: Wanted
    ) -> list[PictureHit]:
        """The moments that are wanted, best first.

        Args:
            query: (D,) unit. similarity, error: of `similarities`.
        """
        videos = self._videos(similarity, error, wanted)
        scored = self._scored(videos, similarity, wanted)
        least = _least(scored, wanted) - 2 * error
        if error:
            similarity = self.exact(query, _counting(scored, error, wanted, least))
            scored = self._scored(videos, similarity, wanted)
        moments = []
        for own in scored:
            runs = own.runs(wanted.most, least=least, told=wanted.told.get(own.video_id, ()))
            moments += [(own.moment(run), own.first + run.best) for run in runs]
        moments = [pair for pair in moments if not wanted.excludes(pair[0])]
        moments.sort(key=lambda pair: pair[0].rank_key)
        return [PictureHit(moment, place, rank) for rank, (moment, place) in enumerate(moments, 1)]

    def best_of_sample(self, queries: NDArray[np.float32]) -> NDArray[np.float32]:
        """(Q,) how similar the mean frame of one segment is at the most, of `SAMPLE` spread over the library.

        Args:
            queries: (Q, D) unit.
        """
        if self._sample is None:
            shown = np.flatnonzero(self._shown)
            places = np.linspace(0, len(shown) - 1, min(len(shown), SAMPLE)).round().astype(np.intp)
            self._sample = self.mean_frames(shown[places])
        best: NDArray[np.float32] = (queries @ self._sample.T).max(axis=1, initial=-1.0)
        return best

    def mean_frames(self, places: NDArray[np.intp]) -> NDArray[np.float32]:
        """(K, D) unit, the mean frame of some segments."""
        table = self.space.segments[places]
        rows = self.space.take(ranges(table["row"], table["frames"]))
        if not len(places):
            return rows
        counts = table["frames"].astype(np.intp)
        # The mean of a segment has the direction of its sum.
        return unit(np.add.reduceat(rows, np.cumsum(counts) - counts, axis=0))

    def best_frames(self, query: NDArray[np.float32], places: Sequence[int]) -> list[int]:
        """The ordinal of the most similar frame in each of some segments.

        Args:
            query: (D,) unit. places: of the segments in the space.
        """
        return best_frames(self.space, places, query)

    def _videos(self, similarity: NDArray[np.float32], error: float, wanted: Wanted) -> list[int]:
        """The videos that hold the moments that are wanted: each of these is in one with a better segment."""
        hubs = self._hubs_of(wanted)
        values = similarity if hubs is None else similarity - hubs
        if hubs is not None and wanted.min_similarity is not None:
            values = np.where(similarity < wanted.min_similarity - error, -np.inf, values)
        found = self.space.best_videos(values, wanted.depth + 1, 2 * error)
        told = [video for video in wanted.told if video not in found]
        hidden = wanted.without[0] if wanted.without is not None and wanted.without[1] is None else None
        return [video for video in [*found, *told] if video != hidden]

    def _scored(
        self, videos: Sequence[int], similarity: NDArray[np.float32], wanted: Wanted
    ) -> list[ScoredVideo]:
        hubs = self._hubs_of(wanted)
        found = []
        for video in videos:
            own = self.space.of_video(video)
            part = slice(own.start, own.stop)
            own_hubs = None if hubs is None else hubs[part]
            found.append(
                ScoredVideo(
                    video,
                    own.start,
                    self.space.segments[part],
                    self._joined[part],
                    similarity[part],
                    own_hubs,
                )
            )
        return found

    def _hubs_of(self, wanted: Wanted) -> NDArray[np.float32] | None:
        return self._hubs if wanted.corrects_hubs else None


def _least(videos: Sequence[ScoredVideo], wanted: Wanted) -> float:
    """What the best segment of a wanted moment has at least: so many videos have one that has it.

    Where words are looked for too, every moment of these videos has its rank.
    """
    if wanted.told or wanted.min_similarity is not None or len(videos) <= wanted.depth:
        return -np.inf
    return float(min(video.values.max() for video in videos[: wanted.depth + 1]))


def _counting(videos: Sequence[ScoredVideo], error: float, wanted: Wanted, least: float) -> NDArray[np.intp]:
    """The segments on which the moments of these videos depend, ascending."""
    counting: set[int] = set()
    for video in videos:
        told = wanted.told.get(video.video_id, ())
        places = video.may_count(wanted.most, least=least - 2 * error, told=told, error=error)
        counting.update(video.first + place for place in places)
    return np.array(sorted(counting), np.intp)
