"""What the user keeps: marks, captions, moments that were opened, saved searches. Each is written at once."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import sqlalchemy as sa

from mediaindex.embed.language import language_of_text
from mediaindex.safe_text import printable, storable
from mediaindex.search.answer import Question
from mediaindex.store.catalog.locations import select_hidden
from mediaindex.store.catalog.schema import location, video
from mediaindex.store.library import Library
from mediaindex.store.notes import captions, history, marks, saved
from mediaindex_tui.messages import (
    AddCaption,
    CaptionKept,
    Mark,
    MarksTold,
    Moment,
    Opened,
    Past,
    PastTold,
    RemoveCaption,
    SaveSearch,
)

PATIENCE_MS = 3000
"""So long a note waits for another process's transaction: the finder answers nothing meanwhile."""
RECENT, NEW = 50, 3
NEW_SECONDS = 14 * 86_400.0
"""Videos that came within so many seconds are new."""


def mark(library: Library, request: Mark) -> MarksTold:
    """Keep a mark, or take it off."""
    moment = request.moment
    with library.write(patience_ms=PATIENCE_MS) as connection:
        if request.right is None:
            marks.take_off(connection, request.query, moment.video_id, moment.best)
        else:
            marks.put(connection, request.query, moment.video_id, moment.best, is_right=request.right)
        total = marks.count(connection)
        return MarksTold(request.query, marks.count(connection, request.query), total)


def add_caption(library: Library, request: AddCaption) -> CaptionKept:
    """Keep a caption; one that was kept already, by a finder that died before it said so, is the same."""
    text = storable(request.text)
    language = language_of_text(text)
    with library.write(patience_ms=PATIENCE_MS) as connection:
        kept = captions.add(
            connection,
            request.video_id,
            request.start,
            request.end,
            text,
            language=language,
            at=request.at,
        )
        return CaptionKept(kept.id, request.video_id)


def remove_caption(library: Library, request: RemoveCaption) -> None:
    """Remove a caption."""
    with library.write(patience_ms=PATIENCE_MS) as connection:
        captions.remove(connection, [request.id])


def opened(library: Library, request: Opened) -> None:
    """Note that a moment was opened; once, where that is told again."""
    what = (request.query, request.moment.video_id, request.seconds)
    with library.write(patience_ms=PATIENCE_MS) as connection:
        if not history.is_recorded(connection, *what, asked_at=request.at):
            history.record(connection, *what, asked_at=request.at)


def save_search(library: Library, request: SaveSearch) -> None:
    """Save a search, or forget it."""
    with library.write(patience_ms=PATIENCE_MS) as connection:
        if request.saved:
            saved.save(connection, request.text)
        else:
            saved.remove_text(connection, request.text)


def past(library: Library) -> PastTold:
    """Saved searches, the history, and what came of late."""
    with library.read() as connection:
        kept = saved.every(connection)
        asked = history.asked(connection, limit=RECENT)
        by_day = _new_by_day(connection)
        newest = _newest(connection)
    counts = {one.query: one.opened for one in asked}
    return PastTold(
        saved=tuple(
            Past(printable(one.text), one.created_at, counts.get(one.text, 0), id=one.id) for one in kept
        ),
        recent=tuple(Past(printable(one.query), one.at, one.opened) for one in asked),
        new=by_day,
        newest=newest,
    )


def _new_by_day(connection: sa.Connection) -> tuple[Past, ...]:
    """The newest days on which videos were recorded that came of late, each as a query for that day.

    Where every video is new, none is.
    """
    shown = sa.select(video.c.added_at, video.c.recorded_day).where(video.c.id.not_in(select_hidden()))
    rows = connection.execute(shown).all()
    new = [row for row in rows if row.added_at >= time.time() - NEW_SECONDS]
    if len(new) == len(rows):
        return ()
    days = Counter(row.recorded_day for row in new if row.recorded_day is not None)
    came = {row.recorded_day: row.added_at for row in sorted(new, key=lambda row: row.added_at)}
    return tuple(
        Past(f"on:{day}", came[day], name=f"{days[day]} new {'video' if days[day] == 1 else 'videos'}")
        for day in sorted(days, reverse=True)[:NEW]
    )


def _newest(connection: sa.Connection) -> tuple[str, str] | None:
    """The folder of the video that was recorded last, and its day; None where no video tells one."""
    newest = (
        sa.select(location.c.path, video.c.recorded_day)
        .join(video, video.c.id == location.c.video_id)
        .where(video.c.recorded_day.is_not(None), location.c.forgotten_at.is_(None))
        .order_by(video.c.recorded_day.desc(), location.c.id)
        .limit(1)
    )
    row = connection.execute(newest).first()
    return None if row is None else (printable(row.path.parent.name), row.recorded_day)


@dataclass(frozen=True, slots=True)
class Marked:
    """The marks for one query, by video: seconds of each, and whether it is right, the newest first."""

    of_video: Mapping[int, Sequence[tuple[float, bool]]]

    def of(self, moment: Moment) -> Literal["right", "wrong"] | None:
        """The mark on a moment."""
        for seconds, is_right in self.of_video.get(moment.video_id, ()):
            if seconds == moment.start or moment.start < seconds < moment.end:
                return "right" if is_right else "wrong"
        return None


def marked(connection: sa.Connection, query: str) -> Marked:
    """The marks for a query."""
    found: dict[int, list[tuple[float, bool]]] = {}
    for one in marks.of_query(connection, query):
        found.setdefault(one.video_id, []).append((one.seconds, one.is_right))
    return Marked(found)


def with_marks(connection: sa.Connection, question: Question, query: str) -> Question:
    """The question moved by the marks for its query; pictures of one moment alone can be moved."""
    if question.following or question.channel == "words":
        return question
    segments = marks.marked_segments(connection, query)
    return replace(question, like=segments.right, unlike=segments.wrong)
