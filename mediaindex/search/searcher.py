"""The read corridor: text → query vector → candidates → scores → (reranked) → moments → hits.

Two channels answer: the pictures (vectors of one embedding space) and the words (names, tags,
subtitles). They are fused by reciprocal rank: score = Σ 1 / (60 + rank), each channel ranking alone.
"""

from __future__ import annotations

import itertools
import logging
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np
import platformdirs
import sqlalchemy as sa
from numpy.typing import NDArray

from mediaindex.embed.encoder import Encoder
from mediaindex.errors import StoreError
from mediaindex.search.fusion import (
    FusedMoment,
    PictureHit,
    fused,
)
from mediaindex.search.moments import (
    Moment,
    moments_of,
    scored_segments,
)
from mediaindex.search.ranking.reranker import (
    CANDIDATES,
    Reranker,
    Shortlist,
)
from mediaindex.search.similarity import unit
from mediaindex.sources.path_tree import lies_below
from mediaindex.store.catalog import fulltext, lookup
from mediaindex.store.catalog.lookup import (
    Filters,
    FrameSpan,
    IndexedVideo,
    Place,
)
from mediaindex.store.library import Library
from mediaindex.store.thumbnails import thumbnail, trim
from mediaindex.store.vectors.reader import (
    SpaceReader,
    consistent,
    now_ms,
)
from mediaindex.store.vectors.spaces import Space

logger = logging.getLogger(__name__)

CANDIDATE_VIDEOS = 512
DEPTH = 64
ANN_ROWS = 1_000_000
PER_VIDEO = 3

Channel = Literal["pictures", "words", "both"]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. One of `text` and `vector` at least.

    Attributes:
        vector: (D,) an image's or a moment's embedding, in place of the text's.
        channel: which channels may answer.
        candidates: how many of the best moments a reranker orders anew, by their best segments.
        per_video: moments of one video at the most, None for all.
        min_similarity: moments of the pictures below it are left out.
        without: (video, seconds) that is asked about and not to be found; no seconds: all of it.
    """

    text: str | None = None
    vector: NDArray[np.float32] | None = None
    limit: int = 10
    per_video: int | None = PER_VIDEO
    channel: Channel = "both"
    filters: Filters = field(default_factory=Filters)
    min_similarity: float | None = None
    candidates: int = CANDIDATES
    without: tuple[int, float | None] | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """One moment of the answer; field names are those of the JSON."""

    rank: int
    path: str
    online: bool
    volume: str
    channel: Channel
    words: list[dict[str, str]] | None
    start_seconds: float
    end_seconds: float
    best_seconds: float
    score: float
    similarity: float | None
    generated_probability: float | None
    confidence: float | None
    segment_id: int | None
    thumbnail: str | None
    instant_rank: int | None


@dataclass(frozen=True, slots=True)
class RerankSummary:
    """What the second ranking of a search came to.

    Attributes:
        candidates: moments that were ordered anew.
        none_probability: that none of them is what was asked for, None without a calibration.
    """

    candidates: int
    none_probability: float | None


@dataclass(frozen=True, slots=True)
class Answer:
    """Hits, best first, and where the time went (milliseconds).

    Attributes:
        second: None where nothing was ranked a second time.
    """

    hits: tuple[Hit, ...]
    second: RerankSummary | None
    timings_ms: dict[str, float | None]


@dataclass(frozen=True, slots=True, eq=False)
class _Query:
    """A query's vector as the encoder gave it, and unit."""

    raw: NDArray[np.float32]
    unit: NDArray[np.float32]


