"""The list of moments, drawn line by line in any of its three views; of any size."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from mediaindex_tui import keys, rows
from mediaindex_tui.drawn import Drawn
from mediaindex_tui.list_layout import Layout, Spot, View
from mediaindex_tui.look import Look
from mediaindex_tui.messages import Moment, Wanted
from mediaindex_tui.moments import MomentList
from mediaindex_tui.pictures_drawn import strips_of
from mediaindex_tui.rows import CARD_PICTURE, TILE_PICTURE, TILE_WIDTH, Shown
from mediaindex_tui.terminal_pictures import Drawing

BLOCKS = 64
"""So many cards or tiles are kept, more than a screen holds."""
PictureOf = Callable[[Wanted], bytes]


class ResultList(Drawn, ScrollView, can_focus=True, inherit_bindings=False):
    """The moments of an answer.

    Attributes:
        moments: what is shown; whoever changes it calls `renew`.
        picture_of: the cells of a picture, or nothing where there are none yet.
        drawing: how its pictures are drawn, if they are.
        draws_pictures: whether those that are here are drawn; not while the list is being scrolled, when
            they would be most of what is sent.
        is_weak: whether nothing here is what was asked for, so that all of it is dimmed.
    """

    BINDINGS: ClassVar[list[BindingType]] = keys.bindings("browsing")

    view: reactive[View] = reactive[View]("lines", repaint=False)

    class Chosen(Message):
        """The cursor stands on another moment."""

    class Opened(Message):
        """A moment was clicked twice."""

    class Scrolled(Message):
        """Other moments are seen than before."""

    def __init__(self, moments: MomentList, picture_of: PictureOf) -> None:
        super().__init__(id="results")
        self.moments = moments
        self.picture_of = picture_of
        self.drawing = Drawing("quadrant", "quadrant")
        self.draws_pictures = True
        self.is_weak = False
        self.layout_of_list = Layout("lines", (), 80)
        self._drawn: dict[int, Strip] = {}
        self._blocks: dict[int, tuple[object, list[Strip]]] = {}

    def renew(self, *, to_top: bool = False) -> None:
        """Draw another answer, or the same in another view or width."""
        width = self.scrollable_content_region.width or self.size.width
        self.layout_of_list = Layout(self.view, self.moments.groups, width)
        self.virtual_size = Size(width, self.layout_of_list.height)
        if to_top:
            self.scroll_to(y=0, animate=False, immediate=True)
        self._keep_cursor_visible()
        self._refresh_changes()

    def move_to(self, place: int) -> None:
        """Put the cursor on a moment and draw the two that change."""
        if not self.moments.moments:
            return
        before = self.moments.cursor
        self.moments.move_to(place)
        if self.moments.cursor != before:
            for changed in (before, self.moments.cursor):
                self.refresh_words(changed)
            self._keep_cursor_visible()
        self.post_message(self.Chosen())

    def refresh_words(self, place: int) -> None:
        """Draw a moment again, its picture aside: that would be most of what is sent."""
        layout, width = self.layout_of_list, self.size.width
        top = layout.top(place) - self.scroll_offset.y
        if self.view == "lines":
            self.refresh(Region(0, top, width, 1))
        elif self.view == "cards":
            self.refresh(Region(0, top, width - 1 - CARD_PICTURE[0], layout.rows))
        else:
            left = place % layout.columns * TILE_WIDTH
            self.refresh(Region(left, top + TILE_PICTURE[1], TILE_WIDTH, 1))

    def refresh_picture(self, wanted: Wanted) -> None:
        """Draw the moments that have this picture.

        Whole rows: Textual sends each part of a row from the left edge on, and parts that touch only once.
        """
        for place in self.visible_places:
            moment = self.moments.moments[place]
            if moment.video_id == wanted.video_id and moment.best == wanted.seconds:
                self._refresh_picture(place)

    @property
    def visible_places(self) -> range:
        """The moments that are seen now."""
        top = self.scroll_offset.y
        return self.layout_of_list.places(top, top + self.size.height)

    @property
    def page(self) -> int:
        """How many moments one view holds, at least one."""
        return max(1, len(self.visible_places) - self.layout_of_list.columns)

    def place_on_screen(self, row: int) -> int | None:
        """The moment that stands so many places behind the first that is wholly seen, from 1."""
        top = self.scroll_offset.y
        seen = [place for place in self.visible_places if self.layout_of_list.top(place) >= top]
        return seen[row - 1] if row <= len(seen) else None

    def wanted_pictures(self) -> Iterator[Wanted]:
        """The pictures that are to be seen now, the chosen one first."""
        if self.view == "lines" or self.drawing.listed is None:
            return
        here = self.moments.cursor
        for place in sorted(self.visible_places, key=lambda place: (place != here, place)):
            yield self._wanted(self.moments.moments[place])

    def render_line(self, y: int) -> Strip:
        """One row of the screen."""
        strip = self._line(y)
        self._drawn[y] = strip
        return strip

    def watch_view(self) -> None:
        """Lay the list out anew."""
        self._drawn.clear()
        self.renew()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Tell that other pictures are wanted."""
        super().watch_scroll_y(old_value, new_value)
        if round(old_value) != round(new_value):
            self.draws_pictures = False
            self.post_message(self.Scrolled())

    def draw_pictures(self) -> None:
        """Draw the pictures that are here: the cursor rests."""
        if self.draws_pictures:
            return
        self.draws_pictures = True
        if self.view != "lines" and self.drawing.listed is not None:
            for place in self.visible_places:
                if self._picture(self.moments.moments[place]):
                    self._refresh_picture(place)

    def on_resize(self) -> None:
        """Lay the list out for its new width; the cursor stays in sight."""
        self._drawn.clear()
        self.renew()
        self.post_message(self.Scrolled())

    def on_click(self, event: events.Click) -> None:
        """Choose the moment under the mouse; twice opens it."""
        spot = self.layout_of_list.at(event.y + self.scroll_offset.y)
        if spot is None or spot.heading is not None:
            return
        place = spot.first + (min(event.x // TILE_WIDTH, spot.last - spot.first - 1) if spot.last else 0)
        self.move_to(place)
        if event.chain == 2:
            self.post_message(self.Opened())

    def _line(self, y: int) -> Strip:
        width = self.size.width
        spot = self.layout_of_list.at(y + self.scroll_offset.y)
        if spot is None:
            return Strip.blank(width, self.base)
        return self._strip(spot, width).apply_style(self.base)

    def _refresh_changes(self) -> None:
        """Draw the rows that are no longer as they were: a better order often moves only a few."""
        for y in range(self.size.height):
            drawn = self._drawn.get(y)
            if drawn is None or list(drawn) != list(self._line(y)):
                self.refresh(Region(0, y, self.size.width, 1))

    def _refresh_picture(self, place: int) -> None:
        rows_of_it = TILE_PICTURE[1] if self.view == "grid" else CARD_PICTURE[1]
        top = self.layout_of_list.top(place) - self.scroll_offset.y
        self.refresh(Region(0, top, self.size.width, rows_of_it))

    def _strip(self, spot: Spot, width: int) -> Strip:
        moments, look = self.moments.moments, self.look
        if self.is_weak:
            look = replace(look, text=look.dim, strong=look.dim, accent=look.dim)
        if spot.heading is not None:
            return rows.heading(moments[spot.first], spot.heading.count, width, look)
        if self.view == "lines":
            return rows.line(self._shown(spot.first), width, look)
        if self.view == "cards":
            return self._block(spot.first, look)[spot.row]
        tiles = [self._block(place, look)[spot.row] for place in range(spot.first, spot.last)]
        return Strip.join(tiles).adjust_cell_length(width)

    def _block(self, place: int, look: Look) -> list[Strip]:
        """The rows of a card or tile, made once while nothing of it changes."""
        shown = self._shown(place)
        picture = self._picture(shown.moment)
        key = (self.view, shown, len(picture), self.size.width, look)
        known = self._blocks.get(place)
        if known is not None and known[0] == key:
            return known[1]
        is_tile = self.view == "grid"
        made = (
            rows.tile(shown, picture, look) if is_tile else rows.card(shown, picture, self.size.width, look)
        )
        if len(self._blocks) > BLOCKS:
            self._blocks.clear()
        self._blocks[place] = (key, made)
        return made

    def _shown(self, place: int) -> Shown:
        moment = self.moments.moments[place]
        return Shown(
            moment,
            place + 1,
            self.moments.strength(moment),
            self.moments.marks.get(moment.key),
            has_cursor=place == self.moments.cursor,
            digits=max(2, len(str(len(self.moments.moments)))),
            is_alone=not self.moments.has_company(place),
        )

    def _wanted(self, moment: Moment) -> Wanted:
        columns, lines = TILE_PICTURE if self.view == "grid" else CARD_PICTURE
        style = self.drawing.listed or "quadrant"
        return Wanted(moment.video_id, moment.best, columns, lines, style, self.drawing.cell)

    def _picture(self, moment: Moment) -> tuple[Strip, ...]:
        wanted = self._wanted(moment)
        draws = self.drawing.listed is not None and self.draws_pictures
        cells = self.picture_of(wanted) if draws else b""
        return strips_of(wanted, cells) if cells else ()

    def _keep_cursor_visible(self) -> None:
        """Where the cursor left the view, move the view by half its height beyond it."""
        layout, height, top = self.layout_of_list, self.size.height, self.scroll_offset.y
        if not self.moments.moments or height <= 0:
            return
        first = layout.top_with_heading(self.moments.cursor)
        last = layout.top(self.moments.cursor) + layout.rows
        if first < top:
            self.scroll_to(y=max(0, last - max(height // 2, last - first)), animate=False, immediate=True)
        elif last > top + height:
            self.scroll_to(y=first - max(0, height // 2 - (last - first)), animate=False, immediate=True)
