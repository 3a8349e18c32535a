"""The query language of the command line and the interface: text → what it asks for, and what may follow.

Pure: no library, no encoder and no clock is needed, and no text raises. Its grammar, as
docs/commands.md explains it:

    query    = part { "then" [ ":" duration ] part }
    part     = { filter | negated | phrase | word }
    filter   = key ":" value        value = phrase | letters without a blank
    negated  = "-" ( phrase | word )
    phrase   = '"' … '"', also “ ” and « »; one that is not closed ends with the text
"""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mediaindex.search.answer import Channel

from mediaindex.search.language.completion import Completion, Known, complete
from mediaindex.search.language.durations import may_become_a_length, seconds_of
from mediaindex.search.language.filters import NO_LENGTH, first_excluding, read_filter, stricter
from mediaindex.search.language.lexer import tokens
from mediaindex.search.language.syntax import (
    CHANNELS,
    THEN_SECONDS,
    Filter,
    Item,
    Part,
    Problem,
    Query,
    Token,
    shown,
)

__all__ = ["Completion", "Filter", "Item", "Known", "Part", "Problem", "Query", "Token", "complete", "parse"]


def parse(text: str, *, today: datetime.date, caret: int | None = None) -> Query:
    """What a text asks for. What cannot be read is left out and named in `problems`.

    Args:
        today: from which `yesterday` and `7d` count back.
        caret: where the text is being typed, in code points: what is half typed there is no problem.
    """
    found = tuple(tokens(text))
    read = [_read(token, text, today, caret) for token in found]
    unread = [reading for reading in read if isinstance(reading, Problem)]
    filters, excluded = _compatible(reading for reading in read if not isinstance(reading, Problem))
    parts, misplaced = _parts(found, text, filters, caret)
    kept = dict.fromkeys(one for one in filters if one.key not in ("by", "like"))
    channel, unfit = _channel(filters, parts)
    query = Query(parts, tuple(kept), channel, (), found, _is_unfinished(parts, caret))
    problems = [*unread, *excluded, *misplaced, *unfit, *_nothing_to_look_for(query, filters)]
    return query.with_problems(problems)


def _read(token: Token, text: str, today: datetime.date, caret: int | None) -> tuple[Filter, ...] | Problem:
    if token.kind != "filter":
        return ()
    return read_filter(token, text[token.start : token.end], today, at_caret=token.end == caret)


def _compatible(readings: Iterable[tuple[Filter, ...]]) -> tuple[list[Filter], list[Problem]]:
    """The filters that can hold at once: of two that exclude each other the first."""
    kept: list[Filter] = []
    strictest: dict[str, Filter] = {}
    problems = []
    for new in readings:
        old = first_excluding(new, strictest.values())
        if old is None:
            kept += new
            strictest |= {one.key: stricter(strictest.get(one.key, one), one) for one in new}
        else:
            problems.append(_exclude_each_other(old, new[0]))
    return kept, problems


def _exclude_each_other(old: Filter, new: Filter) -> Problem:
    return Problem(new.start, new.end, f"{shown(old.typed)} and {shown(new.typed)} exclude each other")


def _channel(filters: Iterable[Filter], parts: Sequence[Part]) -> tuple[Channel | None, list[Problem]]:
    """The channel that may answer, and the problem with one that knows nothing of one after the other."""
    chosen = [one for one in filters if one.key == "by"]
    if len(parts) > 1 and any(one.value == "words" for one in chosen):
        text = "by:words and then exclude each other: pictures alone find one thing after another"
        return None, [Problem(one.start, one.end, text) for one in chosen]
    values = {one.value for one in chosen}
    return next((channel for channel in CHANNELS if channel in values), None), []


def _parts(
    found: Sequence[Token], text: str, filters: Iterable[Filter], caret: int | None
) -> tuple[tuple[Part, ...], list[Problem]]:
    """What stands before, between and behind the `then` that have something on both sides."""
    likes = {one.start: one for one in filters if one.key == "like"}
    ends = [*(place for place, token in enumerate(found) if token.kind == "then"), len(found)]
    first, problems = _part(found[: ends[0]], likes)
    parts = [first]
    for place, end in itertools.pairwise(ends):
        then, is_last = found[place], place == len(found) - 1
        part, unlike = _part(found[place + 1 : end], likes)
        seconds, unread = _within_seconds(then, text, at_caret=then.end == caret)
        problems += unlike + unread
        if parts[-1].says_what and part.says_what:
            parts.append(replace(part, within_seconds=seconds))
            continue
        parts[-1] = replace(parts[-1], items=parts[-1].items + part.items, like=parts[-1].like or part.like)
        is_half_typed = is_last and parts[-1].says_what and caret is not None and caret >= then.end
        if not is_half_typed:
            problems.append(Problem(then.start, then.end, "then needs something on both sides"))
    return tuple(part for part in parts if part.items or part.like), problems


def _part(found: Sequence[Token], likes: Mapping[int, Filter]) -> tuple[Part, list[Problem]]:
    """The words between two `then`, and one example at the most."""
    items = [
        Item(" ".join(token.value.split()), token.kind == "phrase", token.negated, token.start, token.end)
        for token in found
        if token.kind in ("word", "phrase") and token.value.strip()
    ]
    examples = [likes[token.start] for token in found if token.start in likes]
    problems = [_exclude_each_other(examples[0], further) for further in examples[1:]]
    return Part(tuple(items), examples[0] if examples else None), problems


def _within_seconds(then: Token, text: str, *, at_caret: bool) -> tuple[int, list[Problem]]:
    """The seconds behind `then:`, else as many as for `then` alone."""
    if not then.key:
        return THEN_SECONDS, []
    try:
        return seconds_of(then.value), []
    except ValueError:
        if at_caret and may_become_a_length(then.value):
            return THEN_SECONDS, []
        typed = shown(text[then.start : then.end])
        return THEN_SECONDS, [Problem(then.start, then.end, f"{typed} {NO_LENGTH}")]


def _is_unfinished(parts: Sequence[Part], caret: int | None) -> bool:
    wanted = [item for part in parts for item in part.items if not item.is_negated]
    return bool(wanted) and not wanted[-1].is_phrase and wanted[-1].end == caret


def _nothing_to_look_for(query: Query, filters: Iterable[Filter]) -> list[Problem]:
    """The problem with a query that says only what to leave out."""
    if query.says_what or not query.canonical:
        return []
    spans = [(item.start, item.end) for part in query.parts for item in part.items]
    starts, ends = zip(*spans, *((one.start, one.end) for one in filters), strict=True)
    text = f'"{shown(query.canonical)}" alone finds nothing: say what to look for'
    return [Problem(min(starts), max(ends), text)]
