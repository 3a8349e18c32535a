"""Films of numbers that hypothesis draws, as a space in memory and as the plain formulas read them.

Their times are whole multiples of 1/32 s, so that no sum of them is rounded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import sqlalchemy as sa
from bench._plain_scores import PlainVideo
from hypothesis import strategies as st
from numpy.typing import NDArray

from mediaindex.search.channels.similarity import unit
from mediaindex.store.catalog.lookup import SegmentRow
from mediaindex.store.catalog.schema import frame, metadata, segment
from mediaindex.store.mapped.matrix import ROW, Matrix
from mediaindex.store.mapped.rows import VectorRows, joined
from mediaindex.store.mapped.segments import segment_table
from mediaindex.store.mapped.snapshot import SpaceSnapshot
from mediaindex.store.mapped.visible import Visible

DIM = 6


@dataclass(frozen=True, slots=True)
class DrawnSegment:
    """How many frames, the seconds between them, the hole before the first, whether another shot begins."""

    frames: int
    step: float
    gap: float
    is_cut: bool


@dataclass(frozen=True, slots=True, eq=False)
class Film:
    """A video of numbers; its generation and its extraction have numbers of their own.

    Attributes:
        vectors: (F, D) float16 unit rows.
    """

    video: int
    segments: tuple[SegmentRow, ...]
    vectors: NDArray[np.float16]

    @property
    def generation(self) -> int:
        return 7_000 - self.video

    @property
    def extraction(self) -> int:
        return self.video + 10

    @property
    def plain(self) -> PlainVideo:
        return PlainVideo(self.video, self.segments, self.vectors.astype(np.float32))

    @property
    def rows(self) -> VectorRows:
        count = len(self.vectors)
        generation = np.full(count, self.generation)
        return VectorRows(
            generation, np.arange(count, dtype=np.int32), np.ones(count, np.float32), self.vectors
        )


drawn_segments = st.builds(
    DrawnSegment,
    frames=st.integers(1, 12),
    step=st.sampled_from([0.25, 0.5, 2.0, 5.0]),
    gap=st.sampled_from([0.0, 0.0, 0.0, 1 / 32, 0.5, 40.0]),
    is_cut=st.booleans(),
)


def films(most: int = 4, segments: int = 8, first: int = 1) -> st.SearchStrategy[list[Film]]:
    """At most so many films of at most so many segments, numbered from `first` on."""
    outlines = st.lists(st.lists(drawn_segments, min_size=1, max_size=segments), min_size=1, max_size=most)
    return st.builds(made_films, outlines, st.integers(0, 2**32 - 1), st.just(first))


def made_films(outlines: Sequence[Sequence[DrawnSegment]], seed: int, first: int = 1) -> list[Film]:
    """Frames that are all a little alike, those of one shot more."""
    numbers = np.random.default_rng(seed)
    return [_film(video, outline, numbers) for video, outline in enumerate(outlines, first)]


def _film(video: int, outline: Sequence[DrawnSegment], numbers: np.random.Generator) -> Film:
    end = 0.0
    rows: list[SegmentRow] = []
    vectors: list[NDArray[np.float64]] = []
    shot = numbers.normal(size=DIM)
    for ordinal, one in enumerate(outline):
        start = end + one.gap
        end = start + one.frames * one.step
        if one.is_cut:
            shot = numbers.normal(size=DIM)
        times = tuple(start + one.step * n for n in range(one.frames))
        rows.append(SegmentRow(1000 * video + ordinal, start, end, len(vectors), times))
        noise = numbers.normal(size=(one.frames, DIM), scale=numbers.choice([0.05, 0.3]))
        vectors += list(1.0 + 0.5 * shot + noise)
    return Film(video, tuple(rows), unit(np.array(vectors)).astype(np.float16))


@cache
def _catalogue() -> sa.Connection:
    """A database in memory with the two tables that a segment table is made of."""
    connection = sa.create_engine("sqlite://").connect()
    metadata.create_all(connection, tables=[frame, segment], checkfirst=False)
    return connection


def table_of(made: Sequence[Film], *, first_row: int = 0) -> NDArray[np.void]:
    """Their segment table."""
    times = [
        {"extraction_id": film.extraction, "ordinal": ordinal, "seconds": time}
        for film in made
        for ordinal, time in enumerate(time for row in film.segments for time in row.frames)
    ]
    rows = [
        {
            "id": row.id,
            "extraction_id": film.extraction,
            "ordinal": ordinal,
            "start_seconds": row.start_seconds,
            "end_seconds": row.end_seconds,
            "first_frame": row.first_frame,
            "frame_count": len(row.frames),
        }
        for film in made
        for ordinal, row in enumerate(film.segments)
    ]
    connection = _catalogue()
    try:
        connection.execute(sa.insert(frame), times)
        connection.execute(sa.insert(segment), rows)
        extractions = {film.generation: film.extraction for film in made}
        return segment_table(connection, extractions, joined([f.rows for f in made]), first_row=first_row)
    finally:
        connection.rollback()


def visible_of(made: Sequence[Film]) -> Visible:
    """All of them are shown."""
    ordered = sorted(made, key=lambda film: film.generation)
    columns = [(film.generation, film.video, len(film.vectors)) for film in ordered]
    generation, video, vectors = np.array(columns, np.int64).reshape(-1, 3).T
    return Visible(1, generation, video, vectors)


def space_of(made: Sequence[Film], behind: Sequence[Film] = ()) -> SpaceSnapshot:
    """A space with these films in its files, and those behind them in LanceDB alone."""
    rows = joined([film.rows for film in made])
    entries = np.empty(len(rows), ROW)
    entries["generation"], entries["frame"] = rows.generation, rows.frame
    visible = visible_of([*made, *behind])
    space = SpaceSnapshot.of(Matrix("token", entries, rows.vector, None, table_of(made)), visible)
    if behind:
        second = joined([film.rows for film in behind])
        space = space.with_rows(second, table_of(behind, first_row=len(rows)), visible)
    return space


def query_of(seed: int) -> NDArray[np.float32]:
    """A unit vector to which all films are similar, (D,)."""
    return unit(1.0 + np.random.default_rng(seed).normal(size=DIM, scale=0.5))
