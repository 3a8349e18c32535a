"""The interface over the real finder and a real library: what crosses the pipe is what both mean.

A finder in a process of its own does not have the encoder of the tests: words alone answer, and it is said.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot

from mediaindex_tui.app import InterfaceApp, Setup
from mediaindex_tui.library_screen import LibraryScreen
from mediaindex_tui.link import Link
from mediaindex_tui.playing import Playing
from tests.support.commands import index_quietly
from tests.support.films import film
from tests.support.finders import FINDER, SOURCES
from tests.support.pilots import drive, is_shown, screen_text, type_in, until

pytestmark = pytest.mark.slow


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InterfaceApp]:
    film(tmp_path / "videos" / "flag.mp4", ("red", 4.0), ("white", 4.0), ("blue", 4.0))
    film(tmp_path / "videos" / "sunset.mp4", ("orange", 3.0), ("yellow", 3.0))
    index_quietly(tmp_path / "library", tmp_path / "videos")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(SOURCES))
    link = Link(tmp_path / "library", command=FINDER)
    yield InterfaceApp(Setup(library=tmp_path / "library"), link)
    link.close()


def test_a_moment_is_found_seen_opened_marked_and_captioned(
    app: InterfaceApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Path] = []
    monkeypatch.setattr(Playing, "open", lambda self, path, seconds: opened.append(path))

    async def body(pilot: Pilot[int]) -> None:
        search = app.search
        await type_in(pilot, "flag")
        await until(pilot, lambda: search.session.is_settled)
        await until(pilot, lambda: search.moments.current and search.moments.current.name == "flag.mp4")
        await until(pilot, lambda: search.preview.shown and search.preview.shown[1])
        await pilot.pause(0.2)
        rows = screen_text(app)
        assert "there is no encoder 'colours'" in rows[38]
        assert "flag" in "\n".join(rows[2:8])
        assert any(set(row[66:]) & set("▘▝▀▖▌▞▛▗▚▐▜▄▙▟█") for row in rows[2:14])
        assert "flag.mp4" in rows[35]
        await pilot.press("enter")
        assert opened == [tmp_path / "videos" / "flag.mp4"]
        await pilot.press("escape", "space", "c")
        await type_in(pilot, "a tricolour")
        await pilot.press("enter")
        await until(pilot, lambda: len(search.session.undos) == 2)
        await pilot.press("slash")
        await type_in(pilot, "tricolour")
        await until(pilot, lambda: search.session.is_settled and search.moments.moments)
        await until(pilot, lambda: search.moments.current and search.moments.current.name == "flag.mp4")
        await pilot.press("ctrl+u")
        await until(pilot, lambda: search.past.told.recent)
        assert search.past.told.recent[0].text == "flag"
        await pilot.press("f2")
        screen = app.screen
        assert isinstance(screen, LibraryScreen)
        await until(pilot, lambda: is_shown(app, "captions 1"))
        assert "/videos" in "\n".join(screen_text(app))
        assert screen.told_library is not None

    drive(app, body, (120, 40))


def test_what_cannot_be_read_is_said(app: InterfaceApp) -> None:
    async def body(pilot: Pilot[int]) -> None:
        await type_in(pilot, "flag longer:2x sea")
        await until(pilot, lambda: app.search.session.is_settled)
        await until(pilot, lambda: is_shown(app, "longer:2x is no length"))
        await pilot.press("ctrl+u")
        await type_in(pilot, "zzzqqq by:words")
        await until(pilot, lambda: app.search.session.is_settled and not app.search.moments.moments)
        await pilot.press("enter", "down", "escape", "j")

    drive(app, body)
