"""`search`: channels, filters, limits, and queries nobody expects."""

from __future__ import annotations

import functools
import itertools
import json
import math
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mediaindex.search.confidence import calibration, picture_numbers, word_numbers
from mediaindex.search.confidence.calibration import Calibration
from mediaindex.store.catalog.schema import space
from mediaindex.store.library import open_library
from mediaindex.store.vectors.fitted import WORDS
from tests.support.commands import ENCODER, Commands, index_quietly
from tests.support.fake_encoder import FakeEncoder
from tests.support.films import film, srt

HIT_KEYS = [
    "rank",
    "path",
    "online",
    "volume",
    "channel",
    "words",
    "start_seconds",
    "end_seconds",
    "best_seconds",
    "score",
    "similarity",
    "generated_probability",
    "confidence",
    "segment_id",
    "thumbnail",
    "instant_rank",
    "video_id",
    "parts",
]
TIMINGS = ["encode", "candidates", "score", "rerank", "moments", "total"]


@pytest.fixture(scope="session")
def holiday(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of films, indexed in the library beside it."""
    folder = tmp_path_factory.mktemp("holiday") / "videos"
    film(folder / "red.mp4", "red", tags={"creation_time": "2024-02-28T12:00:00Z"})
    film(
        folder / "two shots.mp4", ("red", 3.0), ("blue", 3.0), tags={"creation_time": "2024-03-01T12:00:00Z"}
    )
    film(folder / "beach" / "green.mp4", ("green", 8.0), tags={"title": "Lighthouse at Dusk"})
    film(folder / "beach" / "stripes.mp4", *itertools.islice(itertools.cycle(["red", "white"]), 8))
    film(folder / "100% 'real' OR \"fake\".mkv", "yellow")
    srt(folder / "beach" / "green.srt", (1.0, 2.5, "the tide comes in"), (5.0, 6.0, "the tide goes out"))
    index_quietly(folder.parent / "library", folder)
    return folder


@pytest.fixture
def ask(holiday: Path, capsys: pytest.CaptureFixture[str]) -> Commands:
    return Commands(holiday.parent / "library", capsys)


def test_a_misspelt_word_is_replaced_by_one_of_the_library(ask: Commands) -> None:
    answer = ask("search", "--channel", "words", "lighthuose")
    assert answer["corrected"] == [{"word": "lighthuose", "by": "lighthouse"}]
    assert answer["hits"][0]["words"] == [{"word": "lighthouse", "field": "title"}]
    told = ask.text("search", "--channel", "words", "lighthuose").err
    assert '"lighthuose" is nowhere; searched for "lighthouse"' in told


def test_hubs_are_corrected_where_that_is_asked_for(ask: Commands) -> None:
    plain, corrected = (
        ask("search", "red", "--channel", "pictures", "--hubs", mode) for mode in ("auto", "on")
    )
    assert plain["hubs"] == {
        "on": False,
        "by": "no evaluation",
        "reason": "it was not measured for this encoder; 'mediaindex train --encoder colours --features "
        "FILE' measures it",
    }
    assert (corrected["hubs"]["on"], corrected["hubs"]["by"]) == (True, "--hubs on")
    assert [hit["score"] for hit in plain["hits"]] == [hit["similarity"] for hit in plain["hits"]]
    scores = [hit["score"] for hit in corrected["hits"]]
    assert scores == sorted(scores, reverse=True)
    similarity = {hit["segment_id"]: hit["similarity"] for hit in plain["hits"]}
    assert all(
        similarity.get(hit["segment_id"], hit["similarity"]) == hit["similarity"] for hit in corrected["hits"]
    )
    assert ask("search", "red", "--hubs", "off")["hubs"]["by"] == "--hubs off"
    assert ask("search", "red then blue", "--hubs", "on")["hubs"]["by"] == "then"
    assert ask("search", "red", "--channel", "words", "--hubs", "on")["hubs"]["by"] == "--channel words"
    assert ask("search", "longer:2", "--hubs", "on", code=None)["hubs"]["by"] == "no text"
    assert "hub correction on (by --hubs on)" in ask.text("search", "red", "--hubs", "on", "--explain").out


def test_hubs_that_the_library_lacks_are_asked_for_in_vain(
    holiday: Path, ask: Commands, tmp_path: Path
) -> None:
    library = tmp_path / "library"
    shutil.copytree(holiday.parent / "library", library)
    for hubs in library.glob("matrix/*.hubs"):
        hubs.unlink()
    error = ask("search", "red", "--hubs", "on", "--library", library, code=2)["error"]
    assert "the next 'mediaindex index'" in error


def test_the_answer_has_its_keys(ask: Commands) -> None:
    answer = ask("search", "red")
    keys = ["schema", "query", "understood", "problems", "encoder", "hubs", "rerank"]
    keys += ["confident", "note"]
    assert list(answer) == [*keys, "corrected", "hits", "timings_ms"]
    assert (answer["query"], answer["understood"], answer["encoder"]) == ("red", "red", ENCODER)
    assert list(answer["timings_ms"]) == TIMINGS
    times = [value for value in answer["timings_ms"].values() if value is not None]
    assert sum(times[:-1]) == pytest.approx(times[-1], abs=0.01)
    for rank, hit in enumerate(answer["hits"], 1):
        assert list(hit) == HIT_KEYS
        assert hit["rank"] == rank
        assert hit["start_seconds"] <= hit["best_seconds"] <= hit["end_seconds"]
        assert Path(hit["thumbnail"]).is_absolute()
        assert Path(hit["thumbnail"]).read_bytes().startswith(b"\xff\xd8")
        assert hit["generated_probability"] is None
        assert (hit["confidence"] is None) == (hit["words"] is None)  # these pictures are not calibrated
        assert hit["online"] is True
        assert hit["volume"]


@pytest.fixture
def _calibrated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The pictures of "colours" are judged by their similarity alone, words by their share alone."""
    numbers, words = picture_numbers.NAMES, word_numbers.NAMES
    rows = {
        FakeEncoder().spec.digest: Calibration(
            numbers, (0.0,) * 6, (1.0,) * 6, (0.0, 0.0, 0.0, 0.0, 8.0, 0.0), -4.0, ()
        ),
        WORDS: Calibration(words, (0.0,) * 4, (1.0,) * 4, (4.0, 0.0, 0.0, 0.0), -2.0, ()),
    }
    path = tmp_path / "calibrations.json"
    path.write_text(json.dumps({key: row.as_json() for key, row in rows.items()}), encoding="utf-8")
    monkeypatch.setattr(calibration, "FILE", path)
    calibration._rows.cache_clear()
    yield
    calibration._rows.cache_clear()


@pytest.mark.usefixtures("_calibrated")
def test_an_answer_says_how_sure_it_is(ask: Commands) -> None:
    answer = ask("search", "red", "--channel", "pictures")
    assert answer["confident"] is True
    for hit in answer["hits"]:
        assert hit["confidence"] == pytest.approx(1 / (1 + math.exp(4 - 8 * hit["similarity"])))
    sure = ask.hits("red", "--channel", "pictures", "--min-confidence", 0.8)
    expected = [hit["segment_id"] for hit in answer["hits"] if hit["confidence"] >= 0.8]
    assert [hit["segment_id"] for hit in sure] == expected
    assert 0 < len(sure) < len(answer["hits"])
    nothing = ask("search", "purple", "--channel", "pictures")
    assert nothing["confident"] is False
    assert nothing["hits"]
    assert nothing["hits"][0]["confidence"] < 0.1
    told = ask.text("search", "purple", "--channel", "pictures")
    assert "nothing here looks like that; these come nearest:" in told.err
    assert "nothing here looks like that" not in ask.text("search", "red", "--channel", "pictures").err
    lighthouse = ask("search", "lighthouse", "--channel", "words")
    assert lighthouse["confident"] is True
    assert lighthouse["hits"][0]["confidence"] == pytest.approx(0.8808, abs=1e-4)
    for question in (("red then blue",), ("red", "--like", answer["hits"][0]["segment_id"])):
        found = ask("search", *question, "--channel", "pictures")
        assert found["confident"] is None
        assert {hit["confidence"] for hit in found["hits"]} == {None}


@pytest.mark.usefixtures("_calibrated")
def test_a_confidence_that_nothing_would_have_is_refused(
    ask: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = ask.ran("search", "red then blue", "--min-confidence", 0.5)
    assert (refused.code, "only sentences have a confidence, not then" in refused.json["error"]) == (2, True)
    assert ask.text("search", "red", "--min-confidence", 2).code == 2
    monkeypatch.setattr(calibration, "_rows", functools.cache(dict))
    refused = ask.ran("search", "red", "--min-confidence", 0.5)
    assert (refused.code, "train --encoder colours --features FILE' fits it" in refused.json["error"]) == (
        2,
        True,
    )
    assert ask.ran("search", "lighthouse", "--channel", "words", "--min-confidence", 0.5).code == 0


def test_a_sentence_lands_on_its_moment(ask: Commands) -> None:
    hit = ask.hits("something blue", "--channel", "pictures")[0]
    assert Path(hit["path"]).name == "two shots.mp4"
    assert hit["start_seconds"] == pytest.approx(3.0, abs=0.25)
    assert hit["end_seconds"] == pytest.approx(6.0, abs=0.25)
    assert 3.0 <= hit["best_seconds"] < 6.0
    assert hit["channel"] == "pictures"
    assert hit["words"] is None
    assert hit["score"] == hit["similarity"] > 0.8


def test_pictures_are_ordered_by_their_similarity(ask: Commands) -> None:
    similarities = [hit["similarity"] for hit in ask.hits("red", "--channel", "pictures", "--limit", 50)]
    assert similarities == sorted(similarities, reverse=True)
    assert similarities[0] > 0.9 > 0.3 > similarities[-1]


def test_words_say_where_they_stand(ask: Commands) -> None:
    (title,) = ask.hits("lighthouse", "--channel", "words")
    assert Path(title["path"]).name == "green.mp4"
    assert title["words"] == [{"word": "lighthouse", "field": "title"}]
    assert (title["channel"], title["similarity"]) == ("words", None)
    folder = ask.hits("beach", "--channel", "words")
    assert {Path(hit["path"]).name for hit in folder} == {"green.mp4", "stripes.mp4"}
    assert all(hit["words"] == [{"word": "beach", "field": "folder"}] for hit in folder)
    (name,) = ask.hits("stripes", "--channel", "words")
    assert name["words"] == [{"word": "stripes", "field": "name"}]


def test_a_subtitle_hit_is_its_cue(ask: Commands) -> None:
    first, second = ask.hits("tide comes", "--channel", "words")
    assert first["words"] == [{"word": "tide", "field": "subtitle"}, {"word": "comes", "field": "subtitle"}]
    assert (first["start_seconds"], first["end_seconds"]) == (1.0, 2.5)
    assert (second["start_seconds"], second["end_seconds"]) == (5.0, 6.0)
    assert 1.0 <= first["best_seconds"] <= 2.5
    assert Path(first["thumbnail"]).is_file()


def test_both_channels_are_fused_by_reciprocal_rank(ask: Commands) -> None:
    """The file called red is also red: first in both rankings, 2 / 61."""
    hit = ask.hits("red", "--limit", 1)[0]
    assert (Path(hit["path"]).name, hit["channel"]) == ("red.mp4", "both")
    assert hit["words"] == [{"word": "red", "field": "name"}]
    assert hit["score"] == pytest.approx(1 / 61 + 1 / 61, abs=1e-3)
    channels = {hit["channel"] for hit in ask.hits("green tide", "--limit", 50)}
    assert channels == {"both", "pictures", "words"} or channels == {"both", "pictures"}


def test_limit(ask: Commands) -> None:
    assert len(ask.hits("red", "--limit", 2)) == 2
    assert ask.ran("search", "red", "--limit", 0).code == 2
    assert ask.ran("search", "red", "--limit", "many").code == 2


def test_moments_of_one_video(ask: Commands, holiday: Path) -> None:
    def of_stripes(*arguments: object) -> int:
        found = ask.files("red", "--channel", "pictures", "--limit", 50, *arguments)
        return found.count("stripes.mp4")

    assert of_stripes() == 3
    assert of_stripes("--per-video", 1) == 1
    assert of_stripes("--per-video", 5) == 5
    assert of_stripes("--in", holiday / "beach") == 3
    assert of_stripes("--in", holiday / "beach" / "stripes.mp4") == 8
    assert of_stripes("--in", holiday / "beach" / "stripes.mp4", "--per-video", 2) == 2


def test_within_a_folder_or_a_video(ask: Commands, holiday: Path) -> None:
    assert set(ask.files("red", "--in", holiday / "beach")) == {"green.mp4", "stripes.mp4"}
    assert set(ask.files("red", "--in", f"{holiday}/beach/")) == {"green.mp4", "stripes.mp4"}
    assert set(ask.files("red", "--in", holiday / "red.mp4")) == {"red.mp4"}
    assert set(ask.files("tide", "--in", holiday / "red.mp4", "--channel", "words")) == set()
    for nowhere in (holiday / "bea", holiday / "gone.mp4", "/"):
        ran = ask.ran("search", "red", "--in", nowhere)
        if nowhere == "/":
            assert ran.code == 0
        else:
            assert ran.code == 2
            assert "mediaindex index" in ran.json["error"]


def test_recording_days(ask: Commands) -> None:
    def found(*arguments: object) -> set[str]:
        return set(ask.files("red", "--limit", 50, *arguments))

    assert found("--after", "2024-02-28") == {"red.mp4", "two shots.mp4"}
    assert found("--after", "2024-02-29") == {"two shots.mp4"}
    assert found("--before", "2024-03-01") == {"red.mp4"}
    assert found("--after", "2024-02-28", "--before", "2024-02-28") == set()
    ran = ask.ran("search", "red", "--after", "28.2.2024")
    assert ran.code == 2
    assert "YYYY-MM-DD" in ran.err


def test_durations(ask: Commands) -> None:
    assert set(ask.files("red", "--min-duration", 10)) == {"stripes.mp4"}
    assert set(ask.files("red", "--min-duration", 5, "--max-duration", 9)) == {"two shots.mp4", "green.mp4"}
    assert ask.files("red", "--max-duration", 0.5) == []


def test_similarity_at_least(ask: Commands) -> None:
    hits = ask.hits("red", "--channel", "pictures", "--min-score", 0.9, "--limit", 50)
    assert hits
    assert all(hit["similarity"] >= 0.9 for hit in hits)
    assert ask.hits("red", "--channel", "pictures", "--min-score", 1.5) == []
    assert ask.files("lighthouse", "--min-score", 1.5) == ["green.mp4"]


def test_no_answer_says_so(ask: Commands) -> None:
    ran = ask.text("search", "zeppelin", "--channel", "words")
    assert (ran.code, ran.out) == (0, "")
    assert "no moment" in ran.err


@pytest.mark.parametrize("query", ["", " ", "\n\t", "\u3000", '"', '"" «»'])
def test_an_empty_query(query: str, ask: Commands) -> None:
    ran = ask.ran("search", query)
    assert ran.code == 2
    assert "empty" in ran.json["error"]


HOSTILE = (
    '"',
    "'; DROP TABLE video; --",
    'red" OR "blue',
    "red AND NOT blue NEAR(a b) *",
    "name:red {title}: ^red + red*",
    "100%",
    "_",
    "red\0blue",
    "a" * 10_000,
    "red " * 2_500,
    "\\",
    "(((",
    "?",
    "🎥 猫",
    "caf\udce9",
    "\u202egnirts",
    "<|endoftext|> [PAD] [CLS]",
)


@pytest.mark.parametrize("query", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_queries_are_only_words(query: str, ask: Commands) -> None:
    answer = ask("search", query, "--plain-text")
    assert answer["query"] == query
    assert isinstance(ask("search", query, "--plain-text", "--channel", "words")["hits"], list)
    assert ask.text("search", query, "--plain-text").code == 0
    assert ask.ran("search", query).code in (0, 2)


def test_quotes_and_operators_find_names_that_hold_them(ask: Commands) -> None:
    assert ask.files("100% 'real' OR \"fake\"", "--channel", "words") == ["100% 'real' OR \"fake\".mkv"]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=st.text(min_size=1, max_size=60).filter(lambda text: text.strip() and text[0] != "-"))
def test_any_text_is_a_query(query: str, ask: Commands) -> None:
    assert ask("search", query, "--plain-text")["query"] == query
    ran = ask.ran("search", query)
    assert ran.code == (2 if ran.json.get("problems", True) else 0)


def test_a_query_that_looks_like_an_option(ask: Commands) -> None:
    ran = ask.ran("search", "-rf")
    assert ran.code == 2
    assert ask("search", "--", "-rf red")["understood"] == "-rf red"
    assert ask("search", "--plain-text", "--", "-rf")["query"] == "-rf"


def test_a_library_without_videos(videos: Path, commands: Commands) -> None:
    commands("index", videos)
    answer = commands("search", "red")
    assert (answer["hits"], answer["encoder"]) == ([], None)
    ran = commands.ran("similar", videos / "red.mp4")
    assert ran.code == 2


def test_a_library_of_which_nothing_could_be_read(videos: Path, commands: Commands) -> None:
    (videos / "a.mkv").write_text("text " * 100)
    commands("index", videos, code=5)
    assert commands.hits("red") == []


def test_text_for_a_person(ask: Commands, holiday: Path) -> None:
    ran = ask.text("search", "tide comes", "--channel", "words", "--limit", 1)
    found = "[tide in subtitle, comes in subtitle]"
    sure = r" {1,2}\d{1,2}%"
    line = f"  0:01 - 0:02.5  {holiday}/beach/green.mp4  {found}\n"
    assert re.fullmatch(f"  1  words  {sure}{re.escape(line)}", ran.out)


def test_a_query_that_the_encoder_does_not_read(videos: Path, commands: Commands) -> None:
    film(videos / "red.mp4", "red")
    commands("index", videos)
    note = commands("search", "Sonnenuntergang über dem Meer mit Wolken")["note"]
    assert "German" in note
    assert "multilingual" in note
    assert "multilingual" in commands.text("search", "закат над морем").err
    assert commands("search", "a sunset over the sea")["note"] is None


def test_other_weights_under_the_same_name_are_refused(videos: Path, commands: Commands) -> None:
    film(videos / "red.mp4", "red")
    commands("index", videos)
    with open_library(commands.library) as library, library.write() as connection:
        connection.execute(space.update().values(digest="f" * 64))
    ran = commands.ran("search", "red")
    assert ran.code == 4
    assert "other weights" in ran.json["error"]
    assert commands.files("red", "--channel", "words") == ["red.mp4"]
