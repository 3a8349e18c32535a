"""What a query is made of: parts with words to look for, filters, and problems with what cannot be read.

Spans are code points of the typed text, the end exclusive. They say where something stands, not what it
means: two queries are equal where they ask for the same.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, NamedTuple

from mediaindex.search.language.durations import duration_text

if TYPE_CHECKING:
    from mediaindex.search.answer import Channel

Value = str | datetime.date | int

KEYS = ("in", "after", "before", "on", "longer", "shorter", "camera", "by", "is", "like")
CHANNELS: tuple[Channel, ...] = ("words", "pictures", "both")
STATES = ("online", "marked")
QUOTES = (('"', '"'), ("“", "”"), ("«", "»"))
THEN_SECONDS = 60
"""So long after the end of a part the next one begins at the latest, where nothing else is said."""
SHOWN_LENGTH = 80


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in a query that was left out, and what to write in its place."""

    start: int
    end: int
    text: str


class Token(NamedTuple):
    """One item as it was typed, for whoever reads, colours or completes it.

    Attributes:
        key: in front of the colon, in lower case; empty where there is none.
        value: the word, the content of the phrase, or what stands behind the colon. value_start: where.
        negated: whether a minus stands in front.
    """

    kind: Literal["word", "phrase", "filter", "then"]
    start: int
    end: int
    value: str
    value_start: int
    key: str = ""
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """A word or a phrase to look for, or to leave out."""

    text: str
    is_phrase: bool = False
    is_negated: bool = False
    start: int = field(default=0, compare=False)
    end: int = field(default=0, compare=False)

    def __str__(self) -> str:
        typed = quoted(self.text) if self.is_phrase else self.text
        return f"-{typed}" if self.is_negated else typed


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter: a first day that counts (`after`), a first that does not (`before`), a length, a name.

    Attributes:
        value: a day of `after` and `before`, seconds of `longer` and `shorter`, else text.
        typed: the item as it stands in the query; `on:2024` is two filters.
    """

    key: str
    value: Value
    typed: str = field(default="", compare=False)
    start: int = field(default=0, compare=False)
    end: int = field(default=0, compare=False)

    def __str__(self) -> str:
        if isinstance(self.value, datetime.date):
            return f"{self.key}:{self.value.isoformat()}"
        if isinstance(self.value, int):
            return f"{self.key}:{duration_text(self.value)}"
        return f"{self.key}:{bare_or_quoted(self.value)}"


@dataclass(frozen=True, slots=True)
class Part:
    """What one moment has to show or say.

    Attributes:
        like: PATH or PATH@SECONDS of an example, None without one.
        within_seconds: so soon after the part before it begins; of no meaning in the first part.
    """

    items: tuple[Item, ...] = ()
    like: Filter | None = None
    within_seconds: int = THEN_SECONDS

    @property
    def text(self) -> str:
        """The words to look for, those of phrases too, in the order in which they were typed."""
        return " ".join(item.text for item in self.items if not item.is_negated)

    @property
    def phrases(self) -> tuple[str, ...]:
        """What has to be said word for word."""
        return tuple(item.text for item in self.items if item.is_phrase and not item.is_negated)

    @property
    def excluded(self) -> tuple[str, ...]:
        """The words and phrases that must not be there."""
        return tuple(item.text for item in self.items if item.is_negated)

    @property
    def says_what(self) -> bool:
        """Whether it names anything to look for."""
        return self.like is not None or any(not item.is_negated for item in self.items)

    def __str__(self) -> str:
        return " ".join(map(str, (*self.items, *([self.like] if self.like else []))))


@dataclass(frozen=True, slots=True)
class Query:
    """A query as it was understood.

    Attributes:
        parts: one after the other in time. filters: all hold, but of several `in` or `camera` one.
        channel: that may answer, None where nothing is said. problems: by their place in the text.
        unfinished: whether the last word is still being typed.
    """

    parts: tuple[Part, ...]
    filters: tuple[Filter, ...] = ()
    channel: Channel | None = None
    problems: tuple[Problem, ...] = field(default=(), compare=False)
    tokens: tuple[Token, ...] = field(default=(), compare=False)
    unfinished: bool = field(default=False, compare=False)

    @property
    def says_what(self) -> bool:
        """Whether it names anything to look for."""
        return any(part.says_what for part in self.parts)

    def without_examples(self, gone: Iterable[Filter]) -> Query:
        """The same query without some examples, and without the parts that then say nothing to look for."""
        names = {(one.start, one.value) for one in gone}
        parts = [
            replace(part, like=None) if part.like and (part.like.start, part.like.value) in names else part
            for part in self.parts
        ]
        return replace(self, parts=tuple(part for part in parts if part.says_what)) if names else self

    def with_problems(self, problems: Iterable[Problem]) -> Query:
        """The same query with further problems among its own, in the order of the text."""
        every = sorted((*self.problems, *problems), key=lambda problem: (problem.start, problem.end))
        return replace(self, problems=tuple(every))

    @property
    def canonical(self) -> str:
        """The query in one form: parsed again it is the same, on any day."""
        words = [str(part) for part in self.parts[:1]]
        for part in self.parts[1:]:
            seconds = part.within_seconds
            words += ["then" if seconds == THEN_SECONDS else f"then:{duration_text(seconds)}", str(part)]
        words += map(str, self.filters)
        return " ".join([*words, *([f"by:{self.channel}"] if self.channel else [])])


def quoted(text: str) -> str:
    """Text between the first quotation marks whose closing one it does not hold.

    Raises:
        ValueError: it holds all of them; what was read from a query never does.
    """
    for opening, closing in QUOTES:
        if closing not in text:
            return opening + text + closing
    raise ValueError(f"{text!r} holds every closing quotation mark")


def bare_or_quoted(value: str) -> str:
    """A value as it can stand behind a colon."""
    is_bare = re.fullmatch(r"\S+", value) is not None and value[0] not in (marks[0] for marks in QUOTES)
    return value if is_bare else quoted(value)


def shown(typed: str) -> str:
    """An item as a message names it: on one line of a terminal, however long it is."""
    return typed if len(typed) <= SHOWN_LENGTH else typed[: SHOWN_LENGTH - 1] + "…"
