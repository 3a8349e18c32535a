"""One thing after another in a video: segments of which each is similar to its part of a query, in time.

A sequence is as similar as the mean of its parts, which was chosen beside the least of them and beside
z-scores (docs/benchmarks/operators.md). The best one that begins with a segment follows from the best ones
that begin with the segments after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mediaindex.search.channels.moments import Moment
from mediaindex.search.channels.pictures import PictureHit, Wanted
from mediaindex.store.mapped.snapshot import SpaceSnapshot


@dataclass(frozen=True, slots=True, eq=False)
class Sequences:
    """The best sequence that begins with each segment.

    Attributes:
        similarity: (S,) the mean of its segments, -inf where none begins.
        following: for each part but the last, (S,) the place of the segment of the next part.
    """

    similarity: NDArray[np.float32]
    following: tuple[NDArray[np.intp], ...]

    def places(self, first: int) -> list[int]:
        """The segments of the sequence that begins with one."""
        places = [first]
        for following in self.following:
            places.append(int(following[places[-1]]))
        return places


def best_sequences(
    segments: NDArray[np.void],
    similarities: Sequence[NDArray[np.float32]],
    within_seconds: Sequence[float],
) -> Sequences:
    """The best sequences of a library.

    Args:
        segments: (S,) of `store.mapped.segments.SEGMENT`.
        similarities: for each part, (S,) of each segment, -inf for one that takes no part.
        within_seconds: for each part but the first, how long after the end of the segment before it begins.
    """
    total, following = similarities[-1], []
    for own, seconds in zip(reversed(similarities[:-1]), reversed(within_seconds), strict=True):
        best, place = _best_within(segments, total, seconds)
        total = own + best
        following.append(place)
    return Sequences(total / np.float32(len(similarities)), tuple(reversed(following)))


def sequence_hits(space: SpaceSnapshot, sequences: Sequences, wanted: Wanted) -> list[PictureHit]:
    """The best sequences that are wanted as hits, best first; those of one video share no segment."""
    hits: list[PictureHit] = []
    for video in space.best_videos(sequences.similarity, wanted.depth):
        own = _of_video(space, video, sequences, wanted.most)
        hits += [hit for hit in own if not wanted.excludes(hit.moment)]
    hits.sort(key=lambda hit: hit.moment.rank_key)
    return [replace(hit, instant_rank=rank) for rank, hit in enumerate(hits, 1)]


def _of_video(space: SpaceSnapshot, video: int, sequences: Sequences, most: int | None) -> list[PictureHit]:
    own = space.of_video(video)
    similarity = sequences.similarity[own.start : own.stop]
    taken: set[int] = set()
    hits: list[PictureHit] = []
    for offset in np.argsort(-similarity, kind="stable").tolist():
        if len(hits) == most or similarity[offset] == -np.inf:
            break
        parts = tuple(sequences.places(own.start + offset))
        if taken.isdisjoint(range(parts[0], parts[-1] + 1)):
            taken.update(range(parts[0], parts[-1] + 1))
            first, last = space.segments[parts[0]], space.segments[parts[-1]]
            moment = Moment(
                video,
                int(first["id"]),
                float(first["start"]),
                float(last["end"]),
                float(similarity[offset]),
            )
            hits.append(PictureHit(moment, parts[0], 0, parts=parts))
    return hits


def _best_within(
    segments: NDArray[np.void], values: NDArray[np.float32], seconds: float
) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """For each segment the best of those that begin so soon after its end, and its place; else -inf."""
    places = np.arange(len(segments))
    behind = _behind(segments, seconds)
    best, chosen = np.full(len(segments), -np.inf, np.float32), places.copy()
    open_ = places[:-1]
    step = 1
    while len(open_ := open_[open_ + step < behind[open_]]):
        value = values[open_ + step]
        is_better = value > best[open_]
        best[open_[is_better]] = value[is_better]
        chosen[open_[is_better]] = open_[is_better] + step
        step += 1
    return best, chosen


def _behind(segments: NDArray[np.void], seconds: float) -> NDArray[np.intp]:
    """For each segment the place behind the last one of its video that begins so soon after its end."""
    if not len(segments):
        return np.empty(0, np.intp)
    start, end = segments["start"], segments["end"]
    video = np.cumsum(np.diff(segments["generation"], prepend=segments["generation"][:1]) != 0)
    # Times of all videos on one axis: those of each lie above those of the one before.
    axis = 2.0 * (float(end.max()) + seconds + 1.0)
    return np.searchsorted(start + axis * video, end + seconds + axis * video, side="right")
