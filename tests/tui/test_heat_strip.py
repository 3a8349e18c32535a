"""Strip, preview and contact sheet, each alone on a screen."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from textual.app import App, ComposeResult
from textual.widget import Widget

from mediaindex_tui.contact_sheet import ContactSheet
from mediaindex_tui.drawn import Drawn
from mediaindex_tui.heat_strip import HeatStrip
from mediaindex_tui.messages import Wanted, WantStrip
from mediaindex_tui.preview import Preview
from mediaindex_tui.terminal_pictures import Drawing
from mediaindex_tui.themes import THEMES
from tests.support.fake_finder import MOMENTS, picture_cells, strip

LETTERS = Drawing("quadrant", "quadrant")


class Alone(App[None]):
    """One widget over the whole screen, with the styles of the interface."""

    CSS_PATH = "../../tui/mediaindex_tui/ui.tcss"

    def __init__(self, widget: Widget) -> None:
        super().__init__()
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = "dark"
        self.widget = widget

    def compose(self) -> ComposeResult:
        self.widget.styles.height = "100%"
        yield self.widget


def on_screen(widget: Widget, body: Callable[[], Awaitable[None]], size: tuple[int, int]) -> None:
    async def run() -> None:
        async with Alone(widget).run_test(size=size) as pilot:
            await pilot.pause()
            await body()
            await pilot.pause()

    asyncio.run(run())


def rows(widget: Drawn, count: int) -> list[str]:
    return [widget.render_line(y).text for y in range(count)]


def test_the_strip_of_a_video() -> None:
    widget = HeatStrip()

    async def body() -> None:
        widget.show(MOMENTS[0], None, 6.0)
        assert rows(widget, 4)[1] == " 0:06 of 0:21 ─ beach_walk.mp4".ljust(60)
        assert rows(widget, 4)[2].strip() == "▁" * 58
        widget.show(MOMENTS[0], strip(WantStrip(1, 1)), 6.3)
        drawn = rows(widget, 5)
        assert drawn[0] == "─" * 60
        assert drawn[1] == " 0:06 of 0:21 · peak 1 of 2 · 2 shots ─ beach_walk.mp4".ljust(60)
        assert "█" in drawn[2]
        assert drawn[3].index("▲") == 1 + int(6.3 / 21 * 58)
        assert drawn[4].strip() == ""
        widget.show(None, None, 0.0)
        assert rows(widget, 4)[1].strip() == ""

    on_screen(widget, body, (60, 5))


def test_the_preview_keeps_the_picture_before() -> None:
    widget = Preview()

    async def body() -> None:
        assert rows(widget, 1)[0].strip() == ""
        first = widget.want(1, 4.0, LETTERS)
        assert first == Wanted(1, 4.0, 42, 12)
        assert first is not None
        widget.take(first, picture_cells(first))
        before = rows(widget, 12)
        assert before[0].strip()
        second = widget.want(2, 4.0, LETTERS)
        assert second is not None
        widget.take(first, b"")  # one that nobody wants any more
        assert rows(widget, 12) == before
        widget.take(second, picture_cells(second))
        widget.clear()
        assert rows(widget, 1)[0].strip() == ""

    on_screen(widget, body, (44, 12))


def test_no_picture_is_wanted_where_there_is_no_room() -> None:
    widget = Preview()

    async def body() -> None:
        assert widget.want(1, 4.0, LETTERS) is None

    on_screen(widget, body, (17, 12))


def test_the_sheet_shows_frames_around_a_time() -> None:
    widget = ContactSheet(picture_cells)
    every = tuple(float(second) for second in range(20))

    async def body() -> None:
        assert widget.capacity == 6
        widget.show(1, every, 10.0)
        assert widget.seconds == [7.0, 8.0, 9.0, 10.0, 11.0, 12.0]
        drawn = rows(widget, 12)
        assert drawn[5].split() == ["0:07", "0:08", "0:09"]
        assert "▌0:10" in drawn[11]
        assert drawn[0].strip()
        widget.show(1, every, 8.0)  # among those shown: they stay
        assert widget.seconds[0] == 7.0
        assert len(list(widget.wanted_pictures())) == 6
        widget.show(0, (), 0.0)
        assert rows(widget, 12)[5].strip() == ""

    on_screen(widget, body, (54, 13))  # one row is left free above it
