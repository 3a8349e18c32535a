"""The command line as a whole: which commands there are, and how they end."""

from __future__ import annotations

import importlib
import os
import subprocess
from pathlib import Path

import pytest

import mediaindex.cli
from mediaindex.cli import COMMANDS, main
from mediaindex.errors import INTERRUPTED
from tests.support.commands import COMMAND, Commands
from tests.support.films import film


def test_every_command_has_a_file_and_every_file_is_a_command() -> None:
    folder = Path(mediaindex.cli.__file__).parent
    assert {path.stem for path in folder.glob("*.py")} - {"__init__"} == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_says_of_a_command_what_its_file_says(name: str) -> None:
    module = importlib.import_module(f"mediaindex.cli.{name}")
    assert (module.__doc__ or "").partition("\n")[0] == COMMANDS[name]


@pytest.mark.parametrize("words", [[], ["seek"], ["search"], ["search", "red", "--limit", "none"]])
def test_words_that_fit_no_command_are_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(words)
    assert end.value.code == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "error: " in printed.err


def test_an_interruption_says_that_nothing_is_lost(
    commands: Commands, videos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film(videos / "red.mp4", "red")
    commands("index", videos)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("mediaindex.search.searcher.Searcher.search", interrupted)
    ran = commands.ran("search", "red")
    assert (ran.code, ran.out) == (INTERRUPTED, "")
    assert "consistent" in ran.err


def test_a_reader_that_goes_away_is_no_error(library: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    arguments = ["config", "show", "--library", str(library)]
    ended = subprocess.run(
        [*COMMAND, *arguments], stdout=writing, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writing)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_an_error_nobody_foresaw_is_one_line(
    videos: Path, commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    film(videos / "red.mp4", "red")
    commands("index", videos)

    def broken(*_: object) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr("mediaindex.search.searcher.Searcher.search", broken)
    ran = commands.ran("search", "red")
    assert (ran.code, ran.json["exit_code"]) == (1, 1)
    assert "ZeroDivisionError" in ran.json["error"]
    assert len(ran.err.splitlines()) == 1
    monkeypatch.setenv("MEDIAINDEX_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        commands.ran("search", "red")
