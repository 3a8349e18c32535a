"""Sentences with known answers, asked of a library as a search asks: ranks in both directions.

text → videos: a sentence ranks the videos by their best moment. videos → text: by the same similarities a
video ranks the videos that have sentences, each by its best sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mediaindex.learn.evaluation.benchmark_rankings import Numbers, RankedQueries
from mediaindex.learn.evaluation.library_queries import KnownAnswer
from mediaindex.learn.evaluation.metrics import (
    DEPTHS,
    average_precision,
    best_of_group,
    ranks,
    temporal_iou,
)
from mediaindex.search.answer import Answer, Hit, Question
from mediaindex.search.searcher import Searcher

# Of a larger library no more videos are listed for a sentence; what comes behind counts as the next one.
LISTED = 2000


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """What a library answered to Q sentences.

    Attributes:
        similarity: (Q, V) of the best moment of each video, −inf for one that was not listed.
        order: (Q,) videos before the right one as they were listed, from 0.
        overlap: (Q,) of the best moment of the right video with the stretch that is meant, 0..1; NaN where
            the whole video is meant, 0 where the video was not listed.
        first: (Q,) the moment that was listed first; None where nothing was.
        found: (Q,) the best moment of the right video; None where it was not listed.
        milliseconds: (Q,) of each search, without the encoding of its sentence, which may be remembered; that
            of the first for a sentence that was asked before.
        before: (Q, 50) columns of the videos that were listed before the right one, −1 behind the last.
    """

    similarity: NDArray[np.float32]
    order: Numbers
    overlap: Numbers
    first: tuple[Hit | None, ...]
    found: tuple[Hit | None, ...]
    milliseconds: Numbers
    before: NDArray[np.int32]


def ask(
    searcher: Searcher,
    answers: Sequence[KnownAnswer],
    videos: Sequence[int],
    *,
    corrects_hubs: bool = False,
    candidates: int = 64,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Asked:
    """Ask every sentence, by pictures alone: a caption's own words would find it at once.

    Args:
        searcher: with a reranker where one is to order the best moments.
        answers: about some of the videos. videos: the gallery, ids.
        corrects_hubs, candidates: as in `Question`.

    Raises:
        StoreError, GeneratorUnavailable: see `Searcher.search`.
    """
    column = {video: number for number, video in enumerate(videos)}
    similarity = np.full((len(answers), len(videos)), -np.inf, np.float32)
    order, overlap = np.empty(len(answers)), np.full(len(answers), np.nan)
    milliseconds = np.empty(len(answers))
    before = np.full((len(answers), DEPTHS[-1]), -1, np.int32)
    first: list[Hit | None] = []
    found: list[Hit | None] = []
    known: dict[str, Answer] = {}
    for row, answer in enumerate(answers):
        progress(row, len(answers))
        if answer.text not in known:
            question = Question(
                answer.text,
                limit=min(len(videos), LISTED),
                per_video=1,
                channel="pictures",
                candidates=candidates,
                corrects_hubs=corrects_hubs,
                thumbnails=False,
            )
            known[answer.text] = searcher.search(question)
        hits = known[answer.text].hits
        for hit in hits:
            if hit.video_id in column and hit.similarity is not None:
                similarity[row, column[hit.video_id]] = hit.similarity
        place = next((n for n, hit in enumerate(hits) if hit.video_id == answer.video_id), None)
        order[row] = len(hits) if place is None else place
        listed = [column[hit.video_id] for hit in hits[:place] if hit.video_id in column][: DEPTHS[-1]]
        before[row, : len(listed)] = listed
        found.append(None if place is None else hits[place])
        first.append(hits[0] if hits else None)
        overlap[row] = _overlap(answer, found[row])
        timings = known[answer.text].timings_ms
        milliseconds[row] = (timings["total"] or 0.0) - (timings["encode"] or 0.0)
    progress(len(answers), len(answers))
    return Asked(similarity, order, overlap, tuple(first), tuple(found), milliseconds, before)


def by_similarity(asked: Asked, answers: Sequence[KnownAnswer], videos: Sequence[int]) -> list[RankedQueries]:
    """The ranks of both directions by similarity; videos that are as similar count as before the right one.

    Without videos → text where not all videos were listed.
    """
    column = {video: number for number, video in enumerate(videos)}
    right = np.array([column[answer.video_id] for answer in answers], np.intp)
    instant = _one_right("instant", ranks(asked.similarity, right), right, len(videos))
    found = [instant.scored_by(asked.similarity, right)]
    if len(videos) > LISTED:
        return found
    asking, group = np.unique(right, return_inverse=True)
    score = asked.similarity[:, asking].T
    several = len(asking) < len(right)
    best, own = best_of_group(score, group), np.arange(len(asking))
    places = ranks(best, own)
    precisions = np.array([average_precision(row, group == number) for number, row in enumerate(score)])
    of_videos = RankedQueries("v2t", "instant", places, precisions, asking, len(asking), several)
    return [*found, of_videos.scored_by(best, own)]


def as_listed(
    asked: Asked, answers: Sequence[KnownAnswer], videos: Sequence[int], ranking: str
) -> RankedQueries:
    """The ranks of text → videos in the order in which a search lists them."""
    column = {video: number for number, video in enumerate(videos)}
    right = np.array([column[answer.video_id] for answer in answers], np.intp)
    return replace(_one_right(ranking, asked.order, right, len(videos)), before=asked.before)


def _one_right(ranking: str, places: Numbers, right: NDArray[np.intp], gallery: int) -> RankedQueries:
    return RankedQueries("t2v", ranking, places, 1.0 / (1.0 + places), right, gallery, False)


def _overlap(answer: KnownAnswer, hit: Hit | None) -> float:
    if answer.stretch is None:
        return float("nan")
    return 0.0 if hit is None else temporal_iou((hit.start_seconds, hit.end_seconds), answer.stretch)
