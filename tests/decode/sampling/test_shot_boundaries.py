"""Shot boundaries, from histograms alone."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from mediaindex.decode.sampling.shot_boundaries import CutDetector, Histogram, block_histogram, difference


def picture(level: int, seed: int = 0) -> Histogram:
    noise = np.random.default_rng(seed).integers(-4, 5, (36, 64, 3))
    return block_histogram(np.clip(level + noise, 0, 255).astype(np.uint8))


def test_histograms_are_distributions() -> None:
    rows = picture(100).sum(axis=1)
    assert rows == pytest.approx(np.ones(16), abs=1e-5)


@pytest.mark.parametrize(
    ("level", "shares"), [(16, {0: 1.0}), (40, {0: 0.25, 1: 0.75}), (48, {1: 1.0}), (255, {7: 1.0})]
)
def test_a_level_is_shared_between_its_two_nearest_bins(level: int, shares: dict[int, float]) -> None:
    histogram = block_histogram(np.full((36, 64, 1), level, np.uint8))
    expected = [shares.get(place, 0.0) for place in range(8)]
    assert histogram[5] == pytest.approx(expected)


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
