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
        assert segment.end_seconds - segment.start_seconds <= SEGMENT_SECONDS + 1e-6
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


def test_nothing_is_said_of_hours_around_one_frame() -> None:
    (segment,) = cut_into_segments([], [7000.0], 9000.0)
    assert (segment.start_seconds, segment.end_seconds) == (7000.0, 7030.0)
