"""The searcher: one that is kept open, the approximate index, and what is missing on the disk."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from mediaindex.search.answer import Answer, Question
from mediaindex.search.searcher import DEPTH, Searcher
from mediaindex.search.similarity import unit
from mediaindex.store.catalog import lookup
from mediaindex.store.catalog.lookup import Filters
from mediaindex.store.library import Library, open_library
from mediaindex.store.vectors import spaces
from tests.support.corridor import ingest, run
from tests.support.fake_encoder import COLOURS, FakeEncoder
from tests.support.films import film, srt


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("search")
    for colour in ("red", "blue", "green", "white"):
        film(folder / "videos" / f"{colour}.mp4", colour)
    film(folder / "videos" / "flag.mp4", ("red", 3.0), ("white", 3.0), ("blue", 3.0))
    with open_library(folder / "library", create=True) as library:
        run(ingest(library), folder / "videos")
    return folder


def searcher(library: Library, *, ann_rows: int = 1_000_000) -> Searcher:
    with library.read() as connection:
        space = spaces.active_space(connection)
    return Searcher(library, space, FakeEncoder(), ann_rows=ann_rows)


def names(answer: Answer) -> list[str]:
    return [Path(hit.path).stem for hit in answer.hits]


def vector(colour: str) -> NDArray[np.float32]:
    axis = np.zeros(len(COLOURS), np.float32)
    axis[list(COLOURS).index(colour)] = 1.0
    return axis


def test_a_vector_is_asked_like_a_text(opened: Library) -> None:
    by_text = searcher(opened).search(Question(text="blue", channel="pictures"))
    by_vector = searcher(opened).search(Question(vector=vector("blue"), channel="pictures"))
    assert names(by_text)[:2] == names(by_vector)[:2] == ["blue", "flag"]
    assert by_vector.hits[0].similarity == pytest.approx(1.0, abs=0.05)


def test_a_text_beside_a_vector_asks_for_the_mean_of_both(opened: Library) -> None:
    both = searcher(opened).search(Question(text="red", vector=vector("green"), channel="pictures", limit=20))
    mean_vector = unit(FakeEncoder().texts(["red"]).pooled[0]) + vector("green")
    mean = searcher(opened).search(Question(vector=mean_vector, channel="pictures", limit=20))
    assert names(both) == names(mean)
    similarities = [hit.similarity for hit in mean.hits]
    assert [hit.similarity for hit in both.hits] == pytest.approx(similarities, abs=1e-5)


def test_the_index_answers_as_the_matrix_does(opened: Library) -> None:
    question = Question(text="white", channel="pictures", limit=3)
    exact = searcher(opened).search(question)
    approximate = searcher(opened, ann_rows=1).search(question)
    assert names(approximate) == names(exact)
    assert [h.similarity for h in approximate.hits] == [h.similarity for h in exact.hits]


def test_filters_hold_for_the_index_too(opened: Library, prepared: Path) -> None:
    only = Filters(within=(prepared / "videos" / "flag.mp4",))
    answer = searcher(opened, ann_rows=1).search(Question(text="green", filters=only, channel="pictures"))
    assert set(names(answer)) == {"flag"}


def test_what_is_asked_about_is_left_out(opened: Library, prepared: Path) -> None:
    with opened.read() as connection:
        flag = lookup.video_at(connection, prepared / "videos" / "flag.mp4")
    assert flag is not None
    whole = Question(vector=vector("red"), channel="pictures", without=(flag, None))
    assert "flag" not in names(searcher(opened).search(whole))
    moment = Question(vector=vector("red"), channel="pictures", without=(flag, 1.0), limit=20)
    spans = [h.start_seconds for h in searcher(opened).search(moment).hits if Path(h.path).stem == "flag"]
    assert spans
    assert min(spans) > 2.5


def test_a_question_without_a_question_finds_nothing(opened: Library) -> None:
    assert searcher(opened).search(Question()).hits == ()
    assert Searcher(opened, None, None).search(Question(text="red", channel="pictures")).hits == ()


def test_an_open_searcher_sees_what_is_indexed_meanwhile(tmp_path: Path) -> None:
    videos = tmp_path / "videos"
    film(videos / "red.mp4", "red")
    with open_library(tmp_path / "library", create=True) as library:
        run(ingest(library), videos)
        asked = searcher(library)
        assert names(asked.search(Question(text="blue", channel="pictures"))) == ["red"]
        film(videos / "blue.mp4", "blue")
        with open_library(tmp_path / "library") as other:
            run(ingest(other), videos)
        assert names(asked.search(Question(text="blue", channel="pictures"))) == ["blue", "red"]
        film(videos / "red.mp4", "yellow")
        with open_library(tmp_path / "library") as other:
            run(ingest(other), videos)
        hits = asked.search(Question(text="yellow", channel="pictures")).hits
        assert (Path(hits[0].path).stem, len(hits)) == ("red", 2)


def test_a_moment_without_its_frame_is_shown_without_thumbnail(prepared: Path, tmp_path: Path) -> None:
    shutil.copytree(prepared / "library", tmp_path / "library")
    shutil.rmtree(tmp_path / "library" / "frames")
    shutil.rmtree(tmp_path / "library" / "thumbnails", ignore_errors=True)
    with open_library(tmp_path / "library") as library:
        hits = searcher(library).search(Question(text="red", channel="pictures", limit=1)).hits
    assert [Path(hit.path).stem for hit in hits] == ["red"]
    assert hits[0].thumbnail is None


def test_equal_scores_have_one_order(opened: Library) -> None:
    question = Question(text="purple", channel="pictures", limit=20)
    assert searcher(opened).search(question).hits == searcher(opened).search(question).hits


def test_a_film_of_many_moments_hides_no_other(tmp_path: Path) -> None:
    film(tmp_path / "videos" / "stripes.mp4", *(2 * DEPTH * ["red", "white"])[: 2 * DEPTH + 20])
    for colour in ("orange", "purple"):
        film(tmp_path / "videos" / f"{colour}.mp4", colour)
    with open_library(tmp_path / "library", create=True) as library:
        run(ingest(library), tmp_path / "videos")
        asked = searcher(library)
        hits = asked.search(Question(text="red", channel="pictures")).hits
        assert [Path(hit.path).stem for hit in hits[:3]] == 3 * ["stripes"]
        assert {Path(hit.path).stem for hit in hits[3:]} == {"orange", "purple"}
        assert [hit.instant_rank for hit in hits[:3]] == [1, 2, 3]
        only = asked.search(Question(text="red", channel="pictures", per_video=None, limit=5))
        assert names(only) == 5 * ["stripes"]


def test_both_channels_meet_where_the_words_are_said(tmp_path: Path) -> None:
    """Though more moments of the film look better than one video may show."""
    stripes = film(tmp_path / "videos" / "stripes.mp4", *["red", "white"] * 5, "purple", "white")
    srt(stripes.with_suffix(".srt"), (20.5, 21.5, "the red king"))
    with open_library(tmp_path / "library", create=True) as library:
        run(ingest(library), tmp_path / "videos")
        first, *others = searcher(library).search(Question(text="red", per_video=1)).hits
    assert (first.channel, first.start_seconds, others) == ("both", 20.5, [])
    assert first.instant_rank is not None
    assert first.instant_rank > 3
