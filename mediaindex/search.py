"""The read corridor: text → query vector → candidates → scores → moments → hits.

Two channels answer: the pictures (vectors of one embedding space) and the words (names, tags,
subtitles). They are fused by reciprocal rank: score = Σ 1 / (60 + rank), each channel ranking alone.
"""

from __future__ import annotations

import itertools
import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import platformdirs
import sqlalchemy as sa
from numpy.typing import NDArray

from mediaindex.embed import Encoder
from mediaindex.errors import StoreError
from mediaindex.moments import Moment, moments_of, scored_segments
from mediaindex.score import reciprocal_rank, unit
from mediaindex.store import lookup, words
from mediaindex.store.library import Library
from mediaindex.store.lookup import Filters, IndexedVideo, Place
from mediaindex.store.reader import SpaceReader, consistent, now_ms
from mediaindex.store.spaces import Space
from mediaindex.store.thumbnails import thumbnail, trim
from mediaindex.store.words import WordHit

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


@dataclass(frozen=True, slots=True)
class Answer:
    """Hits, best first, and where the time went (milliseconds)."""

    hits: tuple[Hit, ...]
    timings_ms: dict[str, float | None]


@dataclass(frozen=True, slots=True)
class _Found:
    """A moment on its way to becoming a hit."""

    moment: Moment
    picture_rank: int | None = None
    word_rank: int | None = None
    word_hit: WordHit | None = None

    @property
    def score(self) -> float:
        return reciprocal_rank(self.picture_rank, self.word_rank)


class Searcher:
    """Answers queries on one library; keeps the space and the encoder in memory between them.

    Args:
        encoder: of the serving space; None where only words are asked for.
    """

    def __init__(
        self, library: Library, space: Space | None, encoder: Encoder | None, *, ann_rows: int = ANN_ROWS
    ) -> None:
        self.library = library
        self.encoder = encoder
        self._reader = None if space is None else SpaceReader(library, space, ann_rows=ann_rows)

    def search(self, question: Question) -> Answer:
        """The moments that answer, best first.

        Raises:
            StoreError: the library is damaged.
        """
        times = {"start": now_ms()}
        query = self._query_vector(question)
        times["encode"] = now_ms()
        found, videos = consistent(self.library, lambda c: self._find(c, question, query, times))
        hits = self._hits(found, videos, question)
        times["moments"] = now_ms()
        return Answer(tuple(hits), _durations(times))

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
            _segment, ordinal, _time = _frame_at(video, seconds)
            return (frames[ordinal],)

        return consistent(self.library, read)[0]

    def _query_vector(self, question: Question) -> NDArray[np.float32] | None:
        if question.channel == "words" or self._reader is None:
            return None
        if question.vector is not None:
            return unit(question.vector)
        if question.text is None or self.encoder is None:
            return None
        return unit(self.encoder.texts([question.text]).pooled[0])

    def _find(
        self,
        connection: sa.Connection,
        question: Question,
        query: NDArray[np.float32] | None,
        times: dict[str, float],
    ) -> tuple[list[_Found], dict[int, IndexedVideo]]:
        allowed = lookup.filtered_videos(connection, question.filters)
        said = []
        if question.channel != "pictures" and question.text is not None:
            said = words.find(connection, question.text, allowed)[: _depth(question)]
        videos = self._candidates(connection, query, allowed, {hit.video_id for hit in said})
        times["candidates"] = now_ms()
        moments = [] if query is None else self._moments(videos, query, question.without)
        times["score"] = now_ms()
        enough = -np.inf if question.min_similarity is None else question.min_similarity
        pictures = [m for m in moments[: _depth(question)] if (m.similarity or 0.0) >= enough]
        if allowed is not None:
            pictures = [m for m in pictures if m.video_id in allowed]
        best = {moment.video_id: moment for moment in reversed(moments)}
        return _fused(pictures, said, videos, best), videos

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
        self, found: Sequence[_Found], videos: dict[int, IndexedVideo], question: Question
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
            hits.append(_hit(rank, item, place, online, picture, question.channel))
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


