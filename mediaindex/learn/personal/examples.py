"""What the user said of a library's moments, as questions with known answers: captions, marks and picks.

A pick says the least: of what was shown, one moment was opened. It counts less than a caption, and only
against what stood before it, which was seen and not opened (Joachims, "Optimizing search engines using
clickthrough data", KDD 2002). So a pick of the first moment says nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from sqlalchemy import Connection

from mediaindex.learn.evaluation.library_queries import is_plain, searchable_videos, spread
from mediaindex.store.catalog import videos
from mediaindex.store.notes import captions, history, marks

Kind = Literal["caption", "mark", "pick"]

COUNTS: dict[Kind, float] = {"caption": 1.0, "mark": 1.0, "pick": 0.25}
"""So much an example counts in a training. No measurement chose the share of a pick: it is a guess."""
MOST: dict[Kind, int] = {"caption": 1000, "mark": 250, "pick": 250}
"""So many examples of a kind are asked, evenly spread over all: each costs a search and memory for frames."""
EDGE_SECONDS = 0.1
"""Moments that share no more than this with a stretch only touch it: times are printed in tenths."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a video, in seconds; a point in time where it ends as it starts."""

    video_id: int
    start_seconds: float
    end_seconds: float

    def is_shown_by(self, video_id: int, start: float, end: float) -> bool:
        """Whether a moment shows a part of it."""
        shared = min(end, self.end_seconds) - max(start, self.start_seconds)
        least = min(EDGE_SECONDS, (self.end_seconds - self.start_seconds) / 2)
        return video_id == self.video_id and shared >= least


@dataclass(frozen=True, slots=True)
class Example:
    """A question, and moments that are right or wrong for it; one of both there is.

    Attributes:
        number: of the caption, mark or pick; of the marks on one query, the first.
    """

    kind: Kind
    number: int
    text: str
    right: tuple[Stretch, ...]
    wrong: tuple[Stretch, ...] = ()

    @property
    def videos(self) -> frozenset[int]:
        """The videos that it is about."""
        return frozenset(stretch.video_id for stretch in (*self.right, *self.wrong))


@dataclass(frozen=True, slots=True)
class Examples:
    """All that was said.

    Attributes:
        all: captions in the order in which they were written, then marks, then picks.
        left_out: captions of videos that no search of the space shows.
        contents: by video, the hash of its content, which a new indexing does not change.
    """

    all: tuple[Example, ...]
    left_out: int = 0
    contents: dict[int, str] = field(default_factory=dict)

    def count(self, kind: Kind) -> int:
        """How many there are of a kind."""
        return sum(example.kind == kind for example in self.all)

    @property
    def captioned_videos(self) -> int:
        """How many videos have a caption."""
        return len({video for one in self.all if one.kind == "caption" for video in one.videos})


def read_examples(connection: Connection, space_id: int) -> Examples:
    """Everything that was said of videos which a search of a space can show.

    The connection is inside a transaction of `Library.read`.
    """
    shown = set(searchable_videos(connection, space_id))
    own = sorted(captions.every(connection), key=lambda one: one.id)
    of_captions = [
        Example("caption", one.id, one.text, (Stretch(one.video_id, one.start_seconds, one.end_seconds),))
        for one in own
        if one.video_id in shown
    ]
    opened = {(one.query, one.video_id): one for one in reversed(history.picks(connection))}
    of_picks = [
        Example("pick", one.id, one.query, (_point(one.video_id, one.seconds),))
        for one in opened.values()
        if one.video_id in shown and is_plain(one.query)
    ]
    of_marks = _by_query(one for one in marks.every(connection) if one.video_id in shown)
    kinds: tuple[tuple[Kind, Sequence[Example]], ...] = (
        ("caption", of_captions),
        ("mark", of_marks),
        ("pick", of_picks),
    )
    found = tuple(example for kind, examples in kinds for example in spread(examples, MOST[kind]))
    about = sorted({video for example in found for video in example.videos})
    contents = {video: videos.identity_of(connection, video).partial_hash for video in about}
    return Examples(found, len(own) - len(of_captions), contents)


def _by_query(every: Iterable[marks.Mark]) -> list[Example]:
    """The marks on each query of plain words: a filter names its answer, and no picture shows it."""
    by_query: dict[str, list[marks.Mark]] = {}
    for one in sorted(every, key=lambda one: one.id):
        by_query.setdefault(one.query, []).append(one)
    return [
        Example(
            "mark",
            own[0].id,
            query,
            tuple(_point(one.video_id, one.seconds) for one in own if one.is_right),
            tuple(_point(one.video_id, one.seconds) for one in own if not one.is_right),
        )
        for query, own in by_query.items()
        if is_plain(query)
    ]


def _point(video_id: int, seconds: float) -> Stretch:
    return Stretch(video_id, seconds, seconds)
