"""Keys that come in heaps are carried out in their order."""

from __future__ import annotations

import asyncio

import pytest
from textual import events
from textual.app import App, ComposeResult
from textual.widgets import Input

from mediaindex.safe_text import UNSAFE
from mediaindex_tui.folder_line import FolderLine
from mediaindex_tui.help_screen import FilterInput
from mediaindex_tui.orderly_input import EDITING_KEYS, OrderlyInput
from mediaindex_tui.palette import PaletteInput
from mediaindex_tui.prompt_line import PromptInput
from mediaindex_tui.query_line import QueryLine
from tests.support.pilots import until


class One(App[None]):
    """Nothing but one input."""

    def __init__(self, line: Input) -> None:
        super().__init__()
        self.line = line

    def compose(self) -> ComposeResult:
        yield self.line


def typed(line: Input, *keys: str) -> str:
    """What stands in an input after some keys that came at once."""

    async def run() -> str:
        app = One(line)
        async with app.run_test() as pilot:
            line.focus()
            await pilot.pause()
            for key in keys:
                app.post_message(events.Key(key, key if len(key) == 1 else None))
            await pilot.pause()
            await pilot.pause()
        return line.value

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        (("b", "e", "c", "backspace", "a", "c", "h"), "beach"),
        (("d", "o", "g", "ctrl+u", "s", "e", "a"), "sea"),
        (("e", "a", "home", "s"), "sea"),
        (("s", "e", "left", "left", "delete", "h", "end", "x"), "hex"),
    ],
)
def test_letters_do_not_overtake_editing_keys(keys: tuple[str, ...], value: str) -> None:
    assert typed(OrderlyInput(), *keys) == value


@pytest.mark.parametrize("kind", [QueryLine, PromptInput, FolderLine, FilterInput, PaletteInput])
def test_no_control_gets_in(kind: type[OrderlyInput]) -> None:
    """Neither pasted nor set nor typed: the line shows its value as it is."""
    hostile = "a\x1b[31m\x07\x7f\x9b31m\u2028\u202e\u2066\ud800z"

    async def run() -> list[str]:
        line = kind()
        app = One(line)
        seen = []
        async with app.run_test() as pilot:
            line.focus()
            line.value = hostile
            seen.append(line.value)
            line.value = ""
            line.post_message(events.Paste(hostile))
            await until(pilot, lambda: line.value)  # type: ignore[arg-type]
            seen.append(line.value)
            line.value = ""
            app.post_message(events.Key("x", "\x9b"))
            app.post_message(events.Key("y", "y"))
            await until(pilot, lambda: "y" in line.value)  # type: ignore[arg-type]
            seen.append(line.value)
        return seen

    for value in asyncio.run(run()):
        assert not UNSAFE.search(value)
        assert value


def test_every_line_that_is_typed_into_is_orderly() -> None:
    kinds = (QueryLine, PromptInput, FolderLine, FilterInput, PaletteInput)
    assert all(issubclass(kind, OrderlyInput) for kind in kinds)
    assert {"backspace", "delete", "left", "right", "home", "end", "ctrl+u", "ctrl+w"} <= set(EDITING_KEYS)
    assert not {"enter", "ctrl+c", "ctrl+v"} & set(EDITING_KEYS)
