"""Keys that arrive all at once do what they do one by one, across the places that have the focus."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from textual import events
from textual.pilot import Pilot
from textual.widgets import Input

from mediaindex_tui.app import InterfaceApp
from mediaindex_tui.help_screen import HelpScreen
from mediaindex_tui.key_order import LOST_SECONDS
from mediaindex_tui.messages import Ask
from mediaindex_tui.palette import Palette
from mediaindex_tui.playing import Playing
from tests.support.fake_finder import FakeFinder
from tests.support.pilots import drive, type_in, until

Build = Callable[..., InterfaceApp]


def press_at_once(app: InterfaceApp, *keys: str) -> None:
    """Let keys arrive before the first of them was heeded."""
    for key in keys:
        app.post_message(events.Key(key, key if len(key) == 1 else None))


def test_nothing_is_lost_that_was_typed_before_the_first_screen(interface: Build, finder: FakeFinder) -> None:
    app = interface()

    async def run() -> None:
        press_at_once(app, *"dog", "tab", "j")
        async with app.run_test(size=(80, 24)) as pilot:
            await until(pilot, lambda: app.search.moments.cursor == 1)

    asyncio.run(run())
    assert app.search.line.value == "dog"
    assert finder.asked(Ask)[-1].text == "dog"


def test_letters_behind_tab_are_commands(interface: Build, finder: FakeFinder) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        press_at_once(app, *"dog", "tab", "slash", *"sea", "tab")
        await until(pilot, lambda: app.search.session.is_settled and app.search.state == "browsing")
        press_at_once(app, "j", "j", "x")
        await until(pilot, lambda: app.search.moments.marks.get("1:0") == "wrong")
        press_at_once(app, "i", *"a_cat", "escape", "j")
        await until(pilot, lambda: app.search.state == "browsing")
        await until(pilot, lambda: app.search.moments.cursor == 1)

    drive(app, body)
    asked = [ask.text for ask in finder.asked(Ask)]
    assert asked[-1] == "a_cat"
    assert {"dog", "sea"} <= set(asked)
    assert not any("j" in text or "x" in text for text in asked)


def test_a_moment_is_opened_that_answers_all_that_was_typed(
    interface: Build, finder: FakeFinder, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = interface()
    opened: list[str] = []
    monkeypatch.setattr(Playing, "open", lambda self, path, seconds: opened.append(app.search.session.text))

    async def body(pilot: Pilot[int]) -> None:
        press_at_once(app, *"dog", "tab", "enter")
        await until(pilot, lambda: opened)

    drive(app, body)
    assert opened == ["dog"]


def test_what_is_typed_behind_a_key_that_opens_a_screen_is_typed_there(interface: Build) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        for written, (key, kind) in enumerate((("f1", HelpScreen), ("ctrl+p", Palette)), start=1):
            press_at_once(app, key, *"mark")
            await until(pilot, lambda kind=kind: isinstance(app.screen, kind))  # type: ignore[misc]
            await until(pilot, lambda: [one.value for one in app.screen.query(Input)] == ["mark"])
            press_at_once(app, "escape", *"do")
            await until(pilot, lambda written=written: app.search.line.value == "do" * written)  # type: ignore[misc]

    drive(app, body)


def test_a_paste_keeps_its_place_among_keys(interface: Build) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        press_at_once(app, *"dog", "escape", "slash")
        app.post_message(events.Paste("sea"))
        press_at_once(app, "s")
        await until(pilot, lambda: app.search.line.value == "seas")

    drive(app, body)


def test_no_completion_of_before_is_taken(interface: Build, finder: FakeFinder) -> None:
    """The letter behind which it fits no more has come, and its answer has not."""
    finder.ghosts = {"bea": "ch"}
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await type_in(pilot, "bea")
        await until(pilot, lambda: app.search.line.can_complete)
        press_at_once(app, "n", "right", "s")
        await until(pilot, lambda: app.search.line.value.endswith("s"))

    drive(app, body)
    assert app.search.line.value == "beans"


def test_a_command_that_went_down_with_its_screen_holds_no_key(
    interface: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        monkeypatch.setattr("mediaindex_tui.key_order.LOST_SECONDS", LOST_SECONDS / 20)
        app._command = events.Key("tab", None)  # nobody will bring it back
        press_at_once(app, *"dog")
        await until(pilot, lambda: app.search.line.value == "dog")

    drive(app, body)
