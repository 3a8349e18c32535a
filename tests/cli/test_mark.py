"""`mark`: what is right and wrong for a query, and how that moves it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.commands import Commands

ROW = ["id", "query", "path", "seconds", "segment_id", "right", "created_at"]


def test_moments_of_the_last_answer_are_marked_for_its_query(three: Path, commands: Commands) -> None:
    first, second, *_more = commands.hits("red", "--channel", "pictures")
    (right,) = commands("mark", 1)["marks"]
    (wrong,) = commands("mark", 2, "--wrong")["marks"]
    assert list(right) == ROW
    for row, hit in ((right, first), (wrong, second)):
        assert (row["query"], row["path"], row["seconds"]) == ("red", hit["path"], hit["best_seconds"])
        assert row["segment_id"] == hit["segment_id"]
    assert (right["right"], wrong["right"]) == (True, False)
    assert commands("mark", "list")["marks"] == [wrong, right]
    assert commands("mark", "list", "--query", "blue")["marks"] == []


def test_marks_move_the_query_as_like_and_unlike_do(three: Path, commands: Commands) -> None:
    hits = {Path(hit["path"]).stem: hit for hit in commands.hits("red", "--channel", "pictures")}
    commands("mark", f"{three / 'blue.mp4'}@0", "--query", "red")
    commands("mark", f"{three / 'red.mp4'}@0", "--query", "red", "--wrong")
    marked = commands("search", "red", "--marks", "--channel", "pictures")
    blue, red = hits["blue"]["segment_id"], hits["red"]["segment_id"]
    typed = commands("search", "red", "--channel", "pictures", "--like", blue, "--unlike", red)
    assert [hit["path"] for hit in marked["hits"]] == [hit["path"] for hit in typed["hits"]]
    assert [hit["similarity"] for hit in marked["hits"]] == [hit["similarity"] for hit in typed["hits"]]
    assert Path(marked["hits"][0]["path"]).stem == "blue"
    assert marked["rerank"]["by"] == marked["hubs"]["by"] == "--marks"
    assert Path(commands.hits("red", "--channel", "pictures")[0]["path"]).stem == "red"


def test_marks_outlive_a_new_decoding(three: Path, commands: Commands) -> None:
    commands("mark", f"{three / 'blue.mp4'}@0", "--query", "red")
    (before,) = commands("mark", "list")["marks"]
    commands("index", "--redecode", three)
    (after,) = commands("mark", "list")["marks"]
    assert {**after, "segment_id": None} == {**before, "segment_id": None}
    hits = commands.hits("red", "--channel", "pictures", "--marks")
    assert (Path(hits[0]["path"]).stem, hits[0]["segment_id"]) == ("blue", after["segment_id"])


def test_a_time_behind_the_end_is_refused(three: Path, commands: Commands) -> None:
    ran = commands.ran("mark", f"{three / 'blue.mp4'}@9999", "--query", "red")
    assert ran.code == 2
    assert "the video ends at" in ran.json["error"]


def test_a_mark_on_what_is_similar_is_for_a_query_that_can_be_asked(three: Path, commands: Commands) -> None:
    commands("similar", three / "red.mp4")
    (row,) = commands("mark", 1)["marks"]
    assert row["query"] == f"like:{three / 'red.mp4'}"
    assert commands("search", row["query"])["problems"] == []


def test_a_query_without_marks_is_answered_as_it_is(three: Path, commands: Commands) -> None:
    plain = commands("search", "red", "--channel", "pictures")
    ran = commands.ran("search", "red", "--channel", "pictures", "--marks")
    assert ran.code == 0
    assert "no moment is marked for this query" in ran.err
    assert ran.json["hits"] == plain["hits"]
    assert ran.json["hubs"]["by"] != "--marks"


@pytest.mark.parametrize("more", [["--channel", "words"], ["then", "blue"]])
def test_marks_move_pictures_of_one_moment(more: list[str], three: Path, commands: Commands) -> None:
    text = "red" if more[0] == "--channel" else "red then blue"
    commands("mark", f"{three / 'blue.mp4'}@0", "--query", text)
    ran = commands.ran("search", text, "--marks", *(more if more[0] == "--channel" else ()))
    assert ran.code == 2
    assert "--marks" in ran.json["error"]


def test_marks_are_removed_and_cleared(three: Path, commands: Commands) -> None:
    for query in ("red", "blue", "green"):
        commands("mark", f"{three / 'blue.mp4'}@0", "--query", query)
    green, blue, red = commands("mark", "list")["marks"]
    assert commands("mark", "remove", red["id"])["marks"] == [red]
    assert commands("mark", "clear", "--query", "blue")["marks"] == [blue]
    assert commands("mark", "clear")["marks"] == [green]
    assert commands("mark", "list")["marks"] == []
    assert "right" in commands.text("mark", f"{three / 'blue.mp4'}@0", "--query", "red").out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["RED@0"], "name it with --query TEXT"),
        (["RED@0", "--query", " "], "name it with --query TEXT"),
        (["list", "3"], "takes nothing behind it"),
        (["clear", "3"], "takes nothing behind it"),
        (["list", "--wrong"], "--wrong marks moments"),
        (["remove"], "mark remove ID"),
        (["remove", "first"], "is no whole number"),
        (["remove", "99"], "there is no mark 99"),
        (["1"], "nothing was searched"),
        (["nothing"], "names no moment"),
    ],
)
def test_what_marks_nothing_is_refused(words: list[str], said: str, three: Path, commands: Commands) -> None:
    ran = commands.ran("mark", *(word.replace("RED", str(three / "red.mp4")) for word in words))
    assert (ran.code, len(ran.err.splitlines())) == (2, 1)
    assert said in ran.json["error"]
    assert commands("mark", "list")["marks"] == []


def test_a_moment_that_moved_since_the_answer_is_marked_where_it_is(trip: Path, commands: Commands) -> None:
    commands("search", "red", "--channel", "pictures")
    moved = trip.with_name("journey.mp4")
    trip.rename(moved)
    commands("index", moved.parent)
    (row,) = commands("mark", 1)["marks"]
    assert row["path"] == str(moved)
    commands("forget", moved)
    ran = commands.ran("mark", 1)
    assert ran.code == 2
    assert "is in the library no more" in ran.json["error"]
