"""What is fitted to are the numbers that a search computes of the same list."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from mediaindex.learn.fitting.described_clips import DescribedClips
from mediaindex.learn.fitting.picture_samples import MOMENTS, Reordered, picture_samples
from mediaindex.learn.fitting.samples import QUESTIONS_OF_A_GALLERY, draws
from mediaindex.search.confidence.picture_numbers import NAMES, picture_numbers
from tests.support.described import bank, features


def test_every_question_gives_its_first_moments() -> None:
    clips = DescribedClips.of_features(features(240))
    told: list[tuple[int, int]] = []
    halves = picture_samples(
        clips,
        bank(),
        blend=0.5,
        corrects_hubs=False,
        galleries=2,
        seed=3,
        progress=lambda done, total: told.append((done, total)),
    )
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
    for half, samples in enumerate(halves):
        assert samples.numbers.shape == (2 * QUESTIONS_OF_A_GALLERY * MOMENTS, len(NAMES))
        assert samples.first.sum() == 2 * QUESTIONS_OF_A_GALLERY
        assert samples.answered[samples.first].mean() == 0.5
        assert set(clips.half[np.isin(clips.group, samples.group)].tolist()) == {half}
        assert not samples.right[~samples.answered].any()
        assert samples.right[samples.first & samples.answered].mean() > 0.5, "the clips can be found"
    draw = next(draws(clips.half, clips.of, 0, count=1, seed=3))
    text = draw.asked[0]
    score = clips.similarities(clips.texts[[text]], blend=0.5)[0, draw.gallery]
    best = np.argsort(-score, kind="stable")
    numbers = picture_numbers(
        score,
        clips.group[draw.gallery],
        [int(best[0])],
        [float(score[best[0]])],
        clips.similarities(bank(), blend=0.5)[:, draw.gallery[best[:1]]].T,
        clips.means[draw.gallery[np.concatenate([best[:1], best[:64]])]],
        best[:64],
    )
    assert halves[0].numbers[0] == pytest.approx(numbers[0], rel=1e-4)


def test_a_reranker_puts_other_moments_first_and_its_numbers_follow_those_of_the_pictures() -> None:
    clips = DescribedClips.of_features(features(240))
    further = np.arange(2.0 * MOMENTS).reshape(MOMENTS, 2)

    def second_first(_text: int, ranked: NDArray[np.intp]) -> Reordered:
        return Reordered(ranked[[1, 0, *range(2, len(ranked))]], further)

    def plainly(text: int, ranked: NDArray[np.intp]) -> Reordered:
        return second_first(text, ranked)._replace(numbers=None)

    kept, turned, plain = (
        picture_samples(clips, bank(), blend=0.5, corrects_hubs=False, galleries=1, seed=3, reorder=reorder)[
            0
        ]
        for reorder in (None, second_first, plainly)
    )
    second = np.roll(kept.first, 1)
    assert np.array_equal(plain.numbers[plain.first], kept.numbers[second])
    assert np.array_equal(plain.right[plain.first], kept.right[second])
    assert np.array_equal(turned.numbers[:, : len(NAMES)], plain.numbers)
    assert np.array_equal(turned.numbers[:, len(NAMES) :].reshape(-1, *further.shape)[7], further)


def test_hubs_stand_back_where_searches_let_them() -> None:
    clips = DescribedClips.of_features(features(240, hubs=5.0))
    plain, corrected = (
        picture_samples(clips, bank(), blend=0.5, corrects_hubs=corrects, galleries=2, seed=0)
        for corrects in (False, True)
    )
    right = [
        np.mean([half.right[half.first & half.answered].mean() for half in one]) for one in (plain, corrected)
    ]
    assert right[1] > right[0]