class Searcher:
    """Answers queries on one library; keeps the space and the networks in memory between them.

    Args:
        encoder: of the serving space; None where only words are asked for.
        reranker: ranks the best moments of a text a second time; None leaves them as they are.
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
        self._reader = None if space is None else SpaceReader(library, space, ann_rows=ann_rows)

    def search(self, question: Question) -> Answer:
        """The moments that answer, best first.

        Raises:
            StoreError: the library is damaged.
            GeneratorUnavailable: the reranker cannot rank what this library holds.
        """
        times = {"start": now_ms()}
        query = self._query(question)
        times["encode"] = now_ms()
        found, videos, second = consistent(self.library, lambda c: self._find(c, question, query, times))
        hits = self._hits(found, videos, question, reranked=second is not None)
        times["moments"] = now_ms()
        return Answer(tuple(hits), second, _durations(times))

    def vector_of(self, video_id: int, seconds: float | None) -> NDArray[np.float32] | None:
        """What is stored of a video, (D,): its mean frame, or the frame nearest to a time.

        None where the video has no vectors.
        """
        if self._reader is None:
            return None
        reader = self._reader

        def read(connection: sa.Connection) -> tuple[NDArray[np.float32] | None]:
            video = lookup.indexed_videos(connection, reader.space.id, [video_id]).get(video_id)
            if video is None:
                return (None,)
            frames = reader.frames({video.generation: video.vectors})[video.generation]
            if seconds is None:
                return (unit(frames.mean(axis=0)),)
            _segment, ordinal, _time = video.frame_at(seconds)
            return (frames[ordinal],)

        return consistent(self.library, read)[0]

    def _query(self, question: Question) -> _Query | None:
        if question.channel == "words" or self._reader is None:
            return None
        if question.vector is not None:
            return _Query(question.vector, unit(question.vector))
        if question.text is None or self.encoder is None:
            return None
        pooled = self.encoder.texts([question.text]).pooled[0]
        return _Query(pooled, unit(pooled))

    def _find(
        self, connection: sa.Connection, question: Question, query: _Query | None, times: dict[str, float]
    ) -> tuple[list[FusedMoment], dict[int, IndexedVideo], RerankSummary | None]:
        allowed = lookup.filtered_videos(connection, question.filters)
        said = []
        if question.channel != "pictures" and question.text is not None:
            said = fulltext.find(connection, question.text, allowed)[: _depth(question)]
        direction = None if query is None else query.unit
        videos = self._candidates(connection, direction, allowed, {hit.video_id for hit in said})
        times["candidates"] = now_ms()
        moments = [] if direction is None else self._moments(videos, direction, question.without)
        times["score"] = now_ms()
        seen, second = self._ranked(_answering(moments, question, allowed), videos, question, query)
        if second is not None:
            times["rerank"] = now_ms()
        best = {moment.video_id: moment for moment in reversed(moments)}
        return fused(seen[: _depth(question)], said, videos, best), videos, second

    def _ranked(
        self,
        moments: Sequence[Moment],
        videos: dict[int, IndexedVideo],
        question: Question,
        query: _Query | None,
    ) -> tuple[list[PictureHit], RerankSummary | None]:
        """The moments in their final order: the reranked first, then the others by similarity."""
        seen = [PictureHit(moment, rank) for rank, moment in enumerate(moments, 1)]
        chosen, rest = seen[: question.candidates], seen[question.candidates :]
        reader, reranker, text = self._reader, self.reranker, question.text
        # a generator ranks by sentences: a picture's vector is no embedding of a text
        if reader is None or reranker is None or query is None or text is None or not chosen:
            return seen, None
        spans = [_span(videos[one.moment.video_id], one.moment) for one in chosen]
        held = reader.segments(spans, evidence=reranker.reads_evidence)
        score = np.array([one.moment.similarity for one in chosen], dtype=np.float32)
        made = reranker.rerank(Shortlist(text, query.raw, held.frames, held.mask, score, held.evidence))
        if made.probabilities is not None:
            told = made.probabilities.tolist()
            chosen = [replace(one, probability=share) for one, share in zip(chosen, told, strict=True)]
        ordered = [chosen[place] for place in made.order.tolist()]
        return ordered + rest, RerankSummary(len(chosen), made.none_probability)

    def _candidates(
        self,
        connection: sa.Connection,
        query: NDArray[np.float32] | None,
        allowed: set[int] | None,
        named: set[int],
    ) -> dict[int, IndexedVideo]:
        """The videos whose frames come nearest, and those that the words name."""
        if self._reader is None:
            return {}
        wanted = set(named)
        if query is not None:
            wanted.update(self._reader.nearest(connection, query, allowed, CANDIDATE_VIDEOS))
        return lookup.indexed_videos(connection, self._reader.space.id, wanted)

    def _moments(
        self,
        videos: dict[int, IndexedVideo],
        query: NDArray[np.float32],
        without: tuple[int, float | None] | None,
    ) -> list[Moment]:
        assert self._reader is not None
        frames = self._reader.frames({video.generation: video.vectors for video in videos.values()})
        found: list[Moment] = []
        for video in videos.values():
            scored = scored_segments(video, frames[video.generation], query, self._reader.space.blend)
            found += moments_of(video, scored)
        if without is not None:
            found = [moment for moment in found if not _is_asked_about(moment, *without)]
        return sorted(found, key=lambda m: (-(m.similarity or 0.0), m.video_id, m.start_seconds))

    def _hits(
        self,
        found: Sequence[FusedMoment],
        videos: dict[int, IndexedVideo],
        question: Question,
        *,
        reranked: bool,
    ) -> list[Hit]:
        chosen = _limited(found, question)
        with self.library.read() as connection:
            places = lookup.places(connection, [item.moment.video_id for item in chosen])
        chosen = [item for item in chosen if item.moment.video_id in places]
        folder = self._thumbnail_folder()
        hits = []
        for rank, item in enumerate(chosen, 1):
            here = places[item.moment.video_id]
            place, online = _best_place(here, question.filters.within)
            video = None if any(p.private for p in here) else videos.get(item.moment.video_id)
            picture = self._thumbnail(folder, item.moment, video)
            # what the list is ordered by: one channel has a score of its own, unless it was ranked anew
            score = item.moment.similarity if question.channel == "pictures" and not reranked else None
            hits.append(_hit(rank, item, place, online, picture, item.score if score is None else score))
        trim(folder)
        return hits

    def _thumbnail_folder(self) -> Path:
        if not self.library.read_only:
            return self.library.root / "thumbnails"
        return Path(platformdirs.user_cache_dir("mediaindex")) / "thumbnails"

    def _thumbnail(self, folder: Path, moment: Moment, video: IndexedVideo | None) -> str | None:
        if video is None or moment.best_frame is None:
            return None
        try:
            picture = thumbnail(self.library.frames, folder, video.frame_file, moment.best_frame)
            return None if picture is None else str(picture)
        except (StoreError, OSError) as error:
            # A lost frame or a full disk is no reason to withhold the moment.
            logger.warning("no thumbnail: %s", error)
            return None


def _depth(question: Question) -> int:
    """How far down a channel's ranking counts."""
    return max(DEPTH, question.limit)


