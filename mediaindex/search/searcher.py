"""The read corridor: text → query vector → candidates → scores → (reranked) → fused moments → hits.

Two channels answer: the pictures (vectors of one embedding space) and the words (names, tags,
subtitles). They are fused by reciprocal rank: score = Σ 1 / (60 + rank), each channel ranking alone. What
limits the moments of one video comes before what limits a channel, so that no video crowds out the others.

`search` embeds the query and makes the hits. Between the two, `_find`, `_score` and `_rerank` run in one
snapshot of the library; each ends by calling the next.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from mediaindex.embed.encoder import Encoder
from mediaindex.search.answer import Answer, Question, RerankSummary
from mediaindex.search.fusion import FusedMoment, PictureHit, fused, overlaps
from mediaindex.search.hits import hits_of
from mediaindex.search.moments import Moment, moments_of, scored_segments, within_each_video
from mediaindex.search.ranking.reranker import RerankedList, Reranker, Shortlist
from mediaindex.search.similarity import unit
from mediaindex.search.timings import Stopwatch, started_watch
from mediaindex.store.catalog import fulltext, lookup
from mediaindex.store.catalog.fulltext import Correction, WordAnswer, WordHit
from mediaindex.store.catalog.lookup import FrameSpan, IndexedVideo
from mediaindex.store.library import Library
from mediaindex.store.vectors.reader import SpaceReader, consistent
from mediaindex.store.vectors.spaces import Space

CANDIDATE_VIDEOS = 512
DEPTH = 64
ANN_ROWS = 1_000_000


@dataclass(frozen=True, slots=True, eq=False)
class _Query:
    """A question with its vector, (D,), as the encoder gave it and unit; None where no picture can answer."""

    question: Question
    raw: NDArray[np.float32] | None = None
    unit: NDArray[np.float32] | None = None

    @property
    def depth(self) -> int:
        """How many of a channel's ranks count."""
        return max(DEPTH, self.question.limit)


@dataclass(frozen=True, slots=True, eq=False)
class _Candidates:
    """What may answer.

    Attributes:
        allowed: the videos that pass the filters, None for all.
        words: what the words rank, best first.
        videos: those whose frames come nearest, and those of the word hits.
    """

    allowed: set[int] | None
    words: WordAnswer
    videos: Mapping[int, IndexedVideo]


@dataclass(frozen=True, slots=True, eq=False)
class _Ranking:
    """What one snapshot of the library answers.

    Attributes:
        moments: best first. videos: of the moments. rerank: None where nothing was reranked.
        corrected: words of the query that were replaced.
    """

    moments: Sequence[FusedMoment]
    videos: Mapping[int, IndexedVideo]
    rerank: RerankSummary | None
    watch: Stopwatch
    corrected: tuple[Correction, ...]


