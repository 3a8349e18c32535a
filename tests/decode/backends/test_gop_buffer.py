"""The packets that are kept of a GOP."""

from __future__ import annotations

import pytest
from av.packet import Packet
from av.stream import Stream
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.decode.backends import gop_buffer
from mediaindex.decode.backends.gop_buffer import GopBuffer, KeyframeIntervals


def packet(*, keyframe: bool = False, size: int = 10) -> Packet[Stream]:
    made: Packet[Stream] = Packet(bytes(size))
    made.is_keyframe = keyframe
    return made


def test_a_keyframe_that_was_given_begins_the_next_gop_and_ends_the_last() -> None:
    gop, first, second = GopBuffer(), packet(keyframe=True), packet(keyframe=True)
    followers = [packet(), packet()]
    assert gop.restart(first) == []
    for follower in followers:
        gop.append(follower)
    assert gop.undecoded == 2
    assert gop.restart(second) == [first, *followers]
    assert (len(gop), gop.undecoded) == (1, 0)


def test_taking_leaves_nothing() -> None:
    gop = GopBuffer()
    gop.append(packet())
    assert len(gop.take()) == 1
    assert (len(gop), gop.undecoded, gop.take()) == (0, 0, [])


def test_the_newest_undecoded_keyframe_is_taken_out_with_what_follows_it() -> None:
    gop, keyframe = GopBuffer(), packet(keyframe=True)
    gop.restart(packet(keyframe=True))
    for one in (packet(), packet(keyframe=True), packet(), keyframe, packet()):
        gop.append(one)
    assert gop.pop_last_keyframe() is keyframe
    assert (len(gop), gop.undecoded) == (4, 3)


def test_a_keyframe_that_was_given_is_not_taken_again() -> None:
    gop = GopBuffer()
    gop.restart(packet(keyframe=True))
    gop.append(packet())
    assert gop.pop_last_keyframe() is None
    assert (len(gop), gop.undecoded) == (2, 1)


@pytest.mark.parametrize(("bound", "value"), [("MAX_PACKETS", 3), ("MAX_BYTES", 30)])
def test_more_than_either_bound_is_too_much(monkeypatch: pytest.MonkeyPatch, bound: str, value: int) -> None:
    monkeypatch.setattr(gop_buffer, bound, value)
    gop = GopBuffer()
    fullness = []
    for _ in range(4):
        gop.append(packet(keyframe=True))
        fullness.append(gop.is_full)
    gop.drop_every_second()
    assert fullness == [False, False, False, True]
    assert (len(gop), gop.is_full) == (2, False)


@given(st.lists(st.sampled_from(["append", "keyframe", "halve", "pop keyframe", "take"]), max_size=40))
def test_no_more_is_undecoded_than_is_kept(steps: list[str]) -> None:
    gop = GopBuffer()
    for step in steps:
        match step:
            case "append":
                gop.append(packet())
            case "keyframe":
                gop.append(packet(keyframe=True))
            case "halve":
                gop.drop_every_second()
            case "pop keyframe":
                gop.pop_last_keyframe()
            case _:
                gop.take()
        assert 0 <= gop.undecoded <= len(gop)


def after(intervals: list[int]) -> KeyframeIntervals:
    """What is known at the keyframe after these intervals, in packets."""
    counted = KeyframeIntervals()
    for packets in intervals:
        for place in range(packets):
            counted.follow(is_keyframe=place == 0)
    counted.follow(is_keyframe=True)
    return counted


@pytest.mark.parametrize(
    ("intervals", "is_regular"),
    [
        ([50, 50, 50], True),
        ([50, 49, 50], True),
        ([7, 50, 50, 50], True),
        ([50, 50], False),
        ([50, 50, 30], False),
        ([150, 150, 175], False),
        ([250], True),
        ([247], True),  # an open GOP of x265: three pictures are stored after its keyframe
        ([128], True),
        ([125], False),
        ([], False),
    ],
)
def test_equal_intervals_and_the_usual_one_are_the_encoders_own(
    intervals: list[int], is_regular: bool
) -> None:
    assert after(intervals).is_regular is is_regular


@pytest.mark.parametrize(
    ("intervals", "is_early"),
    [
        ([150, 40], True),
        ([150, 150], False),
        ([40, 150], False),
        ([50, 50, 50, 50], False),
        ([300, 250], False),
        ([40], False),
        ([], False),
    ],
)
def test_a_keyframe_is_early_where_another_one_let_wait_longer(intervals: list[int], is_early: bool) -> None:
    assert after(intervals).is_early is is_early
