"""The values of `status`, `watch --status` and `sources`, as the commands and the interface read them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mediaindex.assembly.overview import library_values, source_rows, watcher_values
from mediaindex.cli import main
from mediaindex.store import state
from mediaindex.store.catalog import sources
from mediaindex.store.library import Library, open_library
from tests.support.commands import index_quietly
from tests.support.films import film

pytestmark = pytest.mark.usefixtures("kept_decoders")

ROW: dict[str, Any] = {
    "path": "/videos",
    "online": True,
    "files": 3,
    "missing": 0,
    "held_since": None,
    "polled": None,
    "thumbnails": "library",
}


@pytest.fixture
def red(tmp_path: Path, library: Path) -> Path:
    """A folder with one film, which is indexed and was named as a source, and one that is gone."""
    film(tmp_path / "videos" / "red.mp4", "red")
    film(tmp_path / "videos" / "blue.mp4", "blue")
    index_quietly(library, tmp_path / "videos")
    (tmp_path / "videos" / "blue.mp4").unlink()
    index_quietly(library, tmp_path / "videos")
    return tmp_path / "videos"


def printed(library: Library, capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """What a command prints as JSON."""
    capsys.readouterr()
    assert main([*arguments, "--json", "--library", str(library.root)]) == 0
    values: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert values.pop("schema") == 1
    return values


def test_the_commands_print_these_values(
    red: Path, library: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_library(library) as opened:
        assert printed(opened, capsys, "status") == library_values(opened)
        assert printed(opened, capsys, "watch", "--status") == watcher_values(opened)
        with opened.read() as connection:
            rows = source_rows(connection)
        assert printed(opened, capsys, "sources", "list") == {"sources": rows, "forgotten": []}


def test_a_pause_is_told_where_no_watcher_runs(opened_empty: Library) -> None:
    before = watcher_values(opened_empty)
    assert (before["running"], before["pid"], before["state"], before["paused"]) == (False, None, None, False)
    with opened_empty.write() as connection:
        state.set_pause(connection, by="the user")
    assert watcher_values(opened_empty)["paused"]


def test_a_row_counts_what_is_below_the_source(red: Path, library: Path) -> None:
    with open_library(library) as opened, opened.write() as connection:
        sources.add_source(connection, red.with_name("unplugged"), thumbnails="none")
        known, unplugged = sorted(source_rows(connection), key=lambda row: str(row["path"]), reverse=True)
    assert known == {**ROW, "path": str(red), "files": 2, "missing": 1}
    assert unplugged == {
        **ROW,
        "path": str(red.with_name("unplugged")),
        "online": False,
        "files": 0,
        "thumbnails": "none",
    }


@pytest.fixture
def opened_empty(library: Path) -> Any:
    with open_library(library, create=True) as made:
        yield made
