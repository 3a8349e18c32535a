"""What a query means in one library: names become paths, cameras and volumes, or problems."""

from __future__ import annotations

import datetime
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import reduce
from itertools import islice
from operator import and_
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection

from mediaindex.search.language.naming import names_below, places_named
from mediaindex.search.language.spelling import folded, nearest
from mediaindex.search.language.syntax import Filter, Problem, Query, shown
from mediaindex.sources.path_tree import absolute
from mediaindex.store.catalog import lookup, sources
from mediaindex.store.catalog.lookup import Filters
from mediaindex.store.library import Library

MOST_NAMES = 200
"""More places say too little, and each is two conditions of a statement, of which SQLite takes a thousand."""
MOST_PLACES = 32
"""So many `in:` count: a name costs a look at every path."""
LONGEST_NAME = 255
CAMERAS_NAMED = 5


class AskedFilter(NamedTuple):
    """What one filter lets pass, and how it was asked for.

    Attributes:
        name: as it was typed, in the query or as an option.
        start, end: its span in the query, both 0 for an option.
    """

    name: str
    filters: Filters
    start: int = 0
    end: int = 0


class Resolved(NamedTuple):
    """A query without the filters that mean nothing in this library, which stand among its problems."""

    query: Query
    filters: tuple[AskedFilter, ...]


def resolved(library: Library, query: Query, names_at: Callable[[Path], Sequence[Path]]) -> Resolved:
    """What the filters of a query let pass in a library.

    Args:
        names_at: the names by which the catalog knows what lies at an absolute path.
    """
    with library.read() as connection:
        roots = [source.path for source in sources.all_sources(connection)]
        readings = [
            *_places(connection, query.filters, _Naming(roots, names_at)),
            *_cameras(connection, query.filters),
            *_others(connection, query.filters),
        ]
    problems = [one for one in readings if isinstance(one, Problem)]
    wrong = {(one.start, one.end) for one in problems}
    kept = tuple(one for one in query.filters if (one.start, one.end) not in wrong)
    asked = (one for one in readings if isinstance(one, AskedFilter))
    return Resolved(
        replace(query, filters=kept).with_problems(problems), tuple(sorted(asked, key=lambda one: one.start))
    )


def video_named(library: Library, beginning: str) -> Path | None:
    """The first indexed video whose name begins so, None where there is none."""
    with library.read() as connection:
        roots = [source.path for source in sources.all_sources(connection)]
        places = islice(places_named(connection, roots, beginning), MOST_NAMES)
        return next((place for place in places if lookup.video_at(connection, place) is not None), None)


def joint(asked: Iterable[AskedFilter]) -> Filters:
    """What passes all of them."""
    return reduce(and_, (one.filters for one in asked), Filters())


def leaving_nothing(connection: Connection, asked: Sequence[AskedFilter]) -> Problem | None:
    """The filter without which most videos would be left, where all of them together leave none."""
    if not asked or lookup.passing(connection, joint(asked)).videos:
        return None
    without = [lookup.passing(connection, joint(other for other in asked if other != one)) for one in asked]
    one, left = max(zip(asked, without, strict=True), key=lambda pair: (pair[1].videos, pair[0].start))
    if len(asked) > 1 and not left.videos:
        names, every = shown(" ".join(one.name for one in asked)), lookup.passing(connection, Filters())
        spans = [(one.start, one.end) for one in asked]
        text = f"{names} leave no video; without them {every.videos}"
        return Problem(min(spans)[0], max(end for _start, end in spans), text)
    text = f"{shown(one.name)} leaves no video; without it {left.videos}"
    return Problem(one.start, one.end, text + _recorded(one.filters, left))


def _recorded(filters: Filters, left: lookup.Passing) -> str:
    """When the videos were recorded that a filter of days leaves out."""
    if filters.after is not None and left.last_day is not None and left.last_day < filters.after:
        return f". The newest is of {_day(left.last_day)}"
    if filters.before is not None and left.first_day is not None and left.first_day >= filters.before:
        return f". The oldest is of {_day(left.first_day)}"
    return ""


def _day(stored: str) -> str:
    day = datetime.date.fromisoformat(stored)
    return f"{day.day} {day:%B %Y}"


class _Naming(NamedTuple):
    """The roots of a library's sources, and the names by which it knows a path."""

    roots: Sequence[Path]
    names_at: Callable[[Path], Sequence[Path]]


