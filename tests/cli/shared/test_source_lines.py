"""Sources as lines."""

from __future__ import annotations

from typing import Any

from mediaindex.cli.shared.source_lines import source_line

ROW: dict[str, Any] = {
    "path": "/videos",
    "online": True,
    "files": 3,
    "missing": 0,
    "held_since": None,
    "polled": None,
    "thumbnails": "library",
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
