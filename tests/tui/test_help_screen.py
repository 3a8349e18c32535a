"""Help and palette are made from the table of keys, and show all of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

import pytest
from textual.command import CommandPalette
from textual.pilot import Pilot

from mediaindex_tui.app import InterfaceApp
from mediaindex_tui.help_screen import HelpScreen, help_lines
from mediaindex_tui.keys import ACTIONS, STATES, keymap, shown_keys
from mediaindex_tui.messages import Ask
from mediaindex_tui.text_lines import TextLines
from mediaindex_tui.text_screen import TextScreen
from tests.support.fake_finder import FakeFinder
from tests.support.paths import CHECKOUT
from tests.support.pilots import drive, is_shown, screen_text, type_in, until

Build = Callable[..., InterfaceApp]


def text_of(wanted: str = "") -> str:
    return "\n".join("".join(text for text, _ in line) for line in help_lines(keymap({}), wanted))


def test_every_binding_stands_in_help_and_nothing_else() -> None:
    lines = text_of().splitlines()
    for state in STATES:
        for action in ACTIONS:
            if state in action.keys and not action.name.startswith("row_"):
                assert any(
                    line.startswith(f" {shown_keys(action.keys[state])} ") and line.endswith(action.help)
                    for line in lines
                ), (state, action.name)
    bound = sum(
        state in action.keys and not action.name.startswith("row_") for state in STATES for action in ACTIONS
    )
    assert len(
        [line for line in lines if any(line.endswith(action.help) for action in ACTIONS)]
    ) == bound + sum(not action.keys for action in ACTIONS)


def test_every_binding_stands_in_the_page_and_nothing_else() -> None:
    page = (CHECKOUT / "docs" / "tui.md").read_text(encoding="utf-8")
    rows = set(re.findall(r"^\| (.+?) \| `(\w+)` \| (.+?) \|$", page, re.MULTILINE))
    expected = set()
    for action in ACTIONS:
        keys = (
            "; ".join(
                f"{shown_keys(action.keys[state])} ({state})" for state in STATES if state in action.keys
            )
            or "palette"
        )
        expected.add((keys.replace("|", "\\|"), action.name, action.help))
    assert rows == expected


def test_typing_filters(interface: Build) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await type_in(pilot, "dog")
        await pilot.press("escape", "question_mark")
        await pilot.pause()
        assert isinstance(app.screen, HelpScreen)
        await pilot.press("pagedown", "down", "up", "pageup")
        await type_in(pilot, "caption")
        text = "\n".join(screen_text(app))
        assert "write a caption" in text
        assert "next moment" not in text
        await pilot.press("f1")
        await until(pilot, lambda: app.screen is app.search)
        await pilot.press("f1", "escape")
        await until(pilot, lambda: app.screen is app.search)

    drive(app, body)


@pytest.mark.parametrize("width", [60, 80])
def test_no_line_is_cut(interface: Build, width: int) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await pilot.press("f1")
        await until(pilot, lambda: app.screen.query("#help-text"))
        await pilot.pause()
        lines = app.screen.query_one("#help-text", TextLines).text.splitlines()
        assert max(map(len, lines)) < width
        words = " ".join(" ".join(lines).split())
        for action in ACTIONS:
            assert action.help in words or action.name.startswith("row_")

    drive(app, body, (width, 24))


def test_settings_change_what_help_says() -> None:
    lines = help_lines(keymap({"open": "enter,p"}))
    assert any(line[0][0].startswith(" Enter p") for line in lines if line)


def test_the_palette_runs_what_is_chosen(interface: Build, finder: FakeFinder) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await type_in(pilot, "dog")
        await pilot.press("ctrl+p")
        await until(pilot, lambda: isinstance(app.screen, CommandPalette))
        await type_in(pilot, "words alone")
        await until(pilot, lambda: is_shown(app, "ask the words alone"))
        await pilot.press("enter")
        await pilot.pause()
        if isinstance(app.screen, CommandPalette):  # the first Enter may only have chosen it
            await pilot.press("enter")
        await until(pilot, lambda: finder.asked(Ask)[-1].text == "dog by:words")

    drive(app, body)


@pytest.mark.parametrize("opening", ["ctrl+p", "f1"])
@pytest.mark.parametrize("key", ["ctrl+q", "ctrl+c"])
def test_one_can_leave_from_here_too(interface: Build, opening: str, key: str) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await pilot.press(opening)
        await until(pilot, lambda: app.screen is not app.search and app.focused)
        await pilot.press(key)
        await until(pilot, lambda: app.return_value == 0)

    drive(app, body)


def test_pages_of_the_palette(interface: Build) -> None:
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        app.say("something was said")
        for action, told in (("notices", "something was said"), ("report", "pictures quadrant")):
            await app.run_action(action)
            await until(pilot, lambda: isinstance(app.screen, TextScreen))
            await until(pilot, partial(is_shown, app, told))
            await pilot.press("escape")
        await app.run_action("settings")
        await pilot.pause()
        assert "config.toml" in "\n".join(screen_text(app))

    drive(app, body, (120, 24))