def _is_asked_about(moment: Moment, video_id: int, seconds: float | None) -> bool:
    if moment.video_id != video_id:
        return False
    return seconds is None or moment.start_seconds <= seconds <= moment.end_seconds


def _hit(rank: int, item: _Found, place: Place, online: bool, picture: str | None, channel: Channel) -> Hit:
    moment, said = item.moment, item.word_hit
    by: Channel = "pictures" if said is None else "words" if item.picture_rank is None else "both"
    one_channel = moment.similarity if channel == "pictures" else None
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
        score=item.score if one_channel is None else one_channel,
        similarity=moment.similarity,
        generated_probability=None,
        confidence=None,
        segment_id=moment.segment_id,
        thumbnail=picture,
    )


def _fused(
    pictures: Sequence[Moment],
    said: Sequence[WordHit],
    videos: dict[int, IndexedVideo],
    best: dict[int, Moment],
) -> list[_Found]:
    """Both channels in one order, best first; a moment that both found stands once.

    Args:
        best: the best moment of each video by its pictures, for files that only words found.
    """
    seen: dict[int, list[tuple[int, Moment]]] = {}
    for rank, moment in enumerate(pictures, 1):
        seen.setdefault(moment.video_id, []).append((rank, moment))
    found = []
    for rank, hit in enumerate(said, 1):
        ranked = seen.get(hit.video_id, [])
        same = next((pair for pair in ranked if _overlaps(pair[1], hit)), None)
        if same is not None:
            ranked.remove(same)
        moment = _said_moment(hit, same[1] if same else best.get(hit.video_id), videos.get(hit.video_id))
        found.append(_Found(moment, same[0] if same else None, rank, hit))
    found += [_Found(moment, rank) for ranked in seen.values() for rank, moment in ranked]
    # At equal scores words come first: they were typed, while a picture only looks alike.
    return sorted(found, key=lambda f: (-f.score, f.word_rank is None, f.picture_rank or 0))


def _overlaps(moment: Moment, hit: WordHit) -> bool:
    """Whether a cue is said in a moment; words about the whole file go with its best moment."""
    if hit.start_seconds is None or hit.end_seconds is None:
        return True
    return moment.start_seconds < hit.end_seconds and hit.start_seconds < moment.end_seconds


def _said_moment(hit: WordHit, seen: Moment | None, video: IndexedVideo | None) -> Moment:
    """The moment of a word hit: the cue's own times, else what the pictures say, else the whole file."""
    if hit.start_seconds is None or hit.end_seconds is None:
        if seen is not None:
            return seen
        end = video.duration_seconds if video else 0.0
        return Moment(hit.video_id, None, 0.0, end, 0.0, 0 if video else None, None)
    start, end = hit.start_seconds, hit.end_seconds
    segment, ordinal, seconds = _frame_at(video, start) if video else (None, None, start)
    similarity = seen.similarity if seen and seen.segment_id == segment else None
    return Moment(hit.video_id, segment, start, end, min(max(seconds, start), end), ordinal, similarity)


def _frame_at(video: IndexedVideo, seconds: float) -> tuple[int, int, float]:
    """Segment, ordinal and time of the sampled frame that is nearest to a time."""
    frames = [
        (abs(time - seconds), row.id, row.first_frame + offset, time)
        for row in video.segments
        for offset, time in enumerate(row.frames)
    ]
    _distance, segment, ordinal, time = min(frames)
    return segment, ordinal, time


def _limited(found: Sequence[_Found], question: Question) -> list[_Found]:
    chosen: list[_Found] = []
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
    inside = [p for p in places if within is None or p.path == within or within in p.path.parents]
    wanted = inside or list(places)
    there = next((place for place in wanted if os.path.exists(place.path)), None)
    return (there, True) if there is not None else (wanted[0], False)


def _durations(times: dict[str, float]) -> dict[str, float | None]:
    """Milliseconds of each step, in the order in which they ran."""
    names = list(times)
    steps = {name: times[name] - times[before] for before, name in itertools.pairwise(names)}
    order = ("encode", "candidates", "score", "rerank", "moments")
    return {name: steps.get(name) for name in order} | {"total": times[names[-1]] - times[names[0]]}
