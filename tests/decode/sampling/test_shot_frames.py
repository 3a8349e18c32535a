"""Which frames of a shot stay."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.decode.sampling.shot_frames import SPARSE_SECONDS, Candidate, ShotFrames
from mediaindex.media import SEGMENT_FRAMES, SEGMENT_SECONDS, SampledFrame

LEVELS = 256


def candidate(second: float, level: float | None = None) -> Candidate:
    """A frame of one grey level; without one, unlike the frames around it."""
    level = second * 100 % LEVELS if level is None else level
    cells = np.full((4, 4, 3), level, np.int16)
    return Candidate(SampledFrame(second, b""), np.zeros((16, 24), np.float32), cells)


def staying(
    seconds: list[float], cuts: list[float], level_at: Callable[[float], float] | None = None
) -> list[float]:
    """Times of the frames that stay, where each cut is known as soon as a frame after it comes.

    Args:
        level_at: how light the picture is at a time; without it each frame is unlike the ones around it.
    """
    shot, given_seconds = ShotFrames(), list[float]()
    for second in seconds:
        shot.hold(candidate(second, None if level_at is None else level_at(second)))
        known = [cut for cut in cuts if cut <= second]
        given_seconds += [frame.seconds for frame in shot.settled(known)]
    return given_seconds + [frame.seconds for frame in shot.finish(cuts)]


def test_a_short_shot_keeps_twelve_evenly_spread_frames() -> None:
    frames = staying([float(second) for second in range(25)], [25.0])
    assert len(frames) == SEGMENT_FRAMES
    assert (frames[0], frames[-1]) == (0.0, 24.0)


def test_a_long_shot_keeps_frames_two_and_a_half_seconds_apart() -> None:
    frames = staying([float(second) for second in range(100)], [])
    assert min(after - before for before, after in pairwise(frames)) >= SPARSE_SECONDS


def test_frames_of_a_long_shot_are_given_before_it_ends() -> None:
    shot = ShotFrames()
    for second in range(40):
        shot.hold(candidate(float(second)))
    assert list(shot.settled([]))
    assert shot.last_seconds(candidate(39.0)) < 39.0


def test_a_new_shot_begins_with_its_first_frame() -> None:
    assert 50.0 in staying([float(second) for second in range(100)], [50.0])


def test_what_stands_still_for_more_than_half_a_minute_is_one_frame() -> None:
    seconds = [float(second) for second in range(4000)]
    assert staying(seconds, [], lambda _second: 7.0) == [0.0]
    assert staying(seconds, [1000.0], lambda _second: 7.0) == [0.0, 1000.0]
    slides = staying(seconds, [], lambda second: 20.0 * (second // 500))
    assert slides == pytest.approx([500.0 * number for number in range(8)], abs=SPARSE_SECONDS + 1)


def test_what_stands_still_for_less_has_as_many_frames_as_what_moves() -> None:
    seconds = [float(second) for second in range(200)]
    assert staying(seconds, [], lambda second: 50.0 * (second // 29.0)) == staying(seconds, [])


def test_what_changes_slowly_is_kept_again_and_again() -> None:
    frames = staying([float(second) for second in range(2400)], [], lambda second: second / 24)
    assert len(frames) >= 19
    assert max(after - before for before, after in pairwise(frames)) <= 120, "five whole levels"


def test_a_still_gives_nothing_before_it_ends() -> None:
    shot = ShotFrames()
    for second in range(10_000):
        shot.hold(candidate(float(second), 7.0))
        assert list(shot.settled([])) == []
    assert [frame.seconds for frame in shot.finish([])] == [0.0]


@given(
    st.lists(st.floats(0, 300), max_size=80, unique=True).map(sorted),
    st.lists(st.floats(0, 300), max_size=5).map(sorted),
)
def test_what_stays_ascends_and_no_half_minute_holds_more_than_twelve(
    seconds: list[float], cuts: list[float]
) -> None:
    frames = staying(seconds, cuts)
    assert frames == sorted(set(frames))
    assert set(frames) <= set(seconds)
    edges = [0.0, *cuts, 1e9]
    for start, stop in pairwise(edges):
        shot = [second for second in frames if start <= second < stop]
        for first in shot:
            assert sum(first <= second < first + SEGMENT_SECONDS - 1e-6 for second in shot) <= SEGMENT_FRAMES
