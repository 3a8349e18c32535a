"""Hits: how many of a video, at which of its places, and with which thumbnail."""

from __future__ import annotations

from pathlib import Path

import pytest

from mediaindex.search.answer import Question
from mediaindex.search.channels.fusion import FusedMoment
from mediaindex.search.channels.moments import Moment
from mediaindex.search.channels.pictures import PictureHit
from mediaindex.search.hits import hits_of, place_to_show, within_limits
from mediaindex.search.shown_frames import SequencePart, ShownMoment
from mediaindex.store.catalog import lookup
from mediaindex.store.catalog.fulltext import WordHit
from mediaindex.store.catalog.lookup import Filters, IndexedVideo, Place
from mediaindex.store.library import Library, open_library
from mediaindex.store.vectors import spaces
from tests.support.corridor import ingest, run
from tests.support.films import film


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hits")
    for colour in ("red", "blue"):
        film(folder / "videos" / f"{colour}.mp4", colour)
    with open_library(folder / "library", create=True) as library:
        run(ingest(library), folder / "videos")
    return folder


def indexed(library: Library, *paths: Path) -> list[IndexedVideo]:
    with library.read() as connection:
        space = spaces.active_space(connection)
        assert space is not None
        ids = [lookup.video_at(connection, path) for path in paths]
        videos = lookup.indexed_videos(connection, space.id, [number for number in ids if number is not None])
    return [videos[number] for number in ids if number is not None]


def moment(video_id: int, start: float = 0.0) -> Moment:
    return Moment(video_id, 1, start, start + 2.0, 0.75)


def shown(fused: FusedMoment, video: IndexedVideo | None = None) -> ShownMoment:
    """By its first frame, a second after its start."""
    return ShownMoment(fused, fused.moment.start_seconds + 1.0, video)


def numbered(*video_ids: int) -> list[FusedMoment]:
    return [FusedMoment(moment(video_id), picture_rank=rank) for rank, video_id in enumerate(video_ids, 1)]


def kept(moments: list[FusedMoment]) -> list[int | None]:
    return [fused.picture_rank for fused in moments]


def test_a_video_gives_so_many_moments_at_the_most() -> None:
    moments = numbered(1, 1, 2, 1, 3, 2)
    assert kept(within_limits(moments, limit=10, per_video=2)) == [1, 2, 3, 5, 6]
    assert kept(within_limits(moments, limit=10, per_video=1)) == [1, 3, 5]
    assert kept(within_limits(moments, limit=10, per_video=None)) == [1, 2, 3, 4, 5, 6]


def test_the_limit_counts_what_is_kept() -> None:
    assert kept(within_limits(numbered(1, 1, 2, 3), limit=2, per_video=1)) == [1, 3]


def test_a_place_in_the_folder_of_the_search_comes_before_one_that_exists(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere" / "a.mp4"
    elsewhere.parent.mkdir()
    elsewhere.touch()
    gone, there = (Place(path, "disk", False, False) for path in (tmp_path / "in" / "a.mp4", elsewhere))
    assert place_to_show([gone, there], None) == (there, True)
    assert place_to_show([there, gone], [tmp_path / "in"]) == (gone, False)
    assert place_to_show([there, gone], [gone.path]) == (gone, False)
    assert place_to_show([gone], [tmp_path / "other"]) == (gone, False), "some place is better than none"


def test_a_hit_tells_what_each_channel_found(opened: Library, prepared: Path) -> None:
    (red,) = indexed(opened, prepared / "videos" / "red.mp4")
    words = WordHit(red.video_id, None, None, (("red", "name"),), 1.0, 1.0)
    fused = FusedMoment(moment(red.video_id), PictureHit(moment(red.video_id), 0, 4, 0.5), 2, 1, words)
    (hit,) = hits_of(opened, [shown(fused, red)], Question(text="red"), reranked=True)
    assert (hit.rank, hit.path, hit.online) == (1, str(prepared / "videos" / "red.mp4"), True)
    assert (hit.channel, hit.words) == ("both", [{"word": "red", "field": "name"}])
    assert (hit.instant_rank, hit.generated_probability) == (4, 0.5)
    assert (hit.video_id, hit.best_seconds, hit.parts) == (red.video_id, 1.0, None)
    assert hit.score == fused.score
    assert hit.thumbnail is not None
    assert Path(hit.thumbnail).is_file()


@pytest.mark.parametrize(("reranked", "by_similarity"), [(False, True), (True, False)])
def test_pictures_alone_are_scored_by_similarity_until_they_are_reranked(
    opened: Library, prepared: Path, reranked: bool, by_similarity: bool
) -> None:
    (red,) = indexed(opened, prepared / "videos" / "red.mp4")
    (fused,) = numbered(red.video_id)
    question = Question(text="red", channel="pictures")
    (hit,) = hits_of(opened, [shown(fused, red)], question, reranked=reranked)
    assert hit.score == (0.75 if by_similarity else fused.score)


def test_a_video_that_was_forgotten_leaves_no_gap_in_the_ranks(opened: Library, prepared: Path) -> None:
    red, blue = indexed(opened, *(prepared / "videos" / f"{name}.mp4" for name in ("red", "blue")))
    moments = [shown(fused) for fused in numbered(red.video_id, 10**6, blue.video_id)]
    hits = hits_of(opened, moments, Question(), reranked=False)
    assert [(hit.rank, Path(hit.path).name) for hit in hits] == [(1, "red.mp4"), (2, "blue.mp4")]


def test_a_moment_of_words_alone_has_no_picture_to_show(opened: Library, prepared: Path) -> None:
    (red,) = indexed(opened, prepared / "videos" / "red.mp4")
    (fused,) = numbered(red.video_id)
    (hit,) = hits_of(opened, [shown(fused)], Question(text="red", filters=Filters()), reranked=False)
    assert hit.thumbnail is None


def test_a_sequence_is_scored_by_its_similarity_and_says_where_each_part_is(
    opened: Library, prepared: Path
) -> None:
    (red,) = indexed(opened, prepared / "videos" / "red.mp4")
    found = PictureHit(moment(red.video_id), 0, 1, parts=(0, 1))
    parts = (SequencePart(0.0, 1.0, 0.5, 0.4), SequencePart(1.0, 2.0, 1.5, 0.3))
    made = ShownMoment(FusedMoment(moment(red.video_id), found, 1), 0.5, red, parts=parts)
    (hit,) = hits_of(opened, [made], Question(text="red", channel="pictures"), reranked=False)
    assert hit.score == hit.similarity == moment(red.video_id).similarity
    assert hit.parts == [
        {"start_seconds": 0.0, "end_seconds": 1.0, "best_seconds": 0.5, "similarity": 0.4},
        {"start_seconds": 1.0, "end_seconds": 2.0, "best_seconds": 1.5, "similarity": 0.3},
    ]
