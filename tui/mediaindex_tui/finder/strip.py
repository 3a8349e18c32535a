"""How a question runs along one video, and what is known of the video."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from mediaindex.safe_text import printable
from mediaindex.search.answer import Question
from mediaindex.store.catalog.schema import video
from mediaindex.store.library import Library
from mediaindex.store.notes import captions
from mediaindex_tui.messages import Caption, Strip, WantStrip

if TYPE_CHECKING:
    from mediaindex.search.profile import Profile
    from mediaindex.search.searcher import Searcher

DOT = " · "


def strip(want: WantStrip, library: Library, question: Question | None, searcher: Searcher | None) -> Strip:
    """The strip of a video.

    Args:
        question: what is asked; None where it is asked no more. searcher: None while no picture can answer.

    Raises:
        StoreError: the library is damaged. SpaceSwitched: another space serves.
    """
    with library.read() as connection:
        kept = captions.of_video(connection, want.video_id)
        row = connection.execute(sa.select(video).where(video.c.id == want.video_id)).first()
    if row is None:  # it was forgotten meanwhile
        return Strip(want.number, want.video_id)
    profile = None
    if question is not None and searcher is not None:
        profile = searcher.profile(want.video_id, question)
    duration = float(row.duration_seconds)
    known = Strip(
        want.number,
        want.video_id,
        duration,
        facts=facts(row._mapping),
        captions=tuple(
            Caption(one.id, one.start_seconds, one.end_seconds, printable(one.text)) for one in kept
        ),
    )
    return known if profile is None else _along(known, profile)


def _along(known: Strip, profile: Profile) -> Strip:
    return msgspec.structs.replace(
        known,
        seconds=profile.seconds,
        scores=tuple(round(score, 4) for score in profile.scores),
        bounds=profile.bounds,
        cuts=profile.cuts,
        peaks=tuple(peak.seconds for peak in profile.peaks),
    )


def facts(row: Any) -> tuple[str, ...]:
    """What is known of a video, in lines: day and size, then time, camera and codec, then its title.

    Args:
        row: of the video in the catalog, by column.
    """
    day, clock = _recorded(row["recorded_day"], row["recorded_at"])
    rate = f"{row['fps']:.3g}/s" if row["fps"] else ""
    lines = (
        (day, f"{row['width']}×{row['height']}", rate),
        (clock, row["camera"] or "", row["codec"]),
        (row["title"] or "",),
    )
    return tuple(printable(line) for line in (DOT.join(filter(None, parts)) for parts in lines) if line)


def _recorded(day: str | None, at: str | None) -> tuple[str, str]:
    """The day and the time of a recording as a person writes them, as far as they are known."""
    try:
        when = datetime.datetime.fromisoformat(at or "")
        # Of an instant alone nobody knows what the clocks showed there.
        clock = "" if when.tzinfo is not None and not when.utcoffset() else f"{when:%H:%M}"
    except ValueError:
        clock = ""
    try:
        date = datetime.date.fromisoformat(day or "")
    except ValueError:
        return "", clock
    return f"{date.day} {date:%b %Y}", clock
