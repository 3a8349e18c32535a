"""Sources as rows and lines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mediaindex.cli.shared.source_rows import source_line, source_rows
from mediaindex.store.catalog import sources
from mediaindex.store.library import open_library
from tests.support.commands import Commands

ROW: dict[str, Any] = {
    "path": "/videos",
    "online": True,
    "files": 3,
    "missing": 0,
    "held_since": None,
    "polled": None,
    "thumbnails": "library",
}


def test_a_row_counts_what_is_below_the_source(three: Path, commands: Commands) -> None:
    (three / "red.mp4").unlink()
    commands("index", three)
    with open_library(commands.library) as library, library.write() as connection:
        sources.add_source(connection, three.with_name("unplugged"), thumbnails="none")
        known, unplugged = sorted(source_rows(connection), key=lambda row: str(row["path"]), reverse=True)
    assert known == {**ROW, "path": str(three), "missing": 1}
    assert unplugged == {
        **ROW,
        "path": str(three.with_name("unplugged")),
        "online": False,
        "files": 0,
        "thumbnails": "none",
    }


def test_a_line_names_only_what_is_unusual() -> None:
    assert source_line(ROW) == "/videos: 3 files"
    unusual = {**ROW, "missing": 2, "online": False, "polled": "no inotify", "thumbnails": "none"}
    assert (
        source_line(unusual, "offline: plug in X")
        == "/videos: 3 files, 2 missing, offline: plug in X, polled: no inotify, no thumbnails"
    )


def test_a_line_of_a_held_source_names_the_remedy() -> None:
    assert "'mediaindex sources confirm /videos'" in source_line({**ROW, "missing": 9, "held_since": 1.0})
