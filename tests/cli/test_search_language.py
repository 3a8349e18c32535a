"""`search` in the query language: what it understood, what it left out, and what the filters leave."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.commands import Commands, index_quietly
from tests.support.films import film, jpeg


@pytest.fixture(scope="session")
def travels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three films, indexed in the library beside them."""
    folder = tmp_path_factory.mktemp("travels") / "Travels 2024"
    film(folder / "red.mp4", "red", tags={"creation_time": "2024-02-28T12:00:00Z"})
    film(folder / "sea" / "blue.mp4", ("blue", 8.0), tags={"creation_time": "2024-05-01T12:00:00Z"})
    film(folder / "both.mkv", ("red", 3.0), ("blue", 3.0), tags={"make": "Canon", "model": "EOS R6"})
    index_quietly(folder.parent / "library", folder)
    return folder


@pytest.fixture
def ask(travels: Path, capsys: pytest.CaptureFixture[str]) -> Commands:
    return Commands(travels.parent / "library", capsys)


def problems(answer: dict[str, Any]) -> list[str]:
    """What each problem is about, cut out of the query by its span."""
    return [answer["query"][one["start"] : one["end"]] for one in answer["problems"]]


def test_the_answer_says_what_was_understood(ask: Commands) -> None:
    answer = ask("search", "  something   red on:2024 ")
    assert list(answer)[1:4] == ["query", "understood", "problems"]
    assert answer["query"] == "  something   red on:2024 "
    assert answer["understood"] == "something red after:2024-01-01 before:2025-01-01"
    assert answer["problems"] == []
    assert [Path(hit["path"]).name for hit in answer["hits"]] == ["red.mp4", "blue.mp4"]


def test_filters_of_the_query_and_of_the_options_hold_together(ask: Commands, travels: Path) -> None:
    assert set(ask.files('red in:"travels 2024"')) == {"red.mp4", "blue.mp4", "both.mkv"}
    assert set(ask.files("red in:sea in:both")) == {"blue.mp4", "both.mkv"}
    assert set(ask.files("red in:sea in:both", "--min-duration", 7)) == {"blue.mp4"}
    assert set(ask.files("red longer:3s", "--in", travels / "both.mkv")) == {"both.mkv"}
    assert set(ask.files("red after:2024-03", "--before", "2024-06-01")) == {"blue.mp4"}
    assert set(ask.files("red camera:canon")) == {"both.mkv"}
    assert set(ask.files("red is:online")) == {"red.mp4", "blue.mp4", "both.mkv"}


@pytest.mark.parametrize(
    ("typed", "becomes"),
    [
        ("lon", ["longer:"]),
        ("red in:bo", ["red in:both.mkv"]),
        ("red camera:can", ['red camera:"Canon EOS R6"']),
        ("red after:2024-0", ["red after:2024-05-01", "red after:2024-02-28"]),
        ("is the se", ["is the sea"]),
        ("in:nowhere", []),
        ("red ", []),
        ('"re"', []),
        ("", []),
    ],
)
def test_the_end_of_a_text_is_completed_from_the_library(
    ask: Commands, capsys: pytest.CaptureFixture[str], typed: str, becomes: list[str]
) -> None:
    answer = ask("search", typed, "--complete")
    assert [typed[: one["start"]] + one["text"] for one in answer["completions"]] == becomes
    assert all(one["end"] == len(typed) for one in answer["completions"])


def test_one_video_answers_with_all_its_moments(ask: Commands) -> None:
    assert len(ask.files("red in:both.mkv", "--channel", "pictures")) == 2


def test_a_problem_leaves_out_its_item_and_answers_the_rest(ask: Commands) -> None:
    query = "blue after:2024-13 camera:kanon longer:3"
    answer = ask("search", query, code=2)
    assert problems(answer) == ["after:2024-13", "camera:kanon"]
    assert answer["understood"] == "blue longer:3s"
    assert {Path(hit["path"]).name for hit in answer["hits"]} == {"blue.mp4", "both.mkv"}
    ran = ask.text("search", query)
    assert ran.code == 2
    assert ran.err.splitlines() == [
        "after:2024-13 is no day: write 2024-05-31, 2024-05, 2024, yesterday or 7d",
        "camera:kanon: no such camera; here are Canon EOS R6",
    ]
    assert "blue.mp4" in ran.out


def test_nothing_that_can_be_read_is_answered_by_nothing(ask: Commands) -> None:
    for query in ("-red", "in:sea", "befor:2024"):
        answer = ask("search", "--", query, code=2)
        assert (problems(answer), answer["hits"]) == ([query], [])


