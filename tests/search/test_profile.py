"""A query along one video: each frame's cosine, the segments and cuts, and where it does best."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.search.answer import Question
from mediaindex.search.profile import PEAK_SECONDS, PEAK_SHARE, Peak, peaks
from mediaindex.search.searcher import Searcher
from mediaindex.store.catalog import lookup
from mediaindex.store.library import Library, open_library
from mediaindex.store.vectors import spaces
from tests.support.corridor import ingest, run
from tests.support.fake_encoder import FakeEncoder
from tests.support.films import film


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("profile")
    film(folder / "videos" / "flag.mp4", ("red", 4.0), ("white", 4.0), ("blue", 12.0))
    with open_library(folder / "library", create=True) as library:
        run(ingest(library), folder / "videos")
    return folder


@pytest.fixture
def searcher(opened: Library) -> Searcher:
    with opened.read() as connection:
        space = spaces.active_space(connection)
    return Searcher(opened, space, FakeEncoder())


@pytest.fixture
def flag(opened: Library, prepared: Path) -> int:
    with opened.read() as connection:
        number = lookup.video_at(connection, prepared / "videos" / "flag.mp4")
    assert number is not None
    return number


def test_a_profile_tells_how_well_each_frame_answers(searcher: Searcher, flag: int) -> None:
    made = searcher.profile(flag, Question(text="white"))
    assert made is not None
    assert len(made.seconds) == len(made.scores) > 3
    assert list(made.seconds) == sorted(made.seconds)
    white = [score > 0.9 for score in made.scores]
    assert white == [3.9 < second < 7.9 for second in made.seconds]
    assert made.cuts == pytest.approx((4.0, 8.0), abs=0.3)
    assert made.bounds[0][0] == 0.0
    assert made.bounds[-1][1] == pytest.approx(20.0, abs=0.3)
    best, *_others = made.peaks
    assert 3.9 < best.seconds < 7.9
    assert best.score == max(made.scores)


def test_what_cannot_be_compared_has_no_profile(searcher: Searcher, flag: int, opened: Library) -> None:
    assert searcher.profile(flag, Question()) is None
    assert searcher.profile(10**6, Question(text="white")) is None
    assert Searcher(opened, None, None).profile(flag, Question(text="white")) is None


def test_an_example_has_a_profile_too(searcher: Searcher, flag: int) -> None:
    vector = FakeEncoder().texts(["blue"]).pooled[0]
    by_vector, by_text = (
        searcher.profile(flag, question) for question in (Question(vector=vector), Question(text="blue"))
    )
    assert by_vector == by_text


def test_pictures_of_a_video_are_those_of_its_frames(searcher: Searcher, flag: int) -> None:
    red, white, again = searcher.pictures(flag, [0.5, 5.0, 0.5])
    assert red is not None
    assert red.startswith(b"\xff\xd8")
    assert red == again
    assert white not in (None, red)
    assert searcher.pictures(10**6, [0.5, 1.0]) == [None, None]
    assert searcher.pictures(flag, []) == []


@given(st.lists(st.integers(0, 100), max_size=60), st.sampled_from([0.5, 4.0, 30.0]))
def test_peaks_stand_out_and_apart(hundredths: list[int], step: float) -> None:
    scores = np.array([one / 100 for one in hundredths], np.float32)
    seconds = np.array([step * number for number in range(len(scores))], np.float64)
    found = peaks(seconds, scores)
    assert bool(found) is bool(hundredths)
    assert [peak.score for peak in found] == sorted((peak.score for peak in found), reverse=True)
    for number, peak in enumerate(found):
        assert peak.score >= np.quantile(scores, PEAK_SHARE)
        assert all(abs(peak.seconds - other.seconds) >= PEAK_SECONDS for other in found[:number])
    if found:
        assert found[0].score == scores.max()


def test_a_better_frame_nearby_hides_a_peak() -> None:
    scores = np.zeros(100, np.float32)
    scores[[10, 15, 40]] = [0.8, 0.9, 0.7]
    found = peaks(np.arange(100.0), scores)
    assert found[:2] == (Peak(15.0, float(scores[15])), Peak(40.0, float(scores[40])))
    assert all(peak.seconds != 10.0 for peak in found)
