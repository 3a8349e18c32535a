"""`describe`: the texts that fit a moment, best first, and whose they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.commands import Commands
from tests.support.films import film, jpeg


def texts(commands: Commands, *arguments: object) -> list[tuple[str, str]]:
    return [(row["text"], row["by"]) for row in commands("describe", *arguments)["texts"]]


def test_the_users_words_the_lines_and_the_general_captions_of_a_moment(
    trip: Path, commands: Commands
) -> None:
    commands("caption", "add", f"{trip}@4-5", "blue")
    commands("caption", "add", f"{trip}@1-2", "red")
    answer = commands("describe", f"{trip}@4.5", "--limit", 3)
    assert (answer["what"], answer["encoder"]) == (f"{trip}@4.5", "colours")
    first = answer["texts"][0]
    assert (first["rank"], first["text"], first["by"], first["confidence"]) == (1, "blue", "caption", None)
    assert first["similarity"] == pytest.approx(1.0, abs=0.3)
    assert [row["rank"] for row in answer["texts"]] == [1, 2, 3]
    own = [text for text, by in texts(commands, f"{trip}@1", "--limit", 1000) if by == "caption"]
    assert own == ["red", "blue"]
    every = texts(commands, f"{trip}@4.5", "--limit", 1000)
    assert ("endlich da", "subtitle") in every
    assert [by for _text, by in every].count("general") == 500
    assert ("endlich da", "subtitle") not in texts(commands, f"{trip}@1", "--limit", 1000)
    assert ("endlich da", "subtitle") in texts(commands, trip, "--limit", 1000)


def test_a_caption_of_another_video_may_describe_a_file_that_is_not_indexed(
    three: Path, commands: Commands, tmp_path: Path
) -> None:
    commands("caption", "add", f"{three / 'red.mp4'}@1", "red")
    commands("caption", "add", f"{three / 'red.mp4'}@1", "green")
    for what in (jpeg(tmp_path / "wall.jpg", "red"), film(tmp_path / "new.mp4", "red")):
        own = [text for text, by in texts(commands, what, "--limit", 1000) if by == "caption"]
        assert own == ["red", "green"]


def test_what_is_nowhere_is_refused(three: Path, commands: Commands, tmp_path: Path) -> None:
    ran = commands.ran("describe", three / "none.mp4")
    assert (ran.code, len(ran.err.splitlines())) == (2, 1)
    assert "does not exist" in ran.json["error"]
