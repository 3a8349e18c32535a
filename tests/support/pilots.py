"""Drive the interface without a terminal, and wait on conditions rather than on time."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any

from textual.pilot import Pilot

from mediaindex_tui.app import InterfaceApp

Drive = Callable[[Pilot[int]], Awaitable[None]]
SECONDS = float(os.environ.get("UI_SECONDS", "60"))


def drive(app: InterfaceApp, body: Drive, size: tuple[int, int] = (80, 24)) -> None:
    """Run the application at a size, and `body` over it."""

    async def run() -> None:
        async with app.run_test(size=size) as pilot:
            await until(pilot, lambda: "pictures" in app.ready)
            await body(pilot)

    asyncio.run(run())


async def until(pilot: Pilot[int], condition: Callable[[], Any]) -> None:
    """Wait until something holds; fails after a minute."""
    loop = asyncio.get_running_loop()
    end = loop.time() + SECONDS
    while not condition():
        assert loop.time() < end, "waited in vain"
        await pilot.pause(0.01)


async def type_in(pilot: Pilot[int], text: str) -> None:
    """Type a text, key by key."""
    await pilot.press(*("space" if letter == " " else letter for letter in text))
    await pilot.pause()


def screen_text(app: InterfaceApp) -> list[str]:
    """The rows of the screen as they are drawn now."""
    width, height = app.size
    strips = app.screen._compositor.render_strips()
    rows = [strip.text for strip in strips]
    assert len(rows) == height
    assert {strip.cell_length for strip in strips} == {width}
    return rows


def row_shows(app: InterfaceApp, row: int, text: str) -> bool:
    """Whether a text is in a row of the screen; also while the screen takes another size."""
    strips = app.screen._compositor.render_strips()
    return len(strips) == app.size.height and text in strips[row].text


def is_shown(app: InterfaceApp, text: str) -> bool:
    """Whether a text is on the screen; also while a screen is still being made."""
    return text in "\n".join(strip.text for strip in app.screen._compositor.render_strips())
