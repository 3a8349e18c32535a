"""Which gaps are decoded, by their sides, their length and their packets."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.decode.backends.decoder import LeftOut
from mediaindex.decode.sampling.gap_rule import AFTER_PACKET_SECONDS, GapRule, Plan
from mediaindex.decode.sampling.policy import Sampling
from tests.support.media import Clip, extract_here, flat, moving, numbered, write_clip

ALIKE, UNLIKE, CERTAIN = 0.1, 0.4, 0.9


def left_out(sizes: list[int], *, is_regular: bool = True, is_early: bool = False) -> LeftOut:
    """Packets 0.1 s apart after a keyframe of 1000 bytes."""
    seconds = tuple(0.1 * place for place in range(1, len(sizes) + 1))
    return LeftOut(seconds, tuple(sizes), 1000, is_regular, is_early)


def test_nothing_is_decoded_between_sides_that_are_alike_and_near() -> None:
    assert GapRule().plan(left_out([100] * 30), 3.3, ALIKE) == Plan(fills=False)
    assert GapRule().plan(left_out([100, 900, 100]), 3.0, ALIKE) == Plan(fills=False)


def test_a_long_gap_is_filled_though_its_sides_are_alike() -> None:
    assert GapRule().plan(left_out([100] * 71), 7.1, ALIKE) == Plan(fills=True)


@pytest.mark.parametrize("gap_seconds", [3.6, 5.0, 6.8])
def test_nothing_is_decoded_between_alike_sides_where_no_packet_tells_of_a_cut(gap_seconds: float) -> None:
    assert GapRule().plan(left_out([100] * 59), gap_seconds, ALIKE) == Plan(fills=False)


@pytest.mark.parametrize("size", [500, 1500])
def test_a_packet_that_tells_of_a_cut_has_a_gap_filled_though_its_sides_are_alike(size: int) -> None:
    assert GapRule().plan(left_out([100] * 30 + [size] + [100] * 24), 5.5, ALIKE) == Plan(fills=True)


def test_packets_that_are_large_out_of_habit_tell_of_no_cut() -> None:
    assert GapRule().plan(left_out(([100] * 15 + [900]) * 4), 6.4, ALIKE) == Plan(fills=False)


def test_without_packets_a_gap_is_filled() -> None:
    assert GapRule().plan(None, 5.0, ALIKE) == Plan(fills=True)
    assert GapRule().plan(left_out([]), 5.0, ALIKE) == Plan(fills=True)


def test_no_cut_is_searched_for_where_all_packets_are_small_and_the_keyframe_was_due() -> None:
    assert GapRule().plan(left_out([100] * 30), 3.0, UNLIKE) == Plan(fills=False)


@pytest.mark.parametrize("size", [500, 1500])
def test_the_search_ends_after_the_last_large_packet(size: int) -> None:
    sizes = [100] * 30
    sizes[9] = size
    plan = GapRule().plan(left_out(sizes), 3.0, UNLIKE)
    assert plan.search_until == pytest.approx(1.0 + AFTER_PACKET_SECONDS)


def test_a_keyframe_that_was_not_due_may_be_a_cut() -> None:
    assert GapRule().plan(left_out([100] * 30, is_regular=False), 3.0, UNLIKE).search_until == math.inf


def test_before_a_keyframe_of_unknown_kind_motion_explains_unlike_sides() -> None:
    assert GapRule().plan(left_out([300] * 30, is_regular=False), 3.0, UNLIKE) == Plan(fills=False)


@pytest.mark.parametrize("size", [100, 300])
def test_a_keyframe_that_came_early_may_be_a_cut_whatever_moved_before(size: int) -> None:
    told = left_out([size] * 30, is_regular=False, is_early=True)
    assert GapRule().plan(told, 3.0, UNLIKE) == Plan(fills=False, search_until=math.inf)


def test_a_sign_before_a_fill_does_not_count_for_what_follows_it() -> None:
    told = left_out([100] * 20 + [900] + [100] * 70)
    assert GapRule().longest_gap(told, ALIKE) == pytest.approx(3.4)
    assert GapRule().longest_gap(told, ALIKE, start_seconds=3.0) == pytest.approx(6.8)


@given(st.floats(0.0, 100.0), st.floats(0.2, 60.0), st.sampled_from([1.0, 2.0]))
def test_fills_leave_no_gap_that_is_longer_than_allowed(start: float, length: float, gaps: float) -> None:
    rule, end = GapRule(), start + length
    longest = rule.gap_seconds * gaps
    while (fill := rule.next_fill(start, end, longest)) < math.inf:
        assert start < fill < end
        assert fill - start <= longest + 0.2
        start = fill
    assert end - start <= longest + 0.2


def test_sides_that_have_nothing_in_common_are_searched_whatever_the_packets_tell() -> None:
    assert GapRule().plan(left_out([100] * 30), 3.0, CERTAIN).search_until == math.inf


def test_without_packets_unlike_sides_are_searched() -> None:
    assert GapRule().plan(None, 3.0, UNLIKE).search_until == math.inf


@pytest.mark.parametrize("gap_seconds", [1.5, 3.4, 8.0])
def test_the_setting_says_how_far_frames_are_apart(tmp_path: Path, gap_seconds: float) -> None:
    pictures = [flat(level, level, level) for level in range(0, 240, 2)]
    path = write_clip(tmp_path / "fade.mp4", pictures, Clip(gop=100))
    found = extract_here(path, sampling=Sampling(gap_seconds=gap_seconds))
    inside = [seconds for seconds in found.seconds if seconds <= 10.0]
    assert max(after - before for before, after in pairwise(inside)) <= gap_seconds + 0.35
    assert len(inside) <= 10.0 / gap_seconds + 3


@given(st.lists(st.integers(0, 5000), max_size=60), st.floats(0.0, 1.0), st.floats(0.1, 100), st.booleans())
def test_more_unlike_sides_are_never_decoded_less(
    sizes: list[int], unlikeness: float, gap_seconds: float, is_regular: bool
) -> None:
    rule, told = GapRule(), left_out(sizes, is_regular=is_regular)
    less, more = rule.plan(told, gap_seconds, unlikeness / 2), rule.plan(told, gap_seconds, unlikeness)
    assert more.fills >= less.fills
    assert more.search_until >= less.search_until


@pytest.mark.parametrize("gop", [40, 100])
def test_a_shot_is_seen_though_the_next_one_was_seen_before_it(tmp_path: Path, gop: int) -> None:
    """Shots A B C B: the second is like the keyframe at the end of the gap."""
    scenes = [(10, numbered(1)), (12, flat(250, 250, 250)), (70, numbered(5)), (60, flat(250, 250, 250))]
    pictures = [picture for count, picture in scenes for _ in range(count)]
    found = extract_here(write_clip(tmp_path / "again.mp4", pictures, Clip(codec="mpeg4", gop=gop)))
    assert any(2.2 < seconds < 9.2 for seconds in found.seconds)


def test_a_shot_cut_in_between_distant_sides_that_are_alike_is_found(tmp_path: Path) -> None:
    pictures = [numbered(1)] * 20 + [flat(250, 250, 250)] * 25 + [numbered(1)] * 95
    outline = extract_here(write_clip(tmp_path / "cut.mp4", pictures, Clip(codec="mpeg4", gop=70))).outline
    assert outline.cuts == pytest.approx([2.0, 4.5], abs=0.31)


@pytest.mark.parametrize("at", [25, 40, 57])
@pytest.mark.parametrize("gop", [20, 250])
def test_a_cut_is_found_wherever_it_lies_between_keyframes(tmp_path: Path, at: int, gop: int) -> None:
    pictures = moving(at) + [flat(250, 250, 250)] * (120 - at)
    outline = extract_here(write_clip(tmp_path / "cut.mp4", pictures, Clip(gop=gop))).outline
    assert outline.cuts == pytest.approx([at / 10], abs=0.31)
