"""Whole screens as they were looked at: what stands where, and in which style.

`UPDATE_SNAPSHOTS=1 pytest tests/tui/test_snapshots.py` writes them anew; then look at the difference. They
are text, so that it can be read; `scripts/screens.py` makes pictures of the same screens.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterable, Iterator
from itertools import groupby
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.cells import cell_len
from rich.segment import Segment
from textual.pilot import Pilot

from mediaindex_tui import library_lines
from mediaindex_tui.app import InterfaceApp
from mediaindex_tui.library_screen import LibraryScreen
from mediaindex_tui.messages import GLYPHS, PastTold, Status
from tests.support.fake_finder import FakeFinder, past
from tests.support.pilots import drive, is_shown, type_in, until

Build = Callable[..., InterfaceApp]
Body = Callable[[Pilot[int], InterfaceApp], Awaitable[None]]
SNAPSHOTS = Path(__file__).with_name("snapshots")


def drawn(app: InterfaceApp) -> str:
    """The rows of the screen, and below them the styles of each; those of pictures aside, which are many."""
    strips = app.screen._compositor.render_strips()
    styles = [f"{y:2} {'; '.join(runs)}" for y, strip in enumerate(strips) if (runs := list(_runs(strip)))]
    return "\n".join([*(strip.text.rstrip() for strip in strips), "", *styles]) + "\n"


def _runs(segments: Iterable[Segment]) -> Iterator[str]:
    """(columns, style) of each stretch of text."""
    column = 0
    for style, same in groupby(segments, key=lambda segment: str(segment.style or "")):
        text = "".join(segment.text for segment in same)
        if text.strip(f"{GLYPHS} "):
            yield f"{column}-{column + cell_len(text)} {style}"
        column += cell_len(text)


async def start(pilot: Pilot[int], app: InterfaceApp) -> None:
    await until(pilot, lambda: is_shown(app, "dog beach"))


def has_its_pictures(app: InterfaceApp) -> bool:
    """Whether every picture of the screen has come, and is drawn."""
    search = app.search
    wanted = [*search.results.wanted_pictures(), *search.sheet.wanted_pictures()]
    is_large = search.preview.shown is not None or not search.shows_side or app.drawing.large is None
    return is_large and not search._arrived and all(one in app.picture_cache for one in wanted)


async def results(pilot: Pilot[int], app: InterfaceApp) -> None:
    await type_in(pilot, "dog")
    await pilot.press("tab", "down")
    await until(pilot, lambda: app.search.strips)
    await until(pilot, lambda: has_its_pictures(app))
    await pilot.pause(0.1)


async def caption(pilot: Pilot[int], app: InterfaceApp) -> None:
    await results(pilot, app)
    await pilot.press("x", "c", *"Rex")
    await until(pilot, lambda: is_shown(app, "Rex"))


async def library(pilot: Pilot[int], app: InterfaceApp) -> None:
    await pilot.press("f2")
    await until(pilot, lambda: isinstance(app.screen, LibraryScreen) and app.screen.told_library)
    await until(pilot, lambda: is_shown(app, "/videos/cam"))


async def help_screen(pilot: Pilot[int], app: InterfaceApp) -> None:
    await pilot.press("f1")
    await until(pilot, lambda: is_shown(app, "Typing (the cursor"))


async def first_start(pilot: Pilot[int], app: InterfaceApp) -> None:
    await until(pilot, lambda: is_shown(app, "there is no such folder"))


SMALL, LARGE = (80, 24), (120, 40)
SCREENS: dict[str, tuple[Body, tuple[int, int], dict[str, object]]] = {
    "start": (start, SMALL, {}),
    "lines": (results, SMALL, {"view": "lines"}),
    "lines-light": (results, SMALL, {"view": "lines", "theme": "light"}),
    "lines-high-contrast": (results, SMALL, {"view": "lines", "theme": "high-contrast"}),
    "lines-ascii": (results, SMALL, {"view": "lines", "images": "off", "is_ascii": True}),
    "cards": (results, LARGE, {"view": "cards"}),
    "grid": (results, SMALL, {"view": "grid"}),
    "caption": (caption, SMALL, {"view": "lines"}),
    "library-small": (library, SMALL, {}),
    "library": (library, LARGE, {}),
    "help": (help_screen, LARGE, {}),
    "first-start": (first_start, SMALL, {}),
}


@pytest.mark.parametrize("name", SCREENS)
def test_a_screen_is_as_it_was(
    name: str, interface: Build, finder: FakeFinder, monkeypatch: pytest.MonkeyPatch
) -> None:
    body, size, settings = SCREENS[name]
    monkeypatch.setattr(library_lines, "time", SimpleNamespace(time=lambda: 1.7e9 + 7300.0))
    monkeypatch.setattr(library_lines, "_hour", lambda at: f"{int(at) // 3600 % 24:02}:00")
    finder.past = PastTold(saved=(past("dancing at night"),), recent=(past("dog beach", opened=3),))
    if name == "first-start":
        monkeypatch.setattr("mediaindex_tui.first_screen.likely_folder", lambda: "/no/such/folder")
        monkeypatch.setattr("mediaindex_tui.first_screen.FirstScreen._room", lambda _self: "")
        finder.videos, finder.moments, finder.status = 0, (), Status(0, 0.0)
    app = interface(**settings)
    seen: list[str] = []

    async def look(pilot: Pilot[int]) -> None:
        await body(pilot, app)
        await pilot.pause()
        seen.append(drawn(app))

    drive(app, look, size)
    stored = SNAPSHOTS / f"{name}.txt"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        stored.parent.mkdir(exist_ok=True)
        stored.write_text(seen[0], encoding="utf-8")
    assert seen[0] == stored.read_text(encoding="utf-8")
