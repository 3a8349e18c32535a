"""What a library's pictures answer to its user's captions, and what the user marked as right or wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from mediaindex.embed.encoder import TextEncoder
from mediaindex.learn.evaluation.library_queries import KnownAnswer, is_plain, of_captions, spread
from mediaindex.learn.fitting.picture_samples import MOMENTS
from mediaindex.learn.fitting.samples import SampleRow, Samples
from mediaindex.search.channels.moments import Moment
from mediaindex.search.channels.pictures import PictureChannel, PictureHit, Wanted
from mediaindex.search.channels.similarity import unit
from mediaindex.search.confidence.moment_numbers import moment_numbers
from mediaindex.store.mapped.bank import Bank
from mediaindex.store.notes import marks
from mediaindex.store.notes.marks import Mark

MOST = 1000
"""Captions, and marks, that are looked at."""
_TEXTS_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Judgements:
    """What the user wrote about videos of a space.

    Attributes:
        captions: each with its video and stretch.
        marks: moments that are right or wrong for a query of words alone.
    """

    captions: tuple[KnownAnswer, ...]
    marks: tuple[Mark, ...]

    def __len__(self) -> int:
        return len(self.captions) + len(self.marks)


def judgements_in(connection: sa.Connection, pictures: PictureChannel) -> Judgements:
    """The captions and marks of videos that the space shows.

    Marks of a query that holds a filter are passed over: it names its answer.
    """
    shown = [mark for mark in marks.every(connection) if pictures.space.of_video(mark.video_id)]
    plain = {query: is_plain(query) for query in {mark.query for mark in shown}}
    return Judgements(
        tuple(one for one in of_captions(connection) if pictures.space.of_video(one.video_id)),
        tuple(mark for mark in shown if plain[mark.query]),
    )


class UserQuestions:
    """Asks the pictures of a space what the user has judged.

    Args:
        bank: of the space. corrects_hubs: whether searches let hubs stand back.
    """

    def __init__(
        self, pictures: PictureChannel, bank: Bank, encoder: TextEncoder, *, corrects_hubs: bool
    ) -> None:
        self._pictures = pictures
        self._bank = bank
        self._encoder = encoder
        self._corrects_hubs = corrects_hubs and pictures.space.hubs is not None

    def samples(self, judged: Judgements) -> Samples:
        """The first moments of each caption's answers, and the marked moments of each query; at least one.

        Each caption is asked twice: in the library as it is, and without its video, where nothing that is
        found is what was meant. So half of the questions have an answer, as in the fitting before.
        """
        captions, marked = spread(judged.captions, MOST), judged.marks[:MOST]
        vectors = self._embedded([*(one.text for one in captions), *(one.query for one in marked)])
        rows: list[SampleRow] = []
        for caption, query in zip(captions, vectors, strict=False):
            rows += self._of_caption(caption, query, hidden=False)
            rows += self._of_caption(caption, query, hidden=True)
        for mark, query in zip(marked, vectors[len(captions) :], strict=True):
            rows += self._of_mark(mark, query)
        return Samples.of(rows)

    def _embedded(self, texts: Sequence[str]) -> NDArray[np.float32]:
        starts = range(0, len(texts), _TEXTS_AT_ONCE)
        return unit(
            np.concatenate([self._encoder.texts(texts[at : at + _TEXTS_AT_ONCE]).pooled for at in starts])
        )

    def _of_caption(
        self, caption: KnownAnswer, query: NDArray[np.float32], *, hidden: bool
    ) -> list[SampleRow]:
        """The first moments for a caption, with its video or without it."""
        own = self._pictures.space.of_video(caption.video_id)
        similarity, error = self._pictures.similarities(query)
        if hidden:
            similarity[own.start : own.stop] = -np.inf
        wanted = Wanted(MOMENTS, corrects_hubs=self._corrects_hubs)
        hits = self._pictures.best_moments(query, similarity, error, wanted)[:MOMENTS]
        right = [shows(caption, hit.moment) for hit in hits]
        return self._rows(similarity, hits, right, group=caption.video_id, answered=not hidden)

    def _of_mark(self, mark: Mark, query: NDArray[np.float32]) -> list[SampleRow]:
        """The segment of a mark, as a moment of its own."""
        own = self._pictures.space.of_video(mark.video_id)
        table = self._pictures.space.segments[own.start : own.stop]
        around = np.flatnonzero((table["start"] <= mark.seconds) & (mark.seconds <= table["end"]))
        similarity, _error = self._pictures.similarities(query)
        if not len(around) or not np.isfinite(similarity[own.start + int(around[0])]):
            return []
        place = own.start + int(around[0])
        row = self._pictures.space.segments[place]
        exact = float(self._pictures.exact(query, np.array([place], np.intp))[place])
        moment = Moment(mark.video_id, int(row["id"]), float(row["start"]), float(row["end"]), exact)
        hit = PictureHit(moment, place, 1)
        rows = self._rows(similarity, [hit], [mark.is_right], group=mark.video_id, answered=mark.is_right)
        # what was marked need not have been first: it counts in the fitting, not among the first moments
        return [(*row[:3], False, row[4]) for row in rows]

    def _rows(
        self,
        similarity: NDArray[np.float32],
        hits: Sequence[PictureHit],
        right: Sequence[bool],
        *,
        group: int,
        answered: bool,
    ) -> list[SampleRow]:
        score = self._pictures.ordering(similarity, corrects_hubs=self._corrects_hubs)
        if not hits or not np.isfinite(score).any():
            return []
        numbers = moment_numbers(self._pictures, self._bank, score, hits)
        return [
            (row, is_right, group, place == 0, answered)
            for place, (row, is_right) in enumerate(zip(numbers, right, strict=True))
        ]


def shows(caption: KnownAnswer, moment: Moment) -> bool:
    """Whether a moment overlaps the stretch that a caption is about."""
    if moment.video_id != caption.video_id:
        return False
    if caption.stretch is None:
        return True
    start, end = caption.stretch
    return moment.start_seconds < end and start < moment.end_seconds
