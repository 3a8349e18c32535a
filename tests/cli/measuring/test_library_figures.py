"""`eval library` where there is nothing to measure. What it measures is in tests/cli/test_eval.py."""

from __future__ import annotations

from pathlib import Path

from tests.support.commands import Commands
from tests.support.films import film


def test_a_library_without_sentences_says_what_to_do(commands: Commands, videos: Path) -> None:
    film(videos / "x.mp4", "red")
    commands("index", videos)
    ran = commands.text("eval", "library")
    assert ran.code == 2
    assert "no sentence with a known answer: 'mediaindex caption import FILE' takes captions in" in ran.err


def test_picks_favour_what_showed_them(commands: Commands, three: Path) -> None:
    commands("search", "red", "--channel", "pictures")
    commands("open", 1, "--player", "true {path}")
    answer = commands("eval", "library", "--direction", "t2v")
    assert [(row["queries_from"], row["direction"]) for row in answer["rows"]] == [("picks", "t2v")]
    assert answer["rows"][0]["metrics"]["R@1"]["value"] == 100.0
    assert any("picks favour the ranking that showed it" in note for note in answer["notes"])
    refused = commands.text("eval", "library", "--against", "absent")
    assert (refused.code, "there is no generator absent" in refused.err) == (4, True)
