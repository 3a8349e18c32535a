"""Moments as they are typed: the RANK of one in the last answer, or PATH@SECONDS of an indexed video."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mediaindex.assembly.paths import absolute_unless_empty, stored_name
from mediaindex.errors import UsageError
from mediaindex.safe_text import parsed_seconds

if TYPE_CHECKING:
    from mediaindex.store.answers import LastAnswer
    from mediaindex.store.library import Library

_RANK = re.compile(r"\d{1,9}")


@dataclass(frozen=True, slots=True)
class TypedMoment:
    """A moment that was typed.

    Attributes:
        seconds: of the frame that is meant. start, end: of the moment, the end None where none was typed.
        query: that it answered, None for a PATH.
    """

    video_id: int
    seconds: float
    start: float
    end: float | None
    query: str | None = None


def moment_of(library: Library, typed: str) -> TypedMoment:
    """RANK, PATH@SECONDS or PATH@START-END.

    Raises:
        UsageError: it is none of these, nothing was searched yet, or nothing is indexed there.
    """
    from mediaindex.store.notes.moments import as_printed

    if _RANK.fullmatch(typed):
        answer, hit = last_hit(library, int(typed))
        video_id = _video_of(library, answer, hit, typed)
        return TypedMoment(
            video_id, hit["best_seconds"], hit["start_seconds"], hit["end_seconds"], answer.query
        )
    name, at, span = typed.rpartition("@")
    if not (name and at):
        raise UsageError(
            f"{typed} names no moment; write PATH@SECONDS, or the rank of one in the last answer"
        )
    start, _, end = span.partition("-")
    video_id = _video_at(library, absolute_unless_empty(name))
    first, last = time_of(start), time_of(end) if end else None
    with library.read() as connection:
        first = as_printed(connection, video_id, first)
    return TypedMoment(video_id, first, first, last)


def last_hit(library: Library, rank: int) -> tuple[LastAnswer, dict[str, Any]]:
    """The last answer, and its moment of this rank.

    Raises:
        UsageError: there is no answer yet, or it has no such rank.
    """
    from mediaindex.store.answers import last

    answer = last(library)
    if answer is None:
        raise UsageError("nothing was searched in this library yet; run 'mediaindex search TEXT' first")
    if not 1 <= rank <= len(answer.hits):
        raise UsageError(
            f"the last answer ({answer.query}) has {len(answer.hits)} moments; there is no {rank}"
        )
    return answer, answer.hits[rank - 1]


def time_of(typed: str) -> float:
    """Seconds of a time in a video: 75, 75.5, 1:15.5 or 0:01:15.

    Raises:
        UsageError: it is none.
    """
    seconds = parsed_seconds(typed)
    if seconds is None:
        raise UsageError(f"{typed!r} is no time in a video; write seconds, or 1:15")
    return seconds


def _video_at(library: Library, path: Path) -> int:
    from mediaindex.store.catalog import lookup
    from mediaindex.store.catalog.locations import is_hidden

    stored = stored_name(library, path)
    with library.read() as connection:
        video_id = lookup.video_at(connection, stored)
        if is_hidden(connection, stored):
            raise UsageError(f"{path} was forgotten; 'mediaindex forget --undo {path}' shows it again")
    if video_id is None:
        raise UsageError(f"{path} is not indexed; run 'mediaindex index {path}'")
    return video_id


def _video_of(library: Library, answer: LastAnswer, hit: dict[str, Any], typed: str) -> int:
    """The video of a hit, wherever it lies by now; what lies at its path if that was indexed anew since."""
    from mediaindex.store.catalog import lookup, videos

    path = Path(hit["path"])
    with library.read() as connection:
        shown = int(hit["video_id"])
        if lookup.places(connection, [shown]) and videos.added_at(connection, shown) <= answer.asked_at:
            return shown
        video_id = lookup.video_at(connection, path)
    if video_id is None:
        raise UsageError(
            f"{os.fspath(path)}, moment {typed} of the last answer, is in the library no more; search again"
        )
    return video_id
