"""A token with a key → filters, or the problem with it."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence

from mediaindex.search.language.days import days_of, may_become_a_day
from mediaindex.search.language.durations import may_become_a_length, seconds_of
from mediaindex.search.language.spelling import key_meant
from mediaindex.search.language.syntax import CHANNELS, KEYS, STATES, Filter, Problem, Token, Value, shown

_DAYS = ("after", "before", "on")
_LENGTHS = ("longer", "shorter")
_ONE_OF: dict[str, Sequence[str]] = {"by": CHANNELS, "is": STATES}
NO_LENGTH = "is no length: write 90, 90s, 2m, 1h30m or 1:30:00"
_WRONG = {
    **dict.fromkeys(_DAYS, "is no day: write 2024-05-31, 2024-05, 2024, yesterday or 7d"),
    **dict.fromkeys(_LENGTHS, NO_LENGTH),
    "by": "is no channel: write by:words, by:pictures or by:both",
    "is": "says nothing that is known: write is:online or is:marked",
    "in": "names no folder and no video",
    "camera": "names no camera",
    "like": "names no moment: write like:PATH@SECONDS",
}
"""What is wrong with a value of a key, and what to write in its place."""


def read_filter(
    token: Token, typed: str, today: datetime.date, *, at_caret: bool
) -> tuple[Filter, ...] | Problem:
    """The filters that a token stands for: two for `on`, none for one that is half typed.

    Args:
        typed: the token's own text.
        at_caret: whether it is being typed, so that more letters may make sense of it.
    """
    if token.key not in KEYS:
        meant = key_meant(token.key, KEYS, has_value=True)
        return Problem(token.start, token.end, f"{token.key}: did you mean {meant}:?")
    if token.negated:
        text = f"{shown(typed)}: a filter cannot be turned round; a minus leaves out words"
        return Problem(token.start, token.end, text)
    try:
        meanings = _meanings(token.key, token.value, today)
    except ValueError:
        if at_caret and _may_become_one(token.key, token.value, today):
            return ()
        return Problem(token.start, token.end, f"{shown(typed)} {_WRONG[token.key]}")
    return tuple(Filter(key, value, typed, token.start, token.end) for key, value in meanings)


def _meanings(key: str, value: str, today: datetime.date) -> list[tuple[str, Value]]:
    """Key and value of the filters that are meant.

    Raises:
        ValueError: the value does not fit the key.
    """
    if key in _DAYS:
        first, behind = days_of(value, today)
        return [("after", first), ("before", behind)] if key == "on" else [(key, first)]
    if key in _LENGTHS:
        return [(key, seconds_of(value))]
    if key in _ONE_OF:
        return [(key, _ONE_OF[key][_ONE_OF[key].index(value.lower())])]
    if not value.strip():
        raise ValueError("nothing stands behind the colon")
    return [(key, value)]


def _may_become_one(key: str, value: str, today: datetime.date) -> bool:
    if key in _DAYS:
        return may_become_a_day(value, today)
    if key in _LENGTHS:
        return may_become_a_length(value)
    return any(choice.startswith(value.lower()) for choice in _ONE_OF.get(key, ("",)))


def first_excluding(new: Iterable[Filter], kept: Iterable[Filter]) -> Filter | None:
    """The first kept filter that leaves nothing together with a new one; None where all can hold at once."""
    fresh = list(new)
    return next((old for old in kept for one in fresh if _exclude(one, old) or _exclude(old, one)), None)


def stricter(one: Filter, other: Filter) -> Filter:
    """Which of two filters of one key leaves less; the first where that depends on the library."""
    match (one.key, one.value, other.value):
        case ("after", datetime.date() as first, datetime.date() as second):
            return other if second > first else one
        case ("before", datetime.date() as first, datetime.date() as second):
            return other if second < first else one
        case ("longer", int(first), int(second)):
            return other if second > first else one
        case ("shorter", int(first), int(second)):
            return other if second < first else one
    return one


def _exclude(one: Filter, other: Filter) -> bool:
    match (one.key, one.value, other.key, other.value):
        case ("after", datetime.date() as first, "before", datetime.date() as behind):
            return first >= behind
        case ("longer", int(least), "shorter", int(most)):
            return least > most
        case ("by", channel, "by", another):
            return channel != another
        case ("like", _, "by", "words"):
            return True
    return False
