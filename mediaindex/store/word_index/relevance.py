"""What a match counts, by where a word stands and among how many; and the matches of the best videos."""

from __future__ import annotations

import functools
import heapq
from collections.abc import Container, Mapping, Sequence
from typing import Any

TOKENS_OF_A_PLACE = 6
"""A name or line of so many is neither short nor long."""
FIELD_WEIGHTS = {
    "title": 0.8,
    "name": 1.0,
    "tag": 0.8,
    "caption": 0.8,
    "subtitle": 0.7,
    "folder": 0.6,
    "camera": 0.3,
}
"""What the BM25 of a word counts by where it stands; docs/benchmarks/words.md says how they were chosen."""


@functools.cache
def saturation(length: int) -> float:
    """What BM25 makes of a word that stands once among so many, of which nobody repeats any."""
    return 2.2 / (1 + 1.2 * (0.25 + 0.75 * length / TOKENS_OF_A_PLACE))


def files_of_best_videos(rows: Sequence[Any], videos: int) -> list[Any]:
    """Of the rows (video, field, length) about files that hold one word, those of the best so many videos.

    A common word stands in ten thousand names, of which sixty are shown.
    """
    shortest: dict[tuple[int, str], int] = {}
    for video_id, where, length in rows:
        key = video_id, where
        if length < shortest.get(key, length + 1):
            shortest[key] = length
    relevance: dict[int, float] = {}
    told: dict[int, bool] = {}
    for (video_id, where), length in shortest.items():
        relevance[video_id] = relevance.get(video_id, 0.0) + FIELD_WEIGHTS[where] * saturation(length)
        told[video_id] = told.get(video_id, False) or where != "camera"
    best = _best({video: (told[video], score) for video, score in relevance.items()}, videos)
    return [row for row in rows if row[0] in best]


def cues_of_best_videos(rows: Sequence[Any], videos: int) -> list[Any]:
    """The same of the rows (video, cue, field, length) of cues."""
    scores: dict[int, float] = {}
    for video_id, _cue, where, length in rows:
        score = FIELD_WEIGHTS[where] * saturation(length)
        if score > scores.get(video_id, 0.0):
            scores[video_id] = score
    best = _best(scores, videos)
    return [row for row in rows if row[0] in best]


def _best(scores: Mapping[int, Any], videos: int) -> Container[int]:
    """Of equal ones those that came first."""
    return set(heapq.nlargest(videos, scores, key=lambda video: (scores[video], -video)))
