"""The segment table of a space: what a query needs of each segment beside the cosines of its frames.

The mean frame of the 30 s around a segment has the cosine

    Σ cosines of those frames / ‖Σ vectors of those frames‖

with a query. The upper sum is a difference of two prefix sums of cosines. The lower norm does not depend on
the query: it is computed when vectors are stored, and stands in this table. So do the times of a segment, and
how much its mean frame is like that of the next one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from mediaindex.store.catalog.database import in_chunks
from mediaindex.store.catalog.schema import frame, segment
from mediaindex.store.mapped.rows import VectorRows

SEGMENT = np.dtype(
    [
        ("generation", "<i8"),
        ("id", "<i8"),  # of the row `segment`
        ("row", "<i8"),  # of its first frame in the matrix
        ("around", "<i8"),  # row of the first frame of the 30 s around it
        ("start", "<f8"),
        ("end", "<f8"),
        ("first_frame", "<i4"),  # ordinal of its first frame in the extraction
        ("frames", "<i4"),
        ("frames_around", "<i4"),
        ("around_norm", "<f4"),  # length of the sum of their vectors
        ("likeness", "<f4"),  # cosine of its mean frame with that of the next segment, -1 for the last one
    ]
)
AROUND_SECONDS = 30.0
ROWS_AT_ONCE = 8192


def no_segments() -> NDArray[np.void]:
    """A table without rows."""
    return np.empty(0, SEGMENT)


def segment_table(
    connection: sa.Connection, extractions: Mapping[int, int], rows: VectorRows, *, first_row: int
) -> NDArray[np.void]:
    """The segments of some generations, in the order of the rows.

    A generation that has no extraction, or whose frames the catalogue does not know, has none.

    Args:
        extractions: generation → the extraction whose frames its vectors are.
        rows: generations one behind the other, each with its frames in ascending order.
        first_row: where the first row stands in the matrix.
    """
    parts = [no_segments()]
    for start, end in whole_generations(rows.generation):
        part = rows.take(np.arange(start, end))
        numbers, firsts, counts = _runs(part.generation)
        runs = zip(numbers.tolist(), firsts.tolist(), counts.tolist(), strict=True)
        rows_of = {extractions[run[0]]: run[1:] for run in runs if run[0] in extractions}
        seconds, found = _timelines(connection, rows_of, len(part))
        table = _measured(part.vector, seconds, found, np.repeat(numbers, counts))
        table["row"] += first_row + start
        table["around"] += first_row + start
        parts.append(table)
    return np.concatenate(parts)


def windows(bounds: NDArray[np.float64], end: float | NDArray[np.float64]) -> NDArray[np.float64]:
    """The 30 s around each segment, moved inside 0..end, never less than the segment itself, (S, 2).

    Args:
        bounds: (S, 2) start and end of the segments. end: of their videos, seconds.
    """
    middle = bounds.mean(axis=1)
    start = np.clip(middle - AROUND_SECONDS / 2, 0.0, np.maximum(0.0, end - AROUND_SECONDS))
    return np.stack(
        [np.minimum(start, bounds[:, 0]), np.maximum(start + AROUND_SECONDS, bounds[:, 1])], axis=1
    )


def lies_within(segments: NDArray[np.void], rows: int) -> bool:
    """Whether a table names only rows of a matrix that has so many: one that is damaged need not.

    Whether it names the right ones, `check` proves.
    """
    row, around = segments["row"], segments["around"]
    return bool(
        (segments["frames"] > 0).all()
        and (row >= 0).all()
        and (row + segments["frames"] <= rows).all()
        and (around >= 0).all()
        and (segments["frames_around"] >= 0).all()
        and (around + segments["frames_around"] <= rows).all()
    )


def ranges(first: NDArray[np.integer], count: NDArray[np.integer]) -> NDArray[np.int64]:
    """The numbers first, first + 1 … of each range, one range behind the other, (Σ count,)."""
    lengths = count.astype(np.int64)
    behind = np.cumsum(lengths)
    total = int(behind[-1]) if len(behind) else 0
    numbers: NDArray[np.int64] = np.arange(total) + np.repeat(first - (behind - lengths), lengths)
    return numbers


def whole_generations(generation: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Ranges of rows that hold whole generations, of about `ROWS_AT_ONCE` rows each."""
    _numbers, firsts, _counts = _runs(generation)
    start, ends = 0, [*firsts.tolist()[1:], len(generation)]
    for number, end in enumerate(ends):
        following = ends[number + 1] if number + 1 < len(ends) else None
        if following is None or following - start > ROWS_AT_ONCE:
            yield start, end
            start = end


