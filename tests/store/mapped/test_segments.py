"""The segment table: times, rows, the length of the sum around, and the likeness of neighbours."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from mediaindex.store.catalog.schema import frame
from mediaindex.store.commit import Embedded, put
from mediaindex.store.library import Library
from mediaindex.store.mapped import segments as segments_module
from mediaindex.store.mapped.segments import no_segments, ranges, segment_table, windows
from mediaindex.store.vectors.spaces import Space, extractions_of, owned
from tests.support.drawn_films import DrawnSegment, Film, films, made_films, table_of
from tests.support.plain_moments import mean_of
from tests.support.small_library import AddVideo


@given(cuts=st.lists(st.floats(0.1, 300), min_size=2, max_size=10, unique=True).map(sorted))
def test_a_window_holds_its_segment_and_thirty_seconds(cuts: list[float]) -> None:
    bounds = np.array(list(pairwise([0.0, *cuts])))
    found = windows(bounds, cuts[-1])
    assert (found[:, 0] <= bounds[:, 0]).all()
    assert (found[:, 1] >= bounds[:, 1]).all()
    assert (found[:, 1] - found[:, 0] >= 30.0 - 1e-9).all()
    assert (found[:, 0] >= 0.0).all()


def test_windows_at_the_ends_are_moved_inside() -> None:
    bounds = np.array([[0.0, 2.0], [49.0, 51.0], [98.0, 100.0]])
    assert windows(bounds, 100.0).tolist() == [[0.0, 30.0], [35.0, 65.0], [70.0, 100.0]]
    each = windows(bounds, np.array([10.0, 60.0, 100.0]))
    assert each.tolist() == [[0.0, 30.0], [30.0, 60.0], [70.0, 100.0]]


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 5)), max_size=8))
def test_ranges_stand_one_behind_the_other(pairs: list[tuple[int, int]]) -> None:
    first, count = np.array(pairs, np.int64).reshape(-1, 2).T
    expected = [number for start, length in pairs for number in range(start, start + length)]
    assert ranges(first, count).tolist() == expected


@settings(deadline=None)
@given(made=films(), first_row=st.sampled_from([0, 1000]))
def test_a_table_says_where_everything_is_and_how_long_the_sum_around(
    made: list[Film], first_row: int
) -> None:
    table = table_of(made, first_row=first_row)
    row = first_row
    expected = [(film, number) for film in made for number in range(len(film.segments))]
    for entry, (film, number) in zip(table, expected, strict=True):
        segment, seconds = film.segments[number], [t for one in film.segments for t in one.frames]
        assert (entry["generation"], entry["id"]) == (film.generation, segment.id)
        assert (entry["start"], entry["end"]) == (segment.start_seconds, segment.end_seconds)
        assert (entry["first_frame"], entry["frames"]) == (segment.first_frame, len(segment.frames))
        assert entry["row"] == row + segment.first_frame
        ((start, end),) = windows(np.array([[entry["start"], entry["end"]]]), seconds[-1])
        inside = [n for n, time in enumerate(seconds) if start <= time <= end]
        assert (entry["around"], entry["frames_around"]) == (row + inside[0], len(inside))
        length = np.linalg.norm(film.vectors[inside].astype(np.float64).sum(axis=0))
        assert entry["around_norm"] == pytest.approx(length, abs=1e-4)
        is_last = number + 1 == len(film.segments)
        alike = -1.0 if is_last else mean_of(film.plain, number) @ mean_of(film.plain, number + 1)
        assert entry["likeness"] == pytest.approx(alike, abs=1e-5)
        row += len(film.vectors) if is_last else 0


def test_many_films_are_read_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    outline = [DrawnSegment(5, 0.5, 0.0, False), DrawnSegment(3, 2.0, 0.5, True)]
    made = made_films([outline, outline[:1], outline, outline[1:]], 0)
    whole = table_of(made, first_row=3)
    for at_once in (1, 8, 14):
        monkeypatch.setattr(segments_module, "ROWS_AT_ONCE", at_once)
        parts = table_of(made, first_row=3)
        for name in whole.dtype.names or ():
            np.testing.assert_allclose(parts[name], whole[name], rtol=1e-6, err_msg=name)


def test_no_rows_have_no_segments() -> None:
    assert len(no_segments()) == 0
    (film,) = made_films([[DrawnSegment(2, 1.0, 0.0, False)]], 0)
    none = film.rows.take(np.empty(0, np.intp))
    with sa.create_engine("sqlite://").connect() as connection:
        assert segment_table(connection, {}, none, first_row=5).dtype == table_of([film]).dtype


def test_rows_that_the_catalogue_does_not_know_have_no_segments(
    opened: Library, space: Space, add_video: AddVideo
) -> None:
    """Another video beside them has its own all the same."""
    known, unknown = add_video("/videos/a.mp4", 4, seed=1), add_video("/videos/b.mp4", 5, seed=2)
    put(opened, space, [unknown, known])
    rows = opened.vectors(space).read()
    with opened.write() as connection:
        extractions = extractions_of(connection, space.id, list(owned(connection, space.id)))
        connection.execute(frame.delete().where(frame.c.extraction_id == unknown.extraction_id))
        table = segment_table(connection, extractions, rows, first_row=0)
    assert [extractions[number] for number in table["generation"].tolist()] == [known.extraction_id]
    assert (table["row"].tolist(), table["frames"].tolist()) == ([5], [4])


def test_a_commit_writes_the_table_that_a_rebuilt_one_has(
    opened: Library, space: Space, add_video: AddVideo
) -> None:
    items: list[Embedded] = [add_video(f"/videos/{n}.mp4", 2 + n, seed=n) for n in range(4)]
    put(opened, space, items[:1])
    put(opened, space, items[1:])
    table = opened.matrix(space).load().segments
    rows = opened.vectors(space).read()
    with opened.read() as connection:
        extractions = extractions_of(connection, space.id, list(owned(connection, space.id)))
        np.testing.assert_array_equal(segment_table(connection, extractions, rows, first_row=0), table)


def test_what_lies_around_a_segment_does_not_depend_on_the_films_before() -> None:
    """A frame just behind the 30 s is not in them, however late the times of other films are."""
    long = [DrawnSegment(1, 20_000.0, 0.0, True)] * 3
    step = float(np.nextafter(30.0, 31.0)) - 27.5
    short = [DrawnSegment(1, 27.5, 0.0, True), DrawnSegment(2, step, 0.0, True)]
    alone, behind = made_films([short], 0), made_films([long, short], 0)
    table = table_of(alone)
    assert table["frames_around"].tolist() == [2, 2]
    assert table_of(behind)["frames_around"][len(long) :].tolist() == [2, 2]