class Searcher:
    """Answers queries on one library; keeps the space and the networks in memory between them.

    Args:
        space: that serves the pictures; None in a library without any.
        encoder: of the space; None where no text is embedded.
        reranker: orders the best moments of a text anew; None leaves them as they are.
        ann_rows: vectors from which on LanceDB's index finds the candidates.

    Attributes:
        reader: the vectors of the space, None without one.
    """

    def __init__(
        self,
        library: Library,
        space: Space | None,
        encoder: Encoder | None,
        *,
        reranker: Reranker | None = None,
        ann_rows: int = ANN_ROWS,
    ) -> None:
        self.library = library
        self.encoder = encoder
        self.reranker = reranker
        self.space = space
        self.reader = None if space is None else SpaceReader(library, space, ann_rows=ann_rows)

    def search(self, question: Question) -> Answer:
        """The moments that answer, best first.

        Raises:
            StoreError: the library is damaged.
            GeneratorUnavailable: the reranker cannot rank what this library holds.
        """
        watch = started_watch()
        query = self._embedded(question)
        encoded = watch.lap("encode")
        ranking = consistent(self.library, lambda connection: self._find(connection, query, encoded))
        reranked = ranking.rerank is not None
        hits = hits_of(self.library, ranking.moments, ranking.videos, question, reranked=reranked)
        timings = ranking.watch.lap("moments").durations_ms()
        return Answer(hits, ranking.rerank, timings, ranking.corrected)

    def _embedded(self, question: Question) -> _Query:
        if question.channel == "words" or self.reader is None:
            return _Query(question)
        vector = question.vector
        if vector is None and question.text is not None and self.encoder is not None:
            vector = self.encoder.texts([question.text]).pooled[0]
        return _Query(question, vector, None if vector is None else unit(vector))

    def _find(self, connection: sa.Connection, query: _Query, watch: Stopwatch) -> _Ranking:
        """The videos that may answer; `_score` goes on with them."""
        question, reader = query.question, self.reader
        allowed = lookup.filtered_videos(connection, question.filters)
        words = WordAnswer([])
        if question.channel != "pictures" and question.text is not None:
            words = fulltext.answer(
                connection, question.text, allowed, limit=query.depth, per_video=question.per_video
            )
        videos: Mapping[int, IndexedVideo] = {}
        if reader is not None:
            video_ids = {hit.video_id for hit in words.hits}
            if query.unit is not None:
                video_ids.update(reader.nearest(connection, query.unit, allowed, CANDIDATE_VIDEOS))
            videos = lookup.indexed_videos(connection, reader.space.id, video_ids)
        return self._score(query, _Candidates(allowed, words, videos), watch.lap("candidates"))

    def _score(self, query: _Query, candidates: _Candidates, watch: Stopwatch) -> _Ranking:
        """The moments of the candidates by similarity; `_rerank` goes on with them."""
        moments: list[Moment] = []
        if self.reader is not None and query.unit is not None:
            videos, blend = candidates.videos.values(), self.reader.space.blend
            frames = self.reader.frames({video.generation: video.vectors for video in videos})
            for video in videos:
                segments = scored_segments(video, frames[video.generation], query.unit, blend)
                moments += moments_of(video, segments)
        moments = [moment for moment in moments if not _is_example(moment, query.question.without)]
        moments.sort(key=lambda moment: (-_similarity(moment), moment.video_id, moment.start_seconds))
        return self._rerank(query, candidates, moments, watch.lap("score"))

    def _rerank(
        self, query: _Query, candidates: _Candidates, moments: Sequence[Moment], watch: Stopwatch
    ) -> _Ranking:
        """The best moments in the order of the reranker, then the others, fused with what the words rank."""
        question, videos = query.question, candidates.videos
        answering = [moment for moment in moments if _may_answer(moment, question, candidates.allowed)]
        ranked = [PictureHit(moment, rank) for rank, moment in enumerate(answering, 1)]
        pictures = _within_each_video(ranked, candidates.words.hits, question.per_video)
        best, others = pictures[: question.candidates], pictures[question.candidates :]
        reader, reranker, text, summary = self.reader, self.reranker, question.text, None
        # A generator ranks by sentences: a picture's vector is no embedding of a text.
        if reader and reranker and query.raw is not None and text is not None and best:
            spans = [_best_segment(hit.moment, videos) for hit in best]
            features = reader.segments(spans, evidence=reranker.reads_evidence)
            score = np.array([hit.moment.similarity for hit in best], dtype=np.float32)
            shortlist = Shortlist(text, query.raw, features.frames, features.mask, score, features.evidence)
            reranked = reranker.rerank(shortlist)
            pictures = _in_order(best, reranked) + others
            summary = RerankSummary(len(best), reranked.none_probability)
            watch = watch.lap("rerank")
        best_of_video = {moment.video_id: moment for moment in reversed(moments)}
        fused_moments = fused(pictures[: query.depth], candidates.words.hits, videos, best_of_video)
        return _Ranking(fused_moments, videos, summary, watch, candidates.words.corrected)


def _similarity(moment: Moment) -> float:
    return moment.similarity or 0.0


def _is_example(moment: Moment, example: tuple[int, float | None] | None) -> bool:
    """Whether a moment shows what the search was given as (video, seconds)."""
    if example is None or moment.video_id != example[0]:
        return False
    seconds = example[1]
    return seconds is None or moment.start_seconds <= seconds <= moment.end_seconds


def _may_answer(moment: Moment, question: Question, allowed: set[int] | None) -> bool:
    """Whether a moment is similar enough, in an allowed video."""
    least = -np.inf if question.min_similarity is None else question.min_similarity
    return _similarity(moment) >= least and (allowed is None or moment.video_id in allowed)


def _within_each_video(
    hits: Sequence[PictureHit], word_hits: Sequence[WordHit], per_video: int | None
) -> list[PictureHit]:
    """The best hits of each video, and those where its words were said, so that both channels meet there."""
    said: dict[int, list[WordHit]] = {}
    for word_hit in word_hits:
        if word_hit.start_seconds is not None:
            said.setdefault(word_hit.video_id, []).append(word_hit)
    best = within_each_video(hits, lambda hit: hit.moment.video_id, per_video)
    ranks = {hit.instant_rank for hit in best}
    return [
        hit
        for hit in hits
        if hit.instant_rank in ranks
        or any(overlaps(hit.moment, cue) for cue in said.get(hit.moment.video_id, ()))
    ]


def _best_segment(moment: Moment, videos: Mapping[int, IndexedVideo]) -> FrameSpan:
    """The frames of the segment that gave a moment its similarity."""
    video = videos[moment.video_id]
    row = next(row for row in video.segments if row.id == moment.segment_id)
    return FrameSpan(video.generation, row.first_frame, len(row.frames))


def _in_order(hits: Sequence[PictureHit], reranked: RerankedList) -> list[PictureHit]:
    """The hits of a shortlist in their new order, each with its probability where there is one."""
    if reranked.probabilities is not None:
        shares = reranked.probabilities.tolist()
        hits = [replace(hit, probability=share) for hit, share in zip(hits, shares, strict=True)]
    return [hits[place] for place in reranked.order.tolist()]
