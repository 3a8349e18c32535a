"""`history`: what `open` opened, unless that was not wanted."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mediaindex.store.library import open_library
from tests.support.commands import Commands
from tests.support.faults import statements_failing

PLAYER = f"{sys.executable} -c pass {{path}}"


def opened(commands: Commands, query: str, *options: object) -> str:
    """Search, and open the first moment; its path."""
    commands("search", query, "--channel", "pictures", *options)
    return str(commands("open", 1, "--player", PLAYER)["path"])


def test_what_is_opened_is_a_line_of_the_history(three: Path, commands: Commands) -> None:
    opened(commands, "blue")
    path = opened(commands, "red")
    newest, oldest = commands("history", "list")["history"]
    assert list(newest) == ["id", "asked_at", "query", "path", "seconds", "segment_id"]
    assert (newest["query"], newest["path"], oldest["query"]) == ("red", path, "blue")
    assert newest["asked_at"] >= oldest["asked_at"] > 1e9
    hit = commands.hits("red", "--channel", "pictures")[0]
    assert (newest["seconds"], newest["segment_id"]) == (hit["start_seconds"], hit["segment_id"])
    assert commands("history", "list", "--limit", 1)["history"] == [newest]
    assert "red" in commands.text("history", "list").out
    assert commands("history", "clear") == {"schema": 1, "history": [], "removed": 2}
    assert commands("history", "list")["history"] == []
    with open_library(commands.library) as library, library.read() as connection:
        assert connection.exec_driver_sql("SELECT query FROM answer").scalars().all() == ["red"]


def test_a_search_without_history_leaves_none(three: Path, commands: Commands) -> None:
    opened(commands, "red", "--no-history")
    assert commands("history", "list")["history"] == []


def test_the_setting_turns_the_history_off(
    three: Path, commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDIAINDEX_UI_HISTORY", "no")
    opened(commands, "red")
    assert commands("history", "list")["history"] == []


def test_a_history_that_cannot_be_written_keeps_nothing_from_opening(
    three: Path, commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sqlite3

    commands("search", "red", "--channel", "pictures")
    with statements_failing(sqlite3.OperationalError("database or disk is full"), of="INSERT INTO pick"):
        assert commands("open", 1, "--player", PLAYER)["path"]
    assert commands("history", "list")["history"] == []


def test_a_film_that_is_forgotten_is_in_no_history_until_it_is_back(three: Path, commands: Commands) -> None:
    path = opened(commands, "red")
    commands("forget", path)
    assert commands("history", "list")["history"] == []
    commands("forget", "--undo", path)
    assert len(commands("history", "list")["history"]) == 1
