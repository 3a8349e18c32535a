"""Where the moments of a list stand: line by line, as cards, or as the tiles of a grid. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from mediaindex_tui.moments import Group
from mediaindex_tui.rows import CARD_PICTURE, TILE_HEIGHT, TILE_WIDTH

View = Literal["lines", "cards", "grid"]
VIEWS: tuple[View, ...] = ("lines", "cards", "grid")


@dataclass(frozen=True, slots=True)
class Spot:
    """What stands on a line: moments `first` to `last`, exclusive, and which row of them; or a heading.

    Attributes:
        heading: the group whose heading it is, None for a line of moments.
    """

    first: int
    last: int
    row: int = 0
    heading: Group | None = None


def has_heading(group: Group) -> bool:
    """Whether a heading names the video: a moment that stands alone has the name on its own line."""
    return group.count > 1


class Layout:
    """The lines of a list.

    Attributes:
        height: lines in all. columns: moments beside each other. rows: of one moment.
    """

    def __init__(self, view: View, groups: Sequence[Group], width: int) -> None:
        self.view = view
        self.groups = groups
        self.count = groups[-1].first + groups[-1].count if groups else 0
        self.columns = max(1, width // TILE_WIDTH) if view == "grid" else 1
        self.rows = {"lines": 1, "cards": CARD_PICTURE[1], "grid": TILE_HEIGHT}[view]
        self._tops: list[int] = []
        self._heads = {group.first: group for group in groups if has_heading(group)}
        if view == "grid":
            self.height = -(-self.count // self.columns) * TILE_HEIGHT
        else:
            self.height = self._stack()

    def top(self, place: int) -> int:
        """The line on which a moment begins."""
        if self.view == "grid":
            return place // self.columns * TILE_HEIGHT
        return self._tops[place] if place < len(self._tops) else 0

    def top_with_heading(self, place: int) -> int:
        """The same, or that of the heading right above it."""
        return self.top(place) - (self.view != "grid" and place in self._heads)

    def at(self, line: int) -> Spot | None:
        """What stands on a line, None below the last."""
        if not 0 <= line < self.height:
            return None
        if self.view == "grid":
            first = line // TILE_HEIGHT * self.columns
            return Spot(first, min(first + self.columns, self.count), line % TILE_HEIGHT)
        place = bisect_right(self._tops, line) - 1
        if place >= 0 and line < self._tops[place] + self.rows:
            return Spot(place, place + 1, line - self._tops[place])
        return Spot(place + 1, place + 1, heading=self._heads[place + 1])

    def places(self, first_line: int, last_line: int) -> range:
        """The moments that are seen between two lines, the last exclusive."""
        spots = [self.at(max(first_line, 0)), self.at(min(last_line, self.height) - 1)]
        if spots[0] is None or spots[1] is None:
            return range(0)
        return range(spots[0].first, spots[1].last)

    def _stack(self) -> int:
        line = 0
        for group in self.groups:
            line += has_heading(group)
            self._tops += range(line, line + group.count * self.rows, self.rows)
            line += group.count * self.rows
        return line