def _runs(generation: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.intp], NDArray[np.intp]]:
    """The generations in their order, where each begins, and how many rows each has."""
    if not len(generation):
        return generation, np.empty(0, np.intp), np.empty(0, np.intp)
    firsts = np.concatenate([[0], np.flatnonzero(np.diff(generation)) + 1])
    return generation[firsts], firsts, np.diff(np.append(firsts, len(generation)))


def _timelines(
    connection: sa.Connection, rows_of: Mapping[int, tuple[int, int]], count: int
) -> tuple[NDArray[np.float64], NDArray[np.void]]:
    """The time of each row, (F,), and the segments in the order of the rows, with `row` and `frames` set.

    Args:
        rows_of: extraction → the first of its rows, and their number. count: F; a row of none has no time.
    """
    seconds = np.full(count, np.nan)
    found = []
    times = sa.select(frame.c.extraction_id, frame.c.ordinal, frame.c.seconds)
    parts = sa.select(
        segment.c.extraction_id,
        segment.c.id,
        segment.c.start_seconds,
        segment.c.end_seconds,
        segment.c.first_frame,
        segment.c.frame_count,
    )
    for chunk in in_chunks(list(rows_of)):
        for extraction, ordinal, time in connection.execute(times.where(frame.c.extraction_id.in_(chunk))):
            first, own = rows_of[extraction]
            if ordinal < own:
                seconds[first + ordinal] = time
        of_chunk = parts.where(segment.c.extraction_id.in_(chunk))
        for extraction, number, start, end, first_frame, frames in connection.execute(of_chunk):
            first, own = rows_of[extraction]
            if frames and first_frame + frames <= own:
                found.append((0, number, first + first_frame, 0, start, end, first_frame, frames, 0, 0, -1))
    table = np.array(found, SEGMENT)
    return seconds, table[np.argsort(table["row"], kind="stable")]


def _measured(
    vectors: NDArray[np.float16],
    seconds: NDArray[np.float64],
    table: NDArray[np.void],
    generation: NDArray[np.int64],
) -> NDArray[np.void]:
    """The table with what depends on the vectors; segments of rows without a time are left out.

    Args:
        vectors: (F, D) unit rows. seconds: (F,) their times. generation: (F,) of each row.
    """
    unknown = np.unique(generation[np.isnan(seconds)])
    table = table[~np.isin(generation[table["row"]], unknown)]
    if not len(table):
        return table
    measured = table.copy()
    measured["generation"] = generation[table["row"]]
    run = np.cumsum(np.concatenate([[0], np.diff(generation) != 0]))
    last = np.append(np.flatnonzero(np.diff(run)), len(run) - 1)
    end = seconds[last[run[table["row"]]]]
    around = windows(np.stack([table["start"], table["end"]], axis=1), end)
    first, behind = _rows_between(np.nan_to_num(seconds), around, run, run[table["row"]])
    sums = np.concatenate([np.zeros((1, vectors.shape[1])), np.cumsum(vectors, axis=0, dtype=np.float64)])
    measured["around"], measured["frames_around"] = first, behind - first
    measured["around_norm"] = np.linalg.norm(sums[behind] - sums[first], axis=1)
    means = sums[table["row"] + table["frames"]] - sums[table["row"]]
    means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-12)
    neighbours = measured["generation"][1:] == measured["generation"][:-1]
    likeness = np.einsum("sd,sd->s", means[1:], means[:-1])
    measured["likeness"] = np.append(np.where(neighbours, likeness, -1.0), -1.0)
    return measured


def _rows_between(
    seconds: NDArray[np.float64],
    bounds: NDArray[np.float64],
    run_of_row: NDArray[np.intp],
    run_of_segment: NDArray[np.intp],
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The first row between two times, and that behind the last, for each segment, (S,) both.

    Args:
        seconds: (F,) of the rows. bounds: (S, 2) the two times, both in between.
        run_of_row, run_of_segment: whose generation each is, ascending.
    """
    first, behind = np.empty(len(bounds), np.intp), np.empty(len(bounds), np.intp)
    for run in range(int(run_of_row[-1]) + 1):
        rows = slice(*np.searchsorted(run_of_row, [run, run + 1]))
        own = slice(*np.searchsorted(run_of_segment, [run, run + 1]))
        first[own] = rows.start + np.searchsorted(seconds[rows], bounds[own, 0])
        behind[own] = rows.start + np.searchsorted(seconds[rows], bounds[own, 1], side="right")
    return first, behind
