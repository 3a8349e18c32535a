"""The numbers of a moment of the pictures: how it stands out of the list."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from mediaindex.search.confidence.picture_numbers import BETA, NAMES, RIVALS, best_segments, picture_numbers

SCORE = np.array([0.5, 0.4, 0.3, 0.1, -np.inf], np.float32)
VIDEO = np.array([1, 2, 3, 3, 4])
MEANS = np.eye(5, dtype=np.float32)
BANK = np.array([[0.1, 0.2, 0.3]] * 5, np.float32)


def numbers_of(
    places: list[int], means: NDArray[np.float32] = MEANS, score: NDArray[np.float32] = SCORE
) -> list[dict[str, float]]:
    best = best_segments(score)
    rows = picture_numbers(
        score, VIDEO, places, [0.6] * len(places), BANK[places], means[[*places, *best]], best
    )
    return [dict(zip(NAMES, row, strict=True)) for row in rows]


def test_what_stands_out_of_a_list() -> None:
    first, second = numbers_of([0, 1])
    shown = SCORE[:4].astype(float)
    assert first["z"] == pytest.approx((0.5 - shown.mean()) / shown.std(), rel=1e-5)
    assert first["margin"] == pytest.approx(0.1 / shown.std(), rel=1e-5)
    assert second["margin"] == pytest.approx(-0.1 / shown.std(), rel=1e-5)
    rest = sum(np.exp(BETA * (value - 0.5)) for value in (0.4, 0.3, 0.1))
    assert first["log_share"] == pytest.approx(-np.log1p(rest), rel=1e-4)
    assert first["bank_z"] == pytest.approx((0.6 - 0.2) / BANK[0].std(), rel=1e-5)
    assert first["similarity"] == 0.6
    assert first["log_segments"] == pytest.approx(np.log(4))


def test_neither_its_own_video_nor_a_copy_of_the_scene_is_a_rival() -> None:
    (third,) = numbers_of([3])
    assert third["margin"] == pytest.approx((0.1 - 0.5) / SCORE[:4].astype(float).std(), rel=1e-4)
    copies = MEANS.copy()
    copies[1] = copies[0]
    (first,) = numbers_of([0], copies)
    assert first["margin"] == pytest.approx(0.2 / SCORE[:4].astype(float).std(), rel=1e-5)


def test_a_library_of_one_moment_is_no_fault() -> None:
    alone = np.array([0.5, -np.inf, -np.inf, -np.inf, -np.inf], np.float32)
    (only,) = numbers_of([0], score=alone)
    assert all(np.isfinite(value) for value in only.values())
    assert (only["z"], only["margin"], only["log_share"]) == (0.0, 0.0, 0.0)


def test_the_best_segments_are_shown_ones() -> None:
    assert sorted(best_segments(SCORE).tolist()) == [0, 1, 2, 3]
    many = np.linspace(0, 1, 1000, dtype=np.float32)
    assert sorted(best_segments(many).tolist()) == list(range(936, 1000))


@given(
    seed=st.integers(0, 2**31),
    count=st.integers(1, 40_000),
    shown=st.floats(0, 1),
    levels=st.integers(1, 500),
)
def test_the_best_segments_of_a_large_library_are_those_of_sorting(
    seed: int, count: int, shown: float, levels: int
) -> None:
    random = np.random.default_rng(seed)
    score = (random.integers(-levels, levels, count) / levels).astype(np.float32)
    score[random.random(count) > shown] = -np.inf
    best = best_segments(score)
    assert len(set(best.tolist())) == len(best)
    in_order = np.sort(score[score > -np.inf])[::-1]
    assert np.sort(score[best])[::-1].tolist() == in_order[:RIVALS].tolist()
