"""Which frames of a shot stay."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from mediaindex.decode.sampling.shot_frames import SPARSE_SECONDS, ShotFrames
from mediaindex.media import SEGMENT_FRAMES, SEGMENT_SECONDS, SampledFrame


def staying(seconds: list[float], cuts: list[float]) -> list[float]:
    """Times of the frames that stay, where each cut is known as soon as a frame after it comes."""
    shot, given_seconds = ShotFrames(), list[float]()
    for second in seconds:
        shot.hold(SampledFrame(second, b""))
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
        shot.hold(SampledFrame(float(second), b""))
    assert list(shot.settled([]))
    assert shot.last_seconds(SampledFrame(39.0, b"")) < 39.0


def test_a_new_shot_begins_with_its_first_frame() -> None:
    assert 50.0 in staying([float(second) for second in range(100)], [50.0])


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
