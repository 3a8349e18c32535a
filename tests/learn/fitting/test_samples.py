"""Galleries: their sizes, and that half of what is asked is not there."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.learn.fitting.samples import LEAST_OF_A_HALF, QUESTIONS_OF_A_GALLERY, SMALLEST, Samples, draws


@given(st.integers(LEAST_OF_A_HALF, 300), st.integers(0, 5), st.integers(1, 3))
def test_half_of_the_questions_have_no_answer(size: int, seed: int, captions: int) -> None:
    half = np.repeat([0, 1], size)
    of = np.repeat(np.arange(2 * size), captions)
    for which in (0, 1):
        for draw in draws(half, of, which, count=2, seed=seed):
            assert SMALLEST <= len(draw.gallery) <= size - QUESTIONS_OF_A_GALLERY
            assert len(set(draw.gallery.tolist())) == len(draw.gallery)
            assert set(half[draw.gallery].tolist()) == {which}
            there = np.isin(of[draw.asked], draw.gallery)
            assert there.sum() == (~there).sum() == QUESTIONS_OF_A_GALLERY // 2
            assert set(half[of[draw.asked]].tolist()) == {which}


def test_samples_are_joined_and_chosen() -> None:
    one = Samples.of([([1.0, 2.0], True, 7, True, True), ([3.0, 4.0], False, 8, False, True)])
    both = Samples.joined([one, one])
    assert both.numbers.shape == (4, 2)
    assert both.where(both.right).group.tolist() == [7, 7]
