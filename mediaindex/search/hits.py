"""Fused moments become hits: a path that exists now, a thumbnail, at most so many of one video."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import platformdirs

from mediaindex.errors import StoreError
from mediaindex.search.answer import Channel, Hit, Question
from mediaindex.search.channels.fusion import FusedMoment
from mediaindex.search.channels.moments import within_each_video
from mediaindex.search.shown_frames import ShownMoment
from mediaindex.sources.path_tree import lies_below
from mediaindex.store.catalog import lookup
from mediaindex.store.catalog.lookup import Place
from mediaindex.store.library import Library
from mediaindex.store.thumbnails import thumbnail, trim

logger = logging.getLogger(__name__)


def hits_of(
    library: Library, moments: Sequence[ShownMoment], question: Question, *, reranked: bool
) -> tuple[Hit, ...]:
    """The hits of an answer, best first; a video that was forgotten meanwhile gives none.

    Args:
        moments: that are shown, best first.
        reranked: whether a reranker ordered the moments, so that similarity is no longer their score.
    """
    with library.read() as connection:
        places = lookup.places(connection, [shown.fused.moment.video_id for shown in moments])
    folder = _thumbnail_folder(library)
    # One channel alone is ordered by a score of its own.
    by_similarity = question.channel == "pictures" and not reranked
    hits: list[Hit] = []
    for shown in moments:
        moment = shown.fused.moment
        if moment.video_id not in places:
            continue
        place, online = place_to_show(places[moment.video_id], question.filters.within)
        is_private = any(place.private for place in places[moment.video_id])
        picture = None if is_private or not question.thumbnails else _thumbnail(library, folder, shown)
        alone = moment.similarity if moment.score is None else moment.score
        score = shown.fused.score if alone is None or not by_similarity else alone
        hits.append(_hit(len(hits) + 1, shown, place, online, picture, score))
    if question.thumbnails:
        trim(folder)
    return tuple(hits)


def within_limits(moments: Sequence[FusedMoment], *, limit: int, per_video: int | None) -> list[FusedMoment]:
    """The first `limit` moments, at most `per_video` of each video, None for any number."""
    return list(islice(within_each_video(moments, lambda fused: fused.moment.video_id, per_video), limit))


def sure_enough(moments: Sequence[FusedMoment], question: Question) -> list[FusedMoment]:
    """The moments that have the confidence which a question demands; all where it demands none."""
    least = question.min_confidence
    return [one for one in moments if least is None or (one.confidence or 0.0) >= least]


def place_to_show(places: Sequence[Place], within: Sequence[Path] | None) -> tuple[Place, bool]:
    """The place of a video to show, and whether it exists now.

    Places inside the folders that the search is limited to come first, among them those that exist.
    """
    inside = [p for p in places if within is None or any(lies_below(p.path, folder) for folder in within)]
    candidates = inside or list(places)
    existing = next((place for place in candidates if os.path.exists(place.path)), None)
    return (candidates[0], False) if existing is None else (existing, True)


def _thumbnail_folder(library: Library) -> Path:
    if not library.read_only:
        return library.root / "thumbnails"
    return Path(platformdirs.user_cache_dir("mediaindex")) / "thumbnails"


def _thumbnail(library: Library, folder: Path, shown: ShownMoment) -> str | None:
    if shown.video is None:
        return None
    try:
        picture = thumbnail(library.frames, folder, shown.video.frame_file, shown.ordinal)
        return None if picture is None else str(picture)
    except (StoreError, OSError) as error:
        # A lost frame or a full disk is no reason to withhold the moment.
        logger.warning("no thumbnail: %s", error)
        return None


def _hit(rank: int, shown: ShownMoment, place: Place, online: bool, picture: str | None, score: float) -> Hit:
    fused, moment, words = shown.fused, shown.fused.moment, shown.fused.word_hit
    channel: Channel = "pictures" if words is None else "words" if fused.picture_rank is None else "both"
    return Hit(
        rank=rank,
        path=str(place.path),
        online=online,
        volume=place.volume,
        channel=channel,
        words=None if words is None else [{"word": word, "field": field} for word, field in words.found],
        start_seconds=moment.start_seconds,
        end_seconds=moment.end_seconds,
        best_seconds=shown.best_seconds,
        score=score,
        similarity=moment.similarity,
        generated_probability=fused.probability,
        confidence=fused.confidence,
        segment_id=moment.segment_id,
        thumbnail=picture,
        video_id=moment.video_id,
        parts=[part._asdict() for part in shown.parts] or None,
        instant_rank=None if fused.picture_hit is None else fused.picture_hit.instant_rank,
    )