def _places(
    connection: Connection, filters: Iterable[Filter], naming: _Naming
) -> list[AskedFilter | Problem]:
    """What all `in:` let pass together, and the problems with those that name nothing."""
    asked = [one for one in filters if one.key == "in"]
    within: dict[Path, None] = {}
    problems = []
    for number, one in enumerate(asked):
        places = _places_of(connection, str(one.value), naming) if number < MOST_PLACES else []
        if number >= MOST_PLACES:
            problems.append(
                Problem(one.start, one.end, f"{shown(one.typed)}: at most {MOST_PLACES} in: count")
            )
        elif not places:
            problems.append(Problem(one.start, one.end, _nothing_there(connection, str(one.value), naming)))
        elif len(within) + len(places) > MOST_NAMES:
            text = f"{shown(one.typed)}: more than {MOST_NAMES} names begin so; write more of it"
            problems.append(Problem(one.start, one.end, text))
        else:
            within |= dict.fromkeys(places)
    return [*_joined(asked, Filters(within=tuple(within)) if within else None), *problems]


def _joined(asked: Sequence[Filter], filters: Filters | None) -> list[AskedFilter]:
    """Filters of one key, of which one has to hold."""
    if filters is None:
        return []
    name = " ".join(one.typed for one in asked)
    return [AskedFilter(name, filters, asked[0].start, max(one.end for one in asked))]


def _places_of(connection: Connection, typed: str, naming: _Naming) -> list[Path]:
    """The indexed path that was typed, else what begins so; empty where nothing does."""
    if not _can_be_a_name(typed):
        return []
    if "/" in typed or typed.startswith("~") or os.path.lexists(typed):
        names = [*naming.names_at(absolute(typed))]
        if not typed.startswith(("/", "~", ".")):
            names += [root.parent / typed for root in naming.roots]
        known = [name for name in dict.fromkeys(names) if sources.places_below(connection, name).known]
        if known or "/" in typed:
            return known
    if len(os.fsencode(typed)) > LONGEST_NAME:
        return []
    return list(islice(places_named(connection, naming.roots, typed), MOST_NAMES + 1))


def _can_be_a_name(typed: str) -> bool:
    try:
        return b"\0" not in os.fsencode(typed)
    except UnicodeEncodeError:
        return False


def _nothing_there(connection: Connection, typed: str, naming: _Naming) -> str:
    near = nearest(typed[:LONGEST_NAME], names_below(connection, naming.roots))
    hint = f"near: {', '.join(map(shown, near))}" if near else "'mediaindex sources list' names the folders"
    return f'nothing indexed lies in "{shown(typed)}"; {hint}'


def _cameras(connection: Connection, filters: Iterable[Filter]) -> list[AskedFilter | Problem]:
    """What all `camera:` let pass together, and the problems with those that nothing was recorded by."""
    asked = [one for one in filters if one.key == "camera"]
    if not asked:
        return []
    known = {camera: folded(camera) for camera in lookup.cameras(connection)}
    meant: dict[str, None] = {}
    problems = []
    for one in asked:
        found = [camera for camera, name in known.items() if folded(str(one.value)) in name]
        meant |= dict.fromkeys(found)
        if not found:
            named = ", ".join(map(shown, list(known)[:CAMERAS_NAMED]))
            hint = f"here are {named}" if known else "no video here names its own"
            problems.append(Problem(one.start, one.end, f"{shown(one.typed)}: no such camera; {hint}"))
    return [*_joined(asked, Filters(cameras=tuple(meant)) if meant else None), *problems]


def _others(connection: Connection, filters: Iterable[Filter]) -> list[AskedFilter]:
    """What each item of days, lengths and states lets pass: `on:2024` is one, of two filters."""
    items: dict[tuple[int, int], AskedFilter] = {}
    for one in filters:
        if one.key in ("in", "camera"):
            continue
        span = one.start, one.end
        before = items[span].filters if span in items else Filters()
        items[span] = AskedFilter(one.typed, before & _filters(connection, one), *span)
    return list(items.values())


def _filters(connection: Connection, one: Filter) -> Filters:
    match (one.key, one.value):
        case ("after", datetime.date() as day):
            return Filters(after=day.isoformat())
        case ("before", datetime.date() as day):
            return Filters(before=day.isoformat())
        case ("longer", int(seconds)):
            return Filters(min_duration=seconds)
        case ("shorter", int(seconds)):
            return Filters(max_duration=seconds)
        case ("is", "online"):
            from mediaindex.sources.places.volumes import is_online
            from mediaindex.store.catalog.volumes import known_volumes

            mounted = [one.id for one in known_volumes(connection) if is_online(one.mount_point, one.uid)]
            return Filters(volumes=tuple(mounted))
        case ("is", "marked"):
            return Filters(marked=True)
    raise ValueError(f"{one} is no filter of a day, a length or a state")
