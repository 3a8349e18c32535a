"""What the list holds: the moments of an answer by video, a cursor that stays on its moment, marks. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Literal

from msgspec import structs

from mediaindex_tui.messages import Moment

PER_VIDEO = 3
"""So many moments of a video stand together at the most,"""
NEAR = 4
"""and one stands with the one before it where its rank is at most so much lower."""
FIRST_PAGE = 60
PAGE = 500
SECONDS_BEFORE = 5.0
"""A player starts at the beginning of a moment, but at most so long before its best frame."""

MarkName = Literal["right", "wrong"]
RIGHT: Mapping[MarkName | None, bool | None] = {"right": True, "wrong": False, None: None}
"""Whether a mark says right; None without one."""


@dataclass(frozen=True, slots=True)
class Group:
    """Moments of one video that stand together: from `first` on, `count` of them."""

    first: int
    count: int


@dataclass(slots=True)
class MomentList:
    """The moments that are shown and the one under the cursor.

    Attributes:
        moments: in the order of the screen. groups: which of them stand together, in the same order.
        cursor: place in `moments`. touched: whether the user moved it since the query was edited.
        marks: right or wrong by the key of a moment, as far as they are known here.
        changed: marks of this query since it was asked, None for one that was taken off: an answer that
            was on its way does not know them.
    """

    moments: tuple[Moment, ...] = ()
    groups: tuple[Group, ...] = ()
    cursor: int = 0
    touched: bool = False
    marks: dict[str, MarkName] = field(default_factory=dict)
    changed: dict[str, MarkName | None] = field(default_factory=dict)
    lowest: float = 0.0
    highest: float = 0.0
    _together: list[int] = field(default_factory=list)

    def show(self, answer: Sequence[Moment]) -> None:
        """Take an answer, the best first; the cursor stays on its moment once the user has moved it."""
        here = self.current if self.touched else None
        ordered: list[Moment] = []
        groups: list[Group] = []
        for page in _pages(answer):
            for together in _by_video(page):
                groups.append(Group(len(ordered), len(together)))
                ordered += together
        self.moments, self.groups = tuple(ordered), tuple(groups)
        self._together = [group.count for group in groups for _ in range(group.count)]
        self.cursor = self._place_of(here)
        told: dict[str, MarkName | None] = {moment.key: moment.mark for moment in answer}
        self.marks = {key: mark for key, mark in (told | self.changed).items() if mark is not None}
        similar = [moment.similarity for moment in answer if moment.similarity is not None]
        self.lowest, self.highest = (min(similar), max(similar)) if similar else (0.0, 0.0)

    @property
    def current(self) -> Moment | None:
        """The moment under the cursor, None where there is none at all."""
        return self.moments[self.cursor] if self.cursor < len(self.moments) else None

    def move_to(self, place: int) -> None:
        """Put the cursor on a moment; a place beyond the ends is the end."""
        self.cursor = max(0, min(place, len(self.moments) - 1))
        self.touched = True

    def has_company(self, place: int) -> bool:
        """Whether a moment stands together with others of its video."""
        return self._together[place] > 1

    def place_of_video(self, by: int) -> int:
        """Where the group begins that stands so many groups behind the cursor's."""
        here = next((n for n, group in enumerate(self.groups) if self.cursor < group.first + group.count), 0)
        there = max(0, min(here + by, len(self.groups) - 1))
        return self.groups[there].first if self.groups else 0

    def mark(self, moment: Moment, name: MarkName) -> bool | None:
        """Mark a moment, or take the same mark off: what it is now, True for right, None without a mark."""
        right = None if self.marks.get(moment.key) == name else name == "right"
        self.set_mark(moment.key, right)
        return right

    def set_mark(self, key: str, right: bool | None) -> None:
        """Mark a moment as right or wrong, or take its mark off."""
        self.marks.pop(key, None)
        self.changed[key] = None
        if right is not None:
            self.marks[key] = self.changed[key] = "right" if right else "wrong"

    def clear_marks(self) -> None:
        """Take all marks of this query off."""
        for key in list(self.marks):
            self.set_mark(key, None)

    def edited(self) -> None:
        """The query was edited: the cursor is where its answers put it, and marks are those of the answer."""
        self.touched = False
        self.changed.clear()

    def set_absence(self, path: bytes, absence: str) -> None:
        """Say of the moments of a file that it is not there now."""
        self.moments = tuple(
            structs.replace(moment, absence=absence) if moment.path == path else moment
            for moment in self.moments
        )

    def strength(self, moment: Moment) -> int:
        """How many of five bars a moment has: by its confidence, else among the similarities shown."""
        if moment.confidence is not None:
            return max(1, min(5, round(moment.confidence * 5)))
        if moment.similarity is None:
            return 0
        width = self.highest - self.lowest
        return 5 if width <= 0 else 1 + round(4 * (moment.similarity - self.lowest) / width)

    def _place_of(self, moment: Moment | None) -> int:
        if moment is None:
            return 0
        same = [place for place, other in enumerate(self.moments) if other.key == moment.key]
        near = [place for place, other in enumerate(self.moments) if other.video_id == moment.video_id]
        return (same or near or [max(0, min(self.cursor, len(self.moments) - 1))])[0]


def seconds_to_open(moment: Moment) -> float:
    """Where a player begins."""
    return max(moment.start, moment.best - SECONDS_BEFORE, 0.0)


def assurance(moment: Moment) -> str:
    """How sure the answer is of a moment, in a word; without a calibration its similarity."""
    if moment.confidence is not None:
        return "likely" if moment.confidence >= 0.66 else "maybe" if moment.confidence >= 0.33 else "weak"
    if moment.similarity is not None:
        return f"{moment.similarity:.2f}".replace("0.", ".", 1)
    return "words"


def _pages(answer: Sequence[Moment]) -> Iterator[Sequence[Moment]]:
    """An answer in pages, each of which stays as it is when more is asked for."""
    yield answer[:FIRST_PAGE]
    for start in range(FIRST_PAGE, len(answer), PAGE):
        yield answer[start : start + PAGE]


def _by_video(page: Sequence[Moment]) -> list[list[Moment]]:
    """Moments that stand together, in the order of their best.

    One joins those of its video only where it is nearly as good, so that no weak one stands above better
    ones of other videos.
    """
    groups: list[list[Moment]] = []
    open_groups: dict[int, tuple[list[Moment], int]] = {}
    for place, moment in enumerate(page):
        group, last = open_groups.get(moment.video_id, ([], place))
        if not group or len(group) >= PER_VIDEO or place - last > NEAR:
            group = []
            groups.append(group)
        group.append(moment)
        open_groups[moment.video_id] = (group, place)
    return groups


def videos_of(moments: Sequence[Moment]) -> int:
    """Of how many videos these are."""
    return len({moment.video_id for moment in moments})


def neighbours(seconds: Sequence[float], at: float, count: int) -> list[float]:
    """The `count` sampled frames around a time, in their order; all where there are fewer."""
    if not seconds:
        return []
    nearest = min(range(len(seconds)), key=lambda place: abs(seconds[place] - at))
    first = max(0, min(nearest - count // 2, len(seconds) - count))
    return [second for second, _ in groupby(seconds[first : first + count])]
