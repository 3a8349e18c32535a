"""A space in memory: whose rows and segments are, in one part or in two."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mediaindex.store.catalog.lookup import FrameSpan
from mediaindex.store.mapped.matrix import ROW, Matrix, beside_of
from mediaindex.store.mapped.rows import joined
from mediaindex.store.mapped.segments import no_segments
from mediaindex.store.mapped.snapshot import NO_VIDEO, SpaceSnapshot
from mediaindex.store.mapped.visible import Visible
from tests.support.drawn_films import (
    DrawnSegment,
    Film,
    films,
    made_films,
    query_of,
    space_of,
    table_of,
    visible_of,
)

ONE, TWO = DrawnSegment(2, 0.5, 0.0, False), DrawnSegment(3, 0.5, 0.5, True)


def four_films() -> list[Film]:
    return made_films([[ONE, TWO], [TWO], [ONE, ONE, TWO], [TWO, ONE]], 7)


def space_with_beside(made: Sequence[Film], evidence: int) -> SpaceSnapshot:
    rows = joined([film.rows for film in made])
    entries, beside = np.empty(len(rows), ROW), np.empty(len(rows), beside_of(evidence))
    entries["generation"], entries["frame"] = rows.generation, rows.frame
    beside["norm"] = np.arange(len(rows))
    beside["evidence"] = np.arange(len(rows))[:, None]
    return SpaceSnapshot.of(Matrix("t", entries, rows.vector, beside, table_of(made)), visible_of(made))


@settings(deadline=None)
@given(made=films(), behind=films(2, first=101) | st.just([]), seed=st.integers(0, 2**32 - 1))
def test_every_video_has_its_own_frames_and_segments(made: list[Film], behind: list[Film], seed: int) -> None:
    space, query = space_of(made, behind), query_of(seed)
    assert len(space.lacking) == 0
    assert space.rows == sum(len(film.vectors) for film in [*made, *behind])
    assert space.vector_bytes == 12 * space.rows
    for film in [*made, *behind]:
        own = space.of_video(film.video)
        assert space.segments["id"][own].tolist() == [row.id for row in film.segments]
        np.testing.assert_array_equal(space.frames(film.video), film.plain.frames)
        assert (space.video[own] == film.video).all()
    rows = np.random.default_rng(seed).permutation(space.rows)
    np.testing.assert_allclose(space.take(rows) @ query, space.cosines(query)[rows], atol=1e-3)


def test_an_unknown_video_has_nothing() -> None:
    space = space_of(four_films())
    for video in (-1, 0, 5, 10**9):
        assert len(space.of_video(video)) == len(space.frames(video)) == 0


def test_what_is_not_visible_is_of_no_video() -> None:
    made = four_films()
    space = space_of(made).shows(visible_of([made[0], made[3]]))
    assert space.video.tolist() == [1, 1, NO_VIDEO, NO_VIDEO, NO_VIDEO, NO_VIDEO, 4, 4]
    assert space.is_shown(None).tolist() == [True, True, False, False, False, False, True, True]
    assert space.is_shown(np.array([2, 4])).tolist() == [False] * 6 + [True, True]
    assert not space.is_shown(np.empty(0, np.int64)).any()
    assert len(space.of_video(2)) == 0
    assert space.shows(visible_of(made)).video.tolist() == space_of(made).video.tolist()
    assert not space.shows(Visible()).is_shown(None).any()


def test_what_is_visible_and_not_held_is_lacking() -> None:
    made = four_films()
    held = space_of(made[:2])
    assert held.shows(visible_of(made)).lacking.tolist() == sorted(film.generation for film in made[2:])
    cut = visible_of(made[:2])
    longer = Visible(1, cut.generation, cut.video, cut.vectors + np.array([0, 1]))
    assert held.shows(longer).lacking.tolist() == [cut.generation[1]]
    assert len(held.shows(longer).of_video(int(cut.video[1]))) == 0, "a half generation is none"
    empty = Visible(1, np.array([5]), np.array([9]), np.array([0]))
    assert len(held.shows(empty).lacking) == 0, "a video without frames lacks none"


@settings(deadline=None)
@given(
    made=films(),
    steps=st.lists(st.integers(0, 5), min_size=32, max_size=32),
    most=st.integers(1, 5),
    hidden=st.booleans(),
)
def test_the_best_videos_come_best_first(made: list[Film], steps: list[int], most: int, hidden: bool) -> None:
    space = space_of(made)
    values = np.array(steps[: len(space)], np.float32)
    if hidden:
        values[space.video == 1] = -np.inf
    best = {film.video: float(values[space.of_video(film.video)].max()) for film in made}
    order = sorted(
        (video for video in best if best[video] > -np.inf), key=lambda video: (-best[video], video)
    )
    found = space.best_videos(values, most)
    assert [best[video] for video in found] == [best[video] for video in order[:most]]
    if len(order) <= 2 * most:
        assert found == order[:most]
        near = space.best_videos(values, most, margin=1.0)
        least = best[order[min(most, len(order)) - 1]] - 1.0 if order else 0.0
        assert near == [video for n, video in enumerate(order) if n < most or best[video] >= least]


def test_a_space_without_segments_has_no_videos() -> None:
    space = space_of(four_films()[:1]).shows(Visible())
    assert space.best_videos(np.full(len(space), -np.inf, np.float32), 3) == []
    nothing = SpaceSnapshot.of(
        Matrix("", np.empty(0, ROW), np.empty((0, 6), np.float16), None, no_segments()), Visible()
    )
    assert (len(nothing), nothing.rows) == (0, 0)
    assert nothing.best_videos(np.empty(0, np.float32), 3) == []
    assert len(nothing.cosines(query_of(0))) == len(nothing.is_shown(None)) == 0


def test_segments_are_named_as_lancedb_names_their_frames() -> None:
    made = four_films()
    space = space_of(made)
    generation = made[2].generation
    assert space.spans(np.array([5, 4])) == [FrameSpan(generation, 4, 3), FrameSpan(generation, 2, 2)]


@pytest.mark.parametrize("evidence", [0, 2])
def test_rows_are_given_with_what_stands_beside_them(evidence: int) -> None:
    made = four_films()
    space = space_with_beside(made, evidence)
    rows = space.rows_of(np.array([5, 0]))
    assert rows is not None
    assert rows.generation.tolist() == [made[2].generation] * 3 + [made[0].generation] * 2
    assert rows.frame.tolist() == [4, 5, 6, 0, 1]
    np.testing.assert_array_equal(rows.vector, np.concatenate([made[2].vectors[4:], made[0].vectors[:2]]))
    assert rows.norm.tolist() == [12, 13, 14, 0, 1]
    assert (rows.evidence is None) is (evidence == 0)
    if rows.evidence is not None:
        assert rows.evidence[:, 1].tolist() == rows.norm.tolist()
    assert space_of(made).rows_of(np.array([0])) is None, "nothing stands beside them"
    more = space.with_rows(made[0].rows, table_of(made[:1], first_row=18), visible_of(made))
    assert more.rows_of(np.array([0])) is None, "not of every row"


def test_frames_are_found_in_their_segments() -> None:
    made = four_films()
    space = space_of(made, made_films([[ONE]], 3, 101)).shows(visible_of(made[1:]))

    def segments_with(*frames: tuple[int, int]) -> NDArray[np.intp]:
        generation, frame = np.array(frames, np.int64).reshape(-1, 2).T
        return space.segments_with(generation, frame.astype(np.int32))

    third, hidden = made[2].generation, made[0].generation
    assert segments_with((third, 6), (third, 1), (third, 0)).tolist() == [3, 5]
    assert segments_with((hidden, 0), (12345, 0), (10**9, 2)).tolist() == []
    assert segments_with().tolist() == []