def test_control_characters_of_a_query_never_reach_the_terminal(ask: Commands) -> None:
    ran = ask.text("search", "red in:\x1b[31m\u202e after:\x07")
    assert ran.code == 2
    assert not set(ran.err + ran.out) & set("\x1b\x07\u202e")


def test_by_says_which_channel_answers(ask: Commands) -> None:
    assert {hit["channel"] for hit in ask.hits("red by:words")} == {"words"}
    assert {hit["channel"] for hit in ask.hits("red by:pictures")} == {"pictures"}
    answer = ask("search", "red by:pictures", "--channel", "words", code=2)
    assert problems(answer) == ["by:pictures"]
    assert {hit["channel"] for hit in answer["hits"]} == {"words"}


def test_like_asks_by_the_looks_of_a_moment(ask: Commands, travels: Path, tmp_path: Path) -> None:
    (hit, *_others) = ask.hits(f'like:"{travels}/both.mkv@4"')
    assert (Path(hit["path"]).name, hit["channel"]) == ("blue.mp4", "pictures")
    assert ask.files("like:both.mkv@1")[0] == "red.mp4"
    assert ask.files(f"like:{jpeg(tmp_path / 'sky.jpg', 'blue')}")[0] == "blue.mp4"
    rerank = ask("search", "like:both.mkv@1 red")["rerank"]
    assert (rerank["on"], rerank["by"]) == (False, "like:")


def test_like_beside_words_is_the_mean_of_both(ask: Commands) -> None:
    hits = ask.hits("red like:blue.mp4@1", "--channel", "pictures")
    similarity = {(Path(hit["path"]).name, round(hit["start_seconds"])): hit["similarity"] for hit in hits}
    assert similarity["red.mp4", 0] == pytest.approx(0.5**0.5, abs=0.02)
    assert "blue.mp4" not in {name for name, _start in similarity}


@pytest.mark.parametrize("what", ["nowhere.mp4@3", "both.mkv@x", "@3"])
def test_like_nothing_is_a_problem(what: str, ask: Commands) -> None:
    answer = ask("search", f"red like:{what}", code=2)
    assert problems(answer) == [f"like:{what}"]
    assert answer["hits"]


def test_a_minus_leaves_out_what_is_said_and_what_is_seen(ask: Commands) -> None:
    assert sorted(ask.files("red")) == ["blue.mp4", "both.mkv", "both.mkv", "red.mp4"]
    hits = ask.hits("red -blue")
    found = [(Path(hit["path"]).name, hit["start_seconds"]) for hit in hits]
    assert sorted(found) == [("both.mkv", 0.0), ("red.mp4", 0.0)]
    named = ask.files("red -both")
    assert "red.mp4" in named
    assert "both.mkv" not in named


def test_then_finds_one_thing_after_another(ask: Commands) -> None:
    (hit,) = ask.hits("red then:10s blue")
    assert (Path(hit["path"]).name, hit["channel"]) == ("both.mkv", "pictures")
    assert (hit["start_seconds"], hit["best_seconds"] < 3, round(hit["end_seconds"])) == (0.0, True, 6)
    red, blue = hit["parts"]
    assert (red["start_seconds"], round(red["end_seconds"]), round(blue["start_seconds"])) == (0.0, 3, 3)
    assert red["start_seconds"] <= red["best_seconds"] < blue["best_seconds"] < blue["end_seconds"]
    (alone,) = ask.hits("red then:10s blue", "--channel", "pictures")
    assert alone["score"] == alone["similarity"] == hit["similarity"]
    assert hit["similarity"] == pytest.approx((red["similarity"] + blue["similarity"]) / 2, abs=1e-3)
    (turned_round,) = ask.hits("blue then red")
    assert turned_round["similarity"] < hit["similarity"] / 2
    (line,) = ask.text("search", "red then:10s blue").out.splitlines()
    parts = f"[{red['similarity']:.3f} at 0:00, then {blue['similarity']:.3f} at 0:03]"
    assert line.endswith(f"both.mkv  {parts}")


def test_then_keeps_the_least_similarity_that_is_wanted(ask: Commands) -> None:
    assert ask.files("red then blue", "--min-score", 0.5) == ["both.mkv"]
    assert ask.files("blue then red", "--min-score", 0.5) == []


def test_words_know_nothing_of_then(ask: Commands) -> None:
    answer = ask("search", "red then:10s blue by:words", code=2)
    assert (problems(answer), answer["understood"]) == (["by:words"], "red then:10s blue")
    assert len(answer["hits"][0]["parts"]) == 2
    answer = ask("search", "red then:10s blue", "--channel", "words", code=2)
    assert (problems(answer), answer["understood"]) == (["then:10s"], "red")
    assert [Path(hit["path"]).name for hit in answer["hits"]] == ["red.mp4"]


