"""The answer of the words alone: whom they find, and what shows it."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from mediaindex.search.answer import DEPTH, Following, Question
from mediaindex.search.by_words import ByWords, answer_by_words
from mediaindex.search.confidence.calibration import REFIT, WORD_NAMES, Calibration
from mediaindex.search.searcher import Searcher
from mediaindex.store.catalog.lookup import Filters
from mediaindex.store.library import Library, open_library
from mediaindex.store.vectors.fitted import WORDS, write_fitted
from mediaindex.store.vectors.spaces import Space, active_space
from tests.support.corridor import ingest, run
from tests.support.films import film, srt


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("words")
    for colour in ("red", "blue"):
        film(folder / "videos" / f"{colour}.mp4", colour)
    flag = film(folder / "videos" / "flag.mp4", ("red", 4.0), ("white", 4.0), ("blue", 4.0))
    srt(flag.with_suffix(".srt"), (8.5, 9.5, "a red cloak"))
    with open_library(folder / "library", create=True) as library:
        run(ingest(library), folder / "videos")
    return folder


def serving(library: Library) -> Space | None:
    with library.read() as connection:
        return active_space(connection)


def stems(by_words: ByWords) -> list[str]:
    return sorted(Path(hit.path).stem for hit in by_words.answer.hits)


def test_texts_alone_have_words(opened: Library) -> None:
    red = answer_by_words(opened, Question(text="red"), serving(opened))
    assert stems(red) == ["flag", "red"]
    assert red.answer.stage == "words"
    assert len(red.found.hits) == 2
    for question in (
        Question(),
        Question(text="red", channel="pictures"),
        Question(text="red", following=(Following("blue", 10.0),)),
    ):
        assert answer_by_words(opened, question, serving(opened)).answer.hits == ()


def test_filters_and_limits_hold(opened: Library, prepared: Path) -> None:
    only = Filters(within=(prepared / "videos" / "red.mp4",))
    assert stems(answer_by_words(opened, Question(text="red", filters=only), None)) == ["red"]
    assert stems(answer_by_words(opened, Question(text="red", limit=1), None)) != ["flag", "red"]
    assert Question(text="red", limit=3).depth == DEPTH
    assert Question(text="red", limit=1000).depth == 1000


def test_a_line_is_shown_by_the_frame_in_which_it_is_said(opened: Library) -> None:
    hits = answer_by_words(opened, Question(text="cloak"), serving(opened)).answer.hits
    (said,) = hits
    assert (said.start_seconds, said.end_seconds, said.channel) == (8.5, 9.5, "words")
    assert said.thumbnail is not None
    assert said.similarity is None
    (unseen,) = answer_by_words(opened, Question(text="cloak"), None).answer.hits
    assert (unseen.start_seconds, unseen.thumbnail) == (8.5, None)


def test_words_have_the_confidence_that_was_fitted_to_the_library(opened: Library) -> None:
    sure = Calibration(WORD_NAMES, (0.0,) * 4, (1.0,) * 4, (0.0,) * 4, 2.0, ())
    path = write_fitted(opened.root, encoder=None, digest=WORDS, parts={REFIT: {"row": sure.as_json()}})
    try:
        alone = answer_by_words(opened, Question(text="red"), serving(opened)).answer
        both = Searcher(opened, None, None).search(Question(text="red"))
        for answer in (alone, both):
            assert len(answer.hits) == 2
            for hit in answer.hits:
                assert hit.confidence == pytest.approx(1 / (1 + math.exp(-2.0)))
    finally:
        path.unlink()
