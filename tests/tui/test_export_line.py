"""What the line that exports asks for, and the command that comes of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from mediaindex_tui import search_screen
from mediaindex_tui.app import InterfaceApp
from mediaindex_tui.export_line import ENDINGS, Export, likely_path
from mediaindex_tui.messages import SubmitRequest
from tests.support.fake_finder import MOMENTS, FakeFinder, moment
from tests.support.pilots import drive, is_shown, screen_text, type_in, until

Build = Callable[..., InterfaceApp]


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation that has the command, as far as the interface asks."""
    monkeypatch.setattr(search_screen, "has_command", lambda name: name == "export")


def test_the_formats_turn_with_the_end_of_the_path() -> None:
    export, text = Export(MOMENTS[:2]), "/tmp/mine.otio"
    seen = []
    for _ in ENDINGS:
        seen.append((export.label, text))
        export, text = export.turned(text)
    assert seen[:2] == [
        ("export 2 moments as otio to", "/tmp/mine.otio"),
        ("export 2 moments as fcpxml to", "/tmp/mine.fcpxml"),
    ]
    assert (export.format, text) == ("otio", "/tmp/mine.otio")
    assert seen[-1][1] == "/tmp/mine"  # a folder of clips
    assert Export(MOMENTS[:1]).turned("/tmp/odd.txt")[1] == "/tmp/odd.txt.fcpxml"


def test_the_command_has_every_moment_under_its_bytes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    odd = moment(1, 1, 4.0, path=b"/caf\xe9@x.mp4", end=8.25)
    request = Export([odd, MOMENTS[1]], "edl").request("~/a b.edl")
    assert request == SubmitRequest(
        ("export", "--format", "edl"),
        (
            *(b"--out", os.fsencode(tmp_path / "a b.edl")),
            *(b"--cut", b"/caf\xe9@x.mp4@4.000-8.250"),
            *(b"--cut", b"/videos/animals/playing_dog.mp4@0.000-4.000"),
        ),
    )


def test_where_files_may_lie(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert likely_path("edl") == "~/marked.edl"
    (tmp_path / "Desktop").mkdir()
    assert likely_path("clips") == "~/Desktop/marked"


def test_the_marked_are_exported_else_the_one_under_the_cursor(
    interface: Build, finder: FakeFinder, installed: None, tmp_path: Path
) -> None:
    finder.moments = tuple(moment(n, n, 0.0) for n in (1, 2, 3))
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await type_in(pilot, "dog")
        await pilot.press("escape", "e")
        await until(pilot, lambda: is_shown(app, "export 1 moment as otio to"))
        assert "Tab next format" in screen_text(app)[23]
        await pilot.press("tab", "tab")
        await until(pilot, lambda: is_shown(app, "as xmeml to"))
        assert app.search.prompt.input.value.endswith("marked.xml")
        app.search.prompt.input.value = f"{tmp_path}/cut.xml"
        await pilot.press("enter")
        await until(pilot, lambda: finder.asked(SubmitRequest))
        assert app.search.state == "browsing"
        await pilot.press("space", "space", "e")
        await until(pilot, lambda: is_shown(app, "export 2 moments as otio to"))
        await pilot.press("escape")

    drive(app, body)
    (asked,) = finder.asked(SubmitRequest)
    assert asked.words == ("export", "--format", "xmeml")
    assert asked.rest[1] == os.fsencode(tmp_path / "cut.xml")
    assert asked.rest[2:] == (b"--cut", b"/videos/Holiday 2024/beach_walk.mp4@0.000-4.000")


def test_an_installation_without_the_command_says_so(
    interface: Build, finder: FakeFinder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_screen, "has_command", lambda _name: False)
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await pilot.press("escape", "tab")
        app.search.action_export()
        await until(pilot, lambda: is_shown(app, "no moment to export"))
        await type_in(pilot, "dog")
        await pilot.press("escape", "e")
        await until(pilot, lambda: is_shown(app, "this installation has no `mediaindex export`"))

    drive(app, body)
    assert not finder.asked(SubmitRequest)


def test_a_format_of_the_palette_is_the_first_that_is_asked_for(
    interface: Build, finder: FakeFinder, installed: None
) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await type_in(pilot, "dog")
        await app.run_action("screen.export_as('mpv-edl')", app.search)
        await until(pilot, lambda: is_shown(app, "export 1 moment as mpv-edl to"))
        assert app.search.prompt.input.value.endswith("marked.edl")
        await pilot.press("tab")
        await until(pilot, lambda: is_shown(app, "as m3u to"))

    drive(app, body)
