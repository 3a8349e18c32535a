"""What one snapshot of a library answers: both channels are scored, the best reranked, and fused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from mediaindex.search.answer import Question, RerankSummary
from mediaindex.search.channels.fusion import FusedMoment, fused
from mediaindex.search.channels.pictures import PictureChannel, PictureHit, Wanted
from mediaindex.search.hits import within_limits
from mediaindex.search.ranking.reranker import RerankedList, Reranker, Shortlist
from mediaindex.search.shown_frames import ShownMoment, with_frames
from mediaindex.store.catalog import fulltext, lookup
from mediaindex.store.catalog.fulltext import WordHit
from mediaindex.store.vectors.reader import SpaceReader

DEPTH = 64


@dataclass(frozen=True, slots=True, eq=False)
class Query:
    """A question with its vector, (D,), as the encoder gave it and unit; None where no picture can answer."""

    question: Question
    raw: NDArray[np.float32] | None = None
    unit: NDArray[np.float32] | None = None

    @property
    def depth(self) -> int:
        """How many of a channel's ranks count."""
        return max(DEPTH, self.question.limit)


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """What both channels rank, best first.

    Attributes:
        pictures: what scored the moments; None where no picture answers.
    """

    word_hits: Sequence[WordHit]
    picture_hits: Sequence[PictureHit] = ()
    pictures: PictureChannel | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """The moments that are shown, best first.

    Attributes:
        rerank: None where nothing was reranked.
    """

    moments: Sequence[ShownMoment]
    rerank: RerankSummary | None = None


def words_of(connection: sa.Connection, query: Query) -> Sequence[WordHit]:
    """What the words rank; none where only pictures may answer, or there is no text."""
    question = query.question
    if question.channel == "pictures" or question.text is None:
        return ()
    allowed = lookup.filtered_videos(connection, question.filters)
    return fulltext.find(connection, question.text, allowed, limit=query.depth, per_video=question.per_video)


def scored(connection: sa.Connection, query: Query, pictures: PictureChannel | None) -> Scored:
    """What both channels rank.

    Args:
        pictures: of the snapshot of the connection, None where no picture answers.
    """
    word_hits = words_of(connection, query)
    if pictures is None or query.unit is None:
        return Scored(word_hits)
    question = query.question
    filtered = lookup.filtered_videos(connection, question.filters)
    allowed = None if filtered is None else np.array(sorted(filtered), np.int64)
    told: dict[int, list[tuple[float, float]]] = {hit.video_id: [] for hit in word_hits}
    for hit in word_hits:
        if hit.start_seconds is not None and hit.end_seconds is not None:
            told[hit.video_id].append((hit.start_seconds, hit.end_seconds))
    wanted = Wanted(query.depth, question.per_video, question.min_similarity, question.without, told)
    similarity, error = pictures.similarities(query.unit, allowed, told)
    return Scored(word_hits, pictures.best_moments(query.unit, similarity, error, wanted), pictures)


def ranked(
    connection: sa.Connection,
    query: Query,
    found: Scored,
    reader: SpaceReader | None,
    reranker: Reranker | None = None,
) -> Ranking:
    """The moments that are shown.

    Args:
        reader: of the space, None where there is none. reranker: orders the best moments of a text anew.

    Raises:
        GeneratorUnavailable: the reranker cannot rank what this library holds.
    """
    picture_hits, summary = list(found.picture_hits), None
    if reranker is not None and reader is not None and found.pictures is not None:
        picture_hits, summary = _reranked(query, picture_hits, found.pictures, reader, reranker)
    best = {hit.moment.video_id: hit for hit in reversed(found.picture_hits)}
    word_videos = [hit.video_id for hit in found.word_hits]
    durations = lookup.durations(connection, [video for video in word_videos if video not in best])
    moments = fused(picture_hits[: query.depth], found.word_hits, best, durations)
    shown = within_limits(moments, limit=query.question.limit, per_video=query.question.per_video)
    return Ranking(_with_frames(connection, query, shown, found.pictures, reader), summary)


def _with_frames(
    connection: sa.Connection,
    query: Query,
    moments: Sequence[FusedMoment],
    pictures: PictureChannel | None,
    reader: SpaceReader | None,
) -> list[ShownMoment]:
    """The moments with the frames that show them: of the pictures the most similar one."""
    ids = {fused.moment.video_id for fused in moments}
    videos = {} if reader is None else lookup.indexed_videos(connection, reader.space.id, ids)
    ordinals: dict[int, int] = {}
    if pictures is not None and query.unit is not None:
        places = [fused.seen.place for fused in moments if fused.seen is not None]
        ordinals = dict(zip(places, pictures.best_frames(query.unit, places), strict=True))
    return with_frames(connection, moments, videos, ordinals)


def _reranked(
    query: Query,
    hits: list[PictureHit],
    pictures: PictureChannel,
    reader: SpaceReader,
    reranker: Reranker,
) -> tuple[list[PictureHit], RerankSummary | None]:
    """The best hits in the order of the reranker, then the others."""
    best, others = hits[: query.question.candidates], hits[query.question.candidates :]
    # A generator ranks by sentences: a picture's vector is no embedding of a text.
    if query.raw is None or query.question.text is None or not best:
        return hits, None
    places = np.array([hit.place for hit in best], np.intp)
    features = reader.features(pictures.space, places, evidence=reranker.reads_evidence)
    score = np.array([hit.moment.similarity for hit in best], dtype=np.float32)
    shortlist = Shortlist(
        query.question.text, query.raw, features.frames, features.mask, score, features.evidence
    )
    result = reranker.rerank(shortlist)
    return _in_order(best, result) + others, RerankSummary(len(best), result.none_probability)


def _in_order(hits: Sequence[PictureHit], reranked: RerankedList) -> list[PictureHit]:
    """The hits of a shortlist in their new order, each with its probability where there is one."""
    if reranked.probabilities is not None:
        shares = reranked.probabilities.tolist()
        hits = [replace(hit, probability=share) for hit, share in zip(hits, shares, strict=True)]
    return [hits[place] for place in reranked.order.tolist()]
