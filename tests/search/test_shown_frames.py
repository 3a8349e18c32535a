"""The frame by which a moment is shown: the most similar one, that of a cue's time, or the first."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
import sqlalchemy as sa

from mediaindex.search.channels.fusion import FusedMoment
from mediaindex.search.channels.moments import Moment
from mediaindex.search.channels.pictures import PictureHit
from mediaindex.search.shown_frames import ShownMoment, with_frames
from mediaindex.store.catalog import lookup
from mediaindex.store.catalog.fulltext import WordHit
from mediaindex.store.catalog.lookup import IndexedVideo
from mediaindex.store.catalog.schema import frame, segment
from mediaindex.store.library import Library, open_library
from mediaindex.store.vectors import spaces
from tests.support.corridor import ingest, run
from tests.support.films import film


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shown")
    film(folder / "videos" / "flag.mp4", ("red", 4.0), ("white", 4.0), ("blue", 4.0))
    with open_library(folder / "library", create=True) as library:
        run(ingest(library), folder / "videos")
    return folder


@pytest.fixture
def flag(opened: Library, prepared: Path) -> IndexedVideo:
    with opened.read() as connection:
        space = spaces.active_space(connection)
        number = lookup.video_at(connection, prepared / "videos" / "flag.mp4")
        assert space is not None
        assert number is not None
        return lookup.indexed_videos(connection, space.id, [number])[number]


def show(
    library: Library,
    fused: FusedMoment,
    video: IndexedVideo | None,
    ordinals: Mapping[int, int] | None = None,
) -> ShownMoment:
    videos = {} if video is None else {video.video_id: video}
    with library.read() as connection:
        (shown,) = with_frames(connection, [fused], videos, ordinals or {})
    return shown


def times_of(library: Library, video: IndexedVideo) -> list[float]:
    with library.read() as connection:
        return list(lookup.timeline(connection, video.extraction_id).seconds)


def cue(video: IndexedVideo, start: float, end: float, seen: PictureHit | None = None) -> FusedMoment:
    hit = WordHit(video.video_id, start, end, (("red", "subtitle"),), 1.0, 1.0)
    return FusedMoment(Moment(video.video_id, None, start, end, None), word_rank=1, word_hit=hit, seen=seen)


def test_pictures_are_shown_by_their_most_similar_frame(opened: Library, flag: IndexedVideo) -> None:
    times = times_of(opened, flag)
    hit = PictureHit(Moment(flag.video_id, 1, 0.0, 12.0, 0.5), 7, 1)
    fused = FusedMoment(hit.moment, hit, 1, seen=hit)
    last = len(times) - 1
    shown = show(opened, fused, flag, {7: last})
    assert shown == ShownMoment(fused, times[last], flag, last)


def test_a_frame_without_a_time_is_shown_at_the_start(opened: Library, flag: IndexedVideo) -> None:
    hit = PictureHit(Moment(flag.video_id, 1, 2.5, 12.0, 0.5), 7, 1)
    shown = show(opened, FusedMoment(hit.moment, hit, 1, seen=hit), flag, {7: 10**6})
    assert shown.best_seconds == 2.5


def test_a_file_that_only_words_found_is_shown_by_its_first_frame(
    opened: Library, flag: IndexedVideo
) -> None:
    hit = WordHit(flag.video_id, None, None, (("flag", "name"),), 1.0, 1.0)
    fused = FusedMoment(Moment(flag.video_id, None, 0.0, 12.0, None), word_rank=1, word_hit=hit)
    assert show(opened, fused, flag) == ShownMoment(fused, 0.0, flag, 0)
    assert show(opened, fused, None) == ShownMoment(fused, 0.0, None, 0), "it is not indexed"


def test_a_cue_is_shown_by_the_frame_of_its_time_within_it(opened: Library, flag: IndexedVideo) -> None:
    times = times_of(opened, flag)
    shown = show(opened, cue(flag, 5.0, 5.5), flag)
    assert shown.video == flag
    assert 5.0 <= shown.best_seconds <= 5.5
    assert 4.0 <= times[shown.ordinal] < 8.0, "the frame is of the white shot"
    with opened.read() as connection:
        rows = lookup.segments_of(connection, [flag.extraction_id])[flag.extraction_id]
    (here,) = (row for row in rows if row.start_seconds <= 5.0 < row.end_seconds)
    assert shown.fused.moment == Moment(flag.video_id, here.id, 5.0, 5.5, None)


def test_a_cue_has_the_similarity_of_its_own_segment_alone(opened: Library, flag: IndexedVideo) -> None:
    placed = show(opened, cue(flag, 5.0, 5.5), flag).fused.moment.segment_id
    assert placed is not None
    similarities = []
    for number in (placed, placed + 1):
        seen = PictureHit(Moment(flag.video_id, number, 4.0, 8.0, 0.5), 0, 1)
        similarities.append(show(opened, cue(flag, 5.0, 5.5, seen), flag).fused.moment.similarity)
    assert similarities == [0.5, None]


def test_a_cue_of_a_video_without_segments_is_shown_at_its_start(opened: Library, flag: IndexedVideo) -> None:
    with opened.write() as connection:
        before = connection.execute(sa.select(segment)).mappings().all()
        connection.execute(sa.delete(segment))
    try:
        assert show(opened, cue(flag, 5.0, 5.5), flag).best_seconds == 5.0
    finally:
        with opened.write() as connection:
            connection.execute(sa.insert(segment), [dict(row) for row in before])
            assert connection.execute(sa.select(sa.func.count()).select_from(frame)).scalar_one() > 0
