"""Moments: stretches of a video that answer. What only words find needs no numpy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, TypeVar

Item = TypeVar("Item")


class Moment(NamedTuple):
    """A stretch of a video that answers, in seconds.

    Attributes:
        segment_id: of its best segment, None where the video is not indexed.
        similarity: of its best segment, None where only words found it.
        score: what it is put in order by, None where that is its similarity.
    """

    video_id: int
    segment_id: int | None
    start_seconds: float
    end_seconds: float
    similarity: float | None
    score: float | None = None

    @property
    def rank_key(self) -> tuple[float, int, float]:
        """What moments that the pictures found are sorted by."""
        value = self.similarity if self.score is None else self.score
        return (-(value or 0.0), self.video_id, self.start_seconds)


def within_each_video(
    items: Iterable[Item], video_of: Callable[[Item], int], per_video: int | None
) -> Iterator[Item]:
    """The first `per_video` items of each video in their order, None for any number."""
    counts: dict[int, int] = {}
    for item in items:
        video_id = video_of(item)
        counts[video_id] = counts.get(video_id, 0) + 1
        if per_video is None or counts[video_id] <= per_video:
            yield item