def _span(video: IndexedVideo, moment: Moment) -> FrameSpan:
    """The frames of a moment's best segment."""
    row = next(row for row in video.segments if row.id == moment.segment_id)
    return FrameSpan(video.generation, row.first_frame, len(row.frames))


def _answering(moments: Iterable[Moment], question: Question, allowed: set[int] | None) -> list[Moment]:
    """The moments of the pictures that are similar enough, in allowed videos."""
    enough = -np.inf if question.min_similarity is None else question.min_similarity
    return [
        moment
        for moment in moments
        if (moment.similarity or 0.0) >= enough and (allowed is None or moment.video_id in allowed)
    ]


def _is_asked_about(moment: Moment, video_id: int, seconds: float | None) -> bool:
    if moment.video_id != video_id:
        return False
    return seconds is None or moment.start_seconds <= seconds <= moment.end_seconds


def _hit(rank: int, item: FusedMoment, place: Place, online: bool, picture: str | None, score: float) -> Hit:
    moment, said = item.moment, item.word_hit
    by: Channel = "pictures" if said is None else "words" if item.picture_rank is None else "both"
    return Hit(
        rank=rank,
        path=str(place.path),
        online=online,
        volume=place.volume,
        channel=by,
        words=None if said is None else [{"word": word, "field": field} for word, field in said.found],
        start_seconds=moment.start_seconds,
        end_seconds=moment.end_seconds,
        best_seconds=moment.best_seconds,
        score=score,
        similarity=moment.similarity,
        generated_probability=item.probability,
        confidence=None,
        segment_id=moment.segment_id,
        thumbnail=picture,
        instant_rank=None if item.seen is None else item.seen.instant_rank,
    )


def _limited(found: Sequence[FusedMoment], question: Question) -> list[FusedMoment]:
    chosen: list[FusedMoment] = []
    counts: dict[int, int] = {}
    for item in found:
        video = item.moment.video_id
        if question.per_video is not None and counts.get(video, 0) >= question.per_video:
            continue
        counts[video] = counts.get(video, 0) + 1
        chosen.append(item)
        if len(chosen) == question.limit:
            break
    return chosen


def _best_place(places: Sequence[Place], within: Path | None) -> tuple[Place, bool]:
    """The place to show: inside the folder that was asked for, then one that is there now."""
    inside = [p for p in places if within is None or lies_below(p.path, within)]
    wanted = inside or list(places)
    there = next((place for place in wanted if os.path.exists(place.path)), None)
    return (there, True) if there is not None else (wanted[0], False)


def _durations(times: dict[str, float]) -> dict[str, float | None]:
    """Milliseconds of each step, in the order in which they ran."""
    names = list(times)
    steps = {name: times[name] - times[before] for before, name in itertools.pairwise(names)}
    order = ("encode", "candidates", "score", "rerank", "moments")
    return {name: steps.get(name) for name in order} | {"total": times[names[-1]] - times[names[0]]}
