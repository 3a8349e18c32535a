"""Sentences with known answers in a library: the user's captions and picks, else sentences about known items.

Every function takes a connection inside a transaction of `Library.read`.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

import sqlalchemy as sa
from sqlalchemy import Connection

from mediaindex.search.query import parse
from mediaindex.store.catalog import fulltext, lookup
from mediaindex.store.catalog.database import in_chunks
from mediaindex.store.catalog.schema import indexed, location, video
from mediaindex.store.notes import captions, history

Kind = Literal["captions", "picks", "known items"]
Item = TypeVar("Item")

LINES_READ = 200
FEWEST_WORDS, MOST_WORDS = 3, 20
_WORD = re.compile(r"[^\W\d_]{3,}")
# A caption of more than this share of a video is about the whole.
WHOLE = 0.9


@dataclass(frozen=True, slots=True)
class KnownAnswer:
    """A sentence and the video that it is about.

    Attributes:
        stretch: (start, end) in seconds of the part that is meant; None for the whole video.
    """

    text: str
    video_id: int
    stretch: tuple[float, float] | None = None


def searchable_videos(connection: Connection, space_id: int) -> list[int]:
    """The videos that a search in a space can show, ascending: the gallery."""
    placed = sa.select(location.c.id).where(
        location.c.video_id == indexed.c.video_id, location.c.forgotten_at.is_(None)
    )
    shown = sa.select(indexed.c.video_id).where(indexed.c.space_id == space_id, placed.exists())
    return list(connection.execute(shown.order_by(indexed.c.video_id)).scalars())


def contents(connection: Connection, videos: Sequence[int]) -> list[str]:
    """What names the content of each video, wherever its file lies and however often it is indexed."""
    columns = (video.c.id, video.c.size, video.c.partial_hash)
    rows = {
        row.id: f"{row.size}:{row.partial_hash}"
        for chunk in in_chunks(videos)
        for row in connection.execute(sa.select(*columns).where(video.c.id.in_(chunk)))
    }
    return [rows[one] for one in videos]


def of_captions(connection: Connection) -> list[KnownAnswer]:
    """The captions of videos in the library, by place and time."""
    about = [(one, one.video_id) for one in captions.every(connection) if one.video_id is not None]
    durations = lookup.durations(connection, sorted({video_id for _one, video_id in about}))
    return [
        KnownAnswer(one.text, video_id, _part(one.start_seconds, one.end_seconds, durations.get(video_id)))
        for one, video_id in about
    ]


def of_picks(connection: Connection) -> list[KnownAnswer]:
    """The queries of the history with the video that was opened, each pair once.

    Only queries of plain words: a filter names its answer. What was opened stood in an answer before, so
    that picks favour the ranking that showed it.
    """
    pairs = dict.fromkeys((pick.query, pick.video_id) for pick in reversed(history.picks(connection)))
    return [KnownAnswer(text, video_id) for text, video_id in pairs if is_plain(text)]


def is_plain(query: str) -> bool:
    """Whether a query is words alone, without a filter or an exclusion."""
    today = datetime.datetime.now().astimezone().date()
    return all(token.kind == "word" and not token.negated for token in parse(query, today=today).tokens)


def of_known_items(connection: Connection, videos: Sequence[int]) -> list[KnownAnswer]:
    """One sentence a video from its title, name or subtitles, where one of these has enough words."""
    found: list[KnownAnswer] = []
    for video_id in videos:
        sentence = next(_sentences(connection, video_id), None)
        found += [KnownAnswer(sentence, video_id)] if sentence else []
    return found


def spread(answers: Sequence[Item], most: int) -> list[Item]:
    """At most so many of some answers, evenly spread."""
    if len(answers) <= most:
        return list(answers)
    return [answers[place * len(answers) // most] for place in range(most)]


def _part(start: float, end: float, duration: float | None) -> tuple[float, float] | None:
    if end <= start or (duration and end - start > WHOLE * duration):
        return None
    return start, end


def _sentences(connection: Connection, video_id: int) -> Iterator[str]:
    """What may serve as a sentence about a video: title, file name, its longest line of subtitles."""
    title = lookup.video_row(connection, video_id).title
    names = [place.path.stem for place in lookup.places(connection, [video_id]).get(video_id, [])]
    for text in (title, *names):
        words = _WORD.findall(text or "")
        if len(words) >= FEWEST_WORDS:
            yield " ".join(words[:MOST_WORDS])
    lines = fulltext.lines_said(connection, video_id, None, None, limit=LINES_READ)
    texts = [line.text for line in lines if FEWEST_WORDS <= len(_WORD.findall(line.text)) <= MOST_WORDS]
    if texts:
        yield max(texts, key=len)
