"""Cuts and segments, from histograms and times alone."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.decode.sampling.segments import cut_into_segments, thin
from mediaindex.decode.sampling.shot_boundaries import (
    CutDetector,
    Histogram,
    block_histogram,
    difference,
)
from mediaindex.media import SEGMENT_FRAMES, SEGMENT_SECONDS


def picture(level: int, seed: int = 0) -> Histogram:
    noise = np.random.default_rng(seed).integers(-4, 5, (36, 64, 3))
    return block_histogram(np.clip(level + noise, 0, 255).astype(np.uint8))


def test_histograms_are_distributions() -> None:
    rows = picture(100).sum(axis=1)
    assert rows == pytest.approx(np.ones(16), abs=1e-5)


def test_difference_is_zero_for_the_same_and_one_for_opposites() -> None:
    assert difference(picture(90), picture(90)) == 0.0
    assert difference(picture(0), picture(255)) == pytest.approx(1.0)


def test_a_fade_changes_little_from_frame_to_frame() -> None:
    levels = [block_histogram(np.full((36, 64, 3), level, np.uint8)) for level in range(0, 256, 4)]
    assert max(difference(a, b) for a, b in pairwise(levels)) < 0.2


def test_letterbox_bars_do_not_hide_a_cut() -> None:
    before = np.zeros((36, 64, 3), np.uint8)
    after = before.copy()
    after[:, 22:42] = 255
    assert difference(block_histogram(before), block_histogram(after)) > 0.5


def detect(levels: list[int], steps: int = 1) -> list[float]:
    detector = CutDetector()
    for index, level in enumerate(levels):
        detector.add(index / 10, picture(level, index), steps=steps if index else 0)
    detector.settle()
    return detector.cuts


def test_a_lasting_change_is_a_cut_at_its_first_picture() -> None:
    assert detect([60] * 10 + [200] * 10) == [1.0]


def test_a_flash_is_no_cut() -> None:
    assert detect([60] * 10 + [250] + [60] * 10) == []


def test_a_cut_just_before_the_end_is_seen() -> None:
    assert detect([60] * 10 + [200]) == [1.0]


def test_flicker_is_no_row_of_cuts() -> None:
    assert len(detect([60, 200] * 15)) <= 1


def test_no_cut_is_placed_where_pictures_were_passed_over() -> None:
    assert detect([60] * 5 + [200] * 5, steps=3) == []


def test_an_unknown_stretch_forgets_what_was_pending() -> None:
    detector = CutDetector()
    detector.add(0.0, picture(60), steps=0)
    assert detector.add(0.1, picture(200), steps=1)
    detector.add(9.0, picture(60), steps=0)
    assert detector.cuts == [0.1]


@given(st.integers(1, 60), st.integers(1, 12))
def test_thinning_keeps_at_most_the_limit_in_order(count: int, limit: int) -> None:
    kept = thin([float(i) for i in range(count)], limit)
    assert len(kept) == min(count, limit)
    assert kept == sorted(set(kept))
    assert all(0 <= index < count for index in kept)


times = st.lists(st.floats(0, 4000, allow_nan=False), max_size=120, unique=True).map(sorted)


@given(times, times, st.floats(0, 5000))
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
