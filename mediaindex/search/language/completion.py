"""What may follow the letters at the caret: keys, then values, then words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from mediaindex.search.language.lexer import tokens
from mediaindex.search.language.spelling import folded
from mediaindex.search.language.syntax import CHANNELS, KEYS, QUOTES, STATES, Token, bare_or_quoted

MOST = 6


class Known(NamedTuple):
    """What a library can complete with, each list in the order in which it is offered.

    Attributes:
        folders, cameras: by name. days: of recordings, YYYY-MM-DD.
        words: of its names, tags and lines, the most frequent first.
    """

    folders: Sequence[str] = ()
    cameras: Sequence[str] = ()
    days: Sequence[str] = ()
    words: Sequence[str] = ()


class Completion(NamedTuple):
    """`text` in place of what stands from `start` to `end`."""

    start: int
    end: int
    text: str


def complete(text: str, caret: int, known: Known) -> tuple[Completion, ...]:
    """What the item that ends at the caret may become, the likeliest first, `MOST` at the most.

    A finished word, and the inside of one, are left alone.
    """
    token = unfinished(text, caret)
    if token is None:
        return ()
    offers = _values(token, known) if token.kind == "filter" else _words(token, known)
    return tuple(islice(offers, MOST))


def unfinished(text: str, caret: int) -> Token | None:
    """The item that ends at the caret; None where there is none, or it is quoted to its end."""
    if text[caret - 1 : caret] in {closing for _opening, closing in QUOTES}:
        return None
    return next((token for token in tokens(text) if token.end == caret), None)


def _values(token: Token, known: Known) -> Iterator[Completion]:
    """Values of a key that go on as the typed one does; those of other cameras hold it anywhere."""
    days = ("today", "yesterday", *known.days)
    names: dict[str, Sequence[str]] = {
        "in": known.folders,
        "camera": known.cameras,
        "by": CHANNELS,
        "is": STATES,
        **dict.fromkeys(("after", "before", "on"), days),
    }
    offered = [name for name in names.get(token.key, ()) if _can_be_typed(name)]
    holding = [name for name in offered if folded(token.value) in folded(name)]
    for name in _going_on(token.value, offered, then=holding if token.key == "camera" else ()):
        yield Completion(token.start, token.end, f"{token.key}:{bare_or_quoted(name)}")


def _words(token: Token, known: Known) -> Iterator[Completion]:
    """Keys and words that go on as the typed word does."""
    if token.kind == "then" or not token.value.strip():
        return
    is_key_possible = token.kind == "word" and not token.negated
    keys = [f"{key}:" for key in KEYS] if is_key_possible else []
    _before, _, typed = token.value.rpartition(" ")
    start = token.value_start + len(token.value) - len(typed)
    offered = [*_going_on(token.value, keys), *(_going_on(typed, known.words) if typed else ())]
    for word in offered:
        yield Completion(start, token.end, word)


def _going_on(typed: str, names: Iterable[str], *, then: Iterable[str] = ()) -> list[str]:
    """The names that begin as typed, without the one that is typed in full; then those of `then`."""
    wanted = folded(typed)
    begun = [name for name in names if folded(name).startswith(wanted)]
    return [name for name in dict.fromkeys([*begun, *then]) if folded(name) != wanted]


def _can_be_typed(name: str) -> bool:
    return any(closing not in name for _opening, closing in QUOTES)
