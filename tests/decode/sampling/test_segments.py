"""Segments, from cuts and frame times alone."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mediaindex.decode.sampling.segments import cut_into_segments, thin
from mediaindex.media import SEGMENT_FRAMES, SEGMENT_SECONDS


@given(st.integers(1, 60), st.integers(1, 12))
def test_thinning_keeps_at_most_the_limit_in_order(count: int, limit: int) -> None:
    kept = thin([float(i) for i in range(count)], limit)
    assert len(kept) == min(count, limit)
    assert kept == sorted(set(kept))
    assert all(0 <= index < count for index in kept)


times = st.lists(st.floats(0, 4000, allow_nan=False), max_size=120, unique=True).map(sorted)


@given(times, times, st.floats(0, 5000))
@example([], [0.0, 5e-324, 61.0], 0.0)
def test_segments_hold_every_frame_once_and_keep_their_bounds(
    cuts: list[float], frames: list[float], duration: float
) -> None:
    segments = cut_into_segments(cuts, frames, duration)
    ordinal = 0
    for segment in segments:
        assert segment.first_frame == ordinal
        assert 1 <= segment.frame_count <= SEGMENT_FRAMES
        length = segment.end_seconds - segment.start_seconds
        assert length <= SEGMENT_SECONDS + 1e-6 or segment.frame_count == 1
        inside = frames[ordinal : ordinal + segment.frame_count]
        assert all(segment.start_seconds <= second <= segment.end_seconds for second in inside)
        ordinal += segment.frame_count
    assert ordinal == len(frames)
    assert all(a.end_seconds <= b.start_seconds + 1e-9 for a, b in pairwise(segments))


@given(st.floats(0.1, 600), st.lists(st.floats(0.1, 600), max_size=20, unique=True).map(sorted))
def test_segments_cover_a_film_that_is_sampled_every_three_seconds(
    duration: float, cuts: list[float]
) -> None:
    cuts = [cut for cut in cuts if cut < duration]
    frames = sorted({*np.arange(0, duration, 3.0).tolist(), *cuts})
    segments = cut_into_segments(cuts, frames, duration)
    assert segments[0].start_seconds == 0.0
    assert segments[-1].end_seconds == max(duration, frames[-1])
    assert all(a.end_seconds == pytest.approx(b.start_seconds) for a, b in pairwise(segments))


def test_long_shots_are_split_evenly_and_cuts_are_kept() -> None:
    segments = cut_into_segments([10.0], [0.0, *np.arange(10, 100, 3.0)], 100.0)
    assert [(s.start_seconds, s.end_seconds) for s in segments] == [
        (0.0, 10.0),
        (10.0, 40.0),
        (40.0, 70.0),
        (70.0, 100.0),
    ]


def test_a_shot_without_a_frame_joins_its_neighbour() -> None:
    segments = cut_into_segments([1.0, 2.0, 4.0], [0.0, 2.5], 5.0)
    assert [(s.start_seconds, s.end_seconds) for s in segments] == [(0.0, 1.0), (1.0, 5.0)]


def test_nothing_is_said_of_hours_before_the_first_frame() -> None:
    (segment,) = cut_into_segments([], [7000.0], 9000.0)
    assert (segment.start_seconds, segment.end_seconds) == (7000.0, 9000.0)


def bounds(cuts: list[float], frames: list[float], duration: float) -> list[tuple[float, float, int]]:
    segments = cut_into_segments(cuts, frames, duration)
    return [(s.start_seconds, s.end_seconds, s.frame_count) for s in segments]


def test_a_picture_that_stands_for_long_is_a_segment_of_its_own() -> None:
    assert bounds([], [0.0], 7200.0) == [(0.0, 7200.0, 1)]
    assert bounds([], [0.0, 3600.0, 7200.0], 7201.0) == [
        (0.0, 3600.0, 1),
        (3600.0, 7200.0, 1),
        (7200.0, 7201.0, 1),
    ]
    assert bounds([100.0], [0.0, 100.0], 160.0) == [(0.0, 100.0, 1), (100.0, 160.0, 1)]


def test_what_moves_before_and_after_a_still_has_segments_of_its_own() -> None:
    frames = [0.0, 3.0, 6.0, 9.0, 100.0, 103.0, 106.0]
    assert bounds([], frames, 109.0) == [(0.0, 9.0, 3), (9.0, 100.0, 1), (100.0, 109.0, 3)]


still_films = st.lists(st.floats(0.5, 5000, allow_nan=False), min_size=1, max_size=40)


@given(still_films, st.sets(st.integers(0, 40)))
def test_every_second_from_the_first_frame_on_is_in_the_segment_that_shows_it(
    stands: list[float], cut: set[int]
) -> None:
    frames = [0.0, *np.cumsum(stands).tolist()]
    duration = frames.pop()
    cuts = [second for number, second in enumerate(frames) if number in cut]
    segments = cut_into_segments(cuts, frames, duration)
    assert (segments[0].start_seconds, segments[-1].end_seconds) == (0.0, duration)
    assert all(a.end_seconds == b.start_seconds for a, b in pairwise(segments))
    for segment in segments:
        if segment.end_seconds - segment.start_seconds > SEGMENT_SECONDS + 1e-6:
            assert segment.start_seconds == frames[segment.first_frame]