def test_marks_move_what_the_pictures_look_for(ask: Commands) -> None:
    asked = ("green", "--channel", "pictures", "--per-video", 1)
    red = next(hit for hit in ask.hits("red") if hit["path"].endswith("red.mp4"))["segment_id"]
    blue = next(hit for hit in ask.hits("blue") if hit["path"].endswith("blue.mp4"))["segment_id"]
    assert ask.files(*asked, "--like", red)[-1] == "blue.mp4"
    assert ask.files(*asked, "--like", red, "--unlike", blue)[-1] == "blue.mp4"
    assert ask.files(*asked, "--unlike", red)[-1] == "red.mp4"
    assert ask.hits(*asked, "--like", red, blue) == ask.hits(*asked, "--like", red, "--like", blue)
    decided = ask("search", "red", "--unlike", blue)["rerank"]
    assert (decided["on"], decided["by"]) == (False, "--unlike")


@pytest.mark.parametrize(
    ("query", "options", "said"),
    [
        ("red", ("--like", 999, 1, "--like", 998), "--like 999 998: no search shows such a segment"),
        ("red", ("--unlike", 999), "write the segment_id of a hit"),
        ("red then blue", ("--like", 1), "leave out 'then', or these"),
        ("red by:words", ("--unlike", 1), "--like, --unlike and --marks move pictures"),
        ("red", ("--like", 1, "--channel", "words"), "--like, --unlike and --marks move pictures"),
        ("red", ("--like", "best"), "'best' is no whole number"),
    ],
)
def test_marks_that_nothing_reads_are_refused(
    query: str, options: tuple[object, ...], said: str, ask: Commands
) -> None:
    ran = ask.text("search", query, *options)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err.splitlines()[-1]


def test_without_thumbnails_no_picture_is_written(videos: Path, commands: Commands) -> None:
    film(videos / "red.mp4", "red")
    film(videos / "more.mp4", "red", "blue")
    commands("index", videos)
    for command, what in (("search", "red"), ("similar", videos / "red.mp4")):
        hits = commands(command, what, "--no-thumbnails")["hits"]
        assert hits
        assert {hit["thumbnail"] for hit in hits} == {None}
    assert not list((commands.library / "thumbnails").glob("*"))
    assert commands.hits("red", "--channel", "pictures")[0]["thumbnail"] is not None


def test_filters_that_leave_nothing_say_which_and_what_would_be_there(ask: Commands, travels: Path) -> None:
    answer = ask("search", "red after:2025")
    note = "after:2025 leaves no video; without it 3. The newest is of 1 May 2024"
    assert (answer["hits"], answer["note"], answer["problems"]) == ([], note, [])
    assert ask("search", "red", "--after", "2025-01-01")["note"] == note.replace(
        "after:2025", "--after 2025-01-01"
    )
    assert (
        note.replace("after:2025", "--after 2025-01-01")
        in ask.text("search", "red", "--after", "2025-01-01").err
    )
    assert ask("similar", travels / "red.mp4", "--after", "2025-01-01")["note"].startswith("--after")


def test_plain_text_is_words_alone(ask: Commands) -> None:
    answer = ask("search", 'red -blue "in:x" after:2025', "--plain-text")
    assert (answer["understood"], answer["problems"]) == (None, [])
    assert len(answer["hits"]) > 0
    assert ask.ran("search", " ", "--plain-text").code == 2


@pytest.mark.parametrize(
    "query",
    ["in:a " * 2_000, "-a " * 3_000, "red then " * 1_000, "camera:x " * 1_000, "red " + '"a ' * 3_000,
     "like:x " * 1_400, "red in:" + "é" * 10_000, "red in:~ in:/ in:\udce9 in:\0 camera:\udce9"],
    ids=range(8),
)  # fmt: skip
def test_long_and_hostile_queries_are_answered(query: str, ask: Commands) -> None:
    ran = ask.ran("search", query)
    assert ran.code in (0, 2)
    assert "error" not in ran.json
    for one in ran.json["problems"]:
        assert 0 <= one["start"] < one["end"] <= len(query)
        assert len(one["text"]) < 300


def test_an_empty_library_has_nothing_that_a_filter_could_name(videos: Path, commands: Commands) -> None:
    commands("index", videos)
    answer = commands("search", "red in:nowhere camera:x like:y is:online", code=2)
    assert len(answer["problems"]) == 3
    assert answer["hits"] == []
