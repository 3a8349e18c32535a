"""Words behind public bug reports: found letter for letter, before any limit, hidden by nothing technical."""

from __future__ import annotations

import os
import shutil
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

from mediaindex.search.answer import Answer, Channel, Question
from mediaindex.search.searcher import Searcher
from mediaindex.store.catalog.lookup import Filters
from mediaindex.store.library import Library, open_library
from mediaindex.store.vectors import spaces
from tests.support.corridor import ingest, run
from tests.support.fake_encoder import FakeEncoder
from tests.support.paths import SHARED

pytestmark = [pytest.mark.corpus, pytest.mark.timeout(600)]

CASES = (
    "b01-words-of-every-script",
    "b02-words-without-spaces",
    "b04-filter-after-the-limit",
    "b08-same-cue-many-times",
    "b13-technical-words",
)


class Case:
    """One reported case as a library of its own."""

    def __init__(self, folder: Path, library: Library) -> None:
        self.folder = folder
        with library.read() as connection:
            space = spaces.active_space(connection)
        self._searcher = Searcher(library, space, FakeEncoder())

    def search(
        self,
        text: str,
        *,
        channel: Channel = "words",
        per_video: int | None = 3,
        within: str | None = None,
        limit: int = 10,
    ) -> Answer:
        filters = Filters(within=None if within is None else (self.folder / within,))
        return self._searcher.search(
            Question(text=text, channel=channel, per_video=per_video, filters=filters, limit=limit)
        )

    def names(self, text: str, *, channel: Channel = "words", limit: int = 10) -> list[str]:
        return [Path(hit.path).stem for hit in self.search(text, channel=channel, limit=limit).hits]


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Case]]:
    reported = SHARED / "corpus" / "reported"
    if not reported.is_dir():
        pytest.skip(f"no shared media at {SHARED}")
    made, opened = {}, []
    for name in CASES:
        folder = tmp_path_factory.mktemp(name.split("-")[0])
        shutil.copytree(reported / name, folder / "videos")
        library = open_library(folder / "library", create=True)
        opened.append(library)
        run(ingest(library), folder / "videos")
        made[name.split("-")[0]] = Case(folder / "videos", library)
    yield made
    for library in opened:
        library.close()


def test_each_word_is_found_at_its_second(cases: dict[str, Case]) -> None:
    case = cases["b01"]
    blocks = (case.folder / "words.srt").read_text(encoding="utf-8-sig").strip().split("\n\n")
    words = [block.splitlines()[2] for block in blocks]
    assert len(words) == 23
    for number, word in enumerate(words):
        found = {
            (Path(hit.path).stem, hit.start_seconds)
            for hit in case.search(unicodedata.normalize("NFC", word)).hits
            if hit.words and hit.words[0]["field"] == "subtitle"
        }
        assert {("words", 2.0 * number), ("decomposed", 2.0 * number)} <= found, word


@pytest.mark.parametrize("word", ["한국", "바다", "чайник", "синий"])
def test_each_name_is_found(word: str, cases: dict[str, Case]) -> None:
    assert any(word in unicodedata.normalize("NFC", name) for name in cases["b01"].names(word))


@pytest.mark.parametrize(
    ("word", "second"),
    [
        ("沙滩", 1.0),
        ("狗", 1.0),
        ("犬", 4.0),
        ("走って", 4.0),
        ("ชายหาด", 7.0),
        ("강아지", 10.0),
        ("日出", 13.0),
        ("gopro", 13.0),
    ],
)
def test_a_word_without_spaces_is_found(word: str, second: float, cases: dict[str, Case]) -> None:
    assert [hit.start_seconds for hit in cases["b02"].search(word).hits] == [second]


@pytest.mark.parametrize("word", ["旅行", "大阪"])
def test_a_name_without_spaces_is_found(word: str, cases: dict[str, Case]) -> None:
    assert cases["b02"].names(word) == ["大阪旅行2019年の夏"]


@pytest.mark.parametrize("channel", ["words", "both"])
@pytest.mark.parametrize("within", ["garden", os.path.join("garden", "walk.mp4")])
def test_a_filter_comes_before_the_limit(channel: Channel, within: str, cases: dict[str, Case]) -> None:
    hits = cases["b04"].search("coffee", within=within, channel=channel).hits
    assert [Path(hit.path).stem for hit in hits if hit.words] == ["walk"]


@pytest.mark.parametrize("per_video", [1, 3])
def test_a_talkative_film_hides_nobody(per_video: int, cases: dict[str, Case]) -> None:
    hits = cases["b04"].search("energy", per_video=per_video).hits
    names = [Path(hit.path).stem for hit in hits]
    assert (names.count("talk"), names.count("walk")) == (per_video, 1)


def test_one_line_many_times_is_one_moment(cases: dict[str, Case]) -> None:
    signs = sorted(hit.start_seconds for hit in cases["b08"].search("bakery").hits)
    assert signs == [2.0, 8.0, 15.0]
    (first,) = [hit for hit in cases["b08"].search("bakery").hits if hit.start_seconds == 2.0]
    assert first.end_seconds == pytest.approx(4.0)
    twice = sorted(hit.start_seconds for hit in cases["b08"].search("comet").hits)
    assert twice == pytest.approx([1.0, 15.0], abs=0.11)


@pytest.mark.parametrize("query", ["apple on a table", "an apple", "13 candles"])
@pytest.mark.parametrize("channel", ["words", "both"])
def test_what_is_said_comes_first(query: str, channel: Channel, cases: dict[str, Case]) -> None:
    assert cases["b13"].names(query, channel=channel)[0] == "still life"


def test_technical_words_find_nothing(cases: dict[str, Case]) -> None:
    assert [cases["b13"].names(word) for word in ("isom", "512", "qt", "ffmp", "lavc", "16")] == [[]] * 6


def test_title_comment_and_camera_are_found(cases: dict[str, Case]) -> None:
    for channel in ("words", "both"):
        assert cases["b13"].names("bicycle", channel=channel)[0] == "gift"
        assert cases["b13"].names("present of my uncle", channel=channel)[0] == "gift"
        phones = [name for name in cases["b13"].names("iphone", channel=channel, limit=50) if "IMG" in name]
        assert len(set(phones)) == 12
    fields = {word["field"] for hit in cases["b13"].search("iphone").hits for word in hit.words or []}
    assert fields == {"camera"}
