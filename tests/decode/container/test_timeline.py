"""Time goes on where a container's clock jumps."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from av.packet import Packet
from av.stream import Stream
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.decode.container.timeline import BACKWARD_SECONDS, FORWARD_SECONDS, PlayingClock


def packet(stamp: int | None, *, decode_stamp: int | None = None, duration: int = 1) -> Packet[Stream]:
    made: Packet[Stream] = Packet(b"x")
    made.pts, made.dts = stamp, stamp if decode_stamp is None else decode_stamp
    made.duration, made.time_base = duration, Fraction(1, 10)
    return made


def times(clock: PlayingClock, stamps: list[int]) -> list[float]:
    result = []
    for one in map(packet, stamps):
        clock.follow(one)
        assert one.pts is not None
        result.append(clock.seconds(one.pts))
    return result


def new_clock(*, start_seconds: float = 0.0, may_restart: bool = True) -> PlayingClock:
    return PlayingClock(Fraction(1, 10), start_seconds, may_restart=may_restart)


def test_time_counts_from_the_containers_start() -> None:
    clock = new_clock(start_seconds=5.0)
    assert times(clock, [50, 51, 52]) == pytest.approx([0.0, 0.1, 0.2])
    assert clock.end_seconds == pytest.approx(0.3)


def test_a_clock_that_starts_again_goes_on() -> None:
    assert times(new_clock(), [0, 5, 10, 0, 5]) == pytest.approx([0.0, 0.5, 1.0, 1.1, 1.6])


def test_a_clock_that_jumps_ahead_goes_on() -> None:
    assert times(new_clock(), [0, 1, 90_000, 90_001]) == pytest.approx([0.0, 0.1, 0.2, 0.3])


def test_where_no_jump_is_expected_stamps_stay() -> None:
    assert times(new_clock(may_restart=False), [0, 1, 9000, 3]) == pytest.approx([0.0, 0.1, 900.0, 0.3])


def test_a_small_step_is_no_jump() -> None:
    ahead, back = int(FORWARD_SECONDS * 10), int(BACKWARD_SECONDS * 10)
    seconds = times(new_clock(), [0, ahead, ahead + 1 - back])
    assert seconds == pytest.approx([0.0, ahead / 10, (ahead + 1 - back) / 10])


def test_another_stream_moves_with_the_film() -> None:
    clock = new_clock()
    times(clock, [0, 5, 10, 0])
    beside = packet(1)
    assert clock.seconds_beside(beside) == pytest.approx(1.2)
    assert clock.seconds_beside(packet(None)) is None


@given(st.lists(st.lists(st.integers(1, 50), min_size=1, max_size=8), min_size=1, max_size=6))
def test_joined_recordings_never_go_back(recordings: list[list[int]]) -> None:
    stamps: list[int] = []
    for steps in recordings:
        position = 0
        for step in steps:
            stamps.append(position)
            position += step
    seconds = times(new_clock(), stamps)
    assert seconds[0] == 0.0
    assert all(after >= before - BACKWARD_SECONDS for before, after in pairwise(seconds))
