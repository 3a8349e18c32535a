"""No video has a part in the weights that rank it; the strength is what held-out videos ask for."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.learn.personal.cross_fitting import FOLDS, cross_fitted, fold_of
from mediaindex.learn.personal.examples import Example, Stretch
from mediaindex.learn.personal.lists import Listed

SHIPPED = np.array([1.0, 0.0, 0.0, 0.0, 0.0])
CONTENTS = {video: f"hash of {video}" for video in range(400)}


def lists_of(count: int, number: int, *, weight: float = 8.0, seed: int = 0) -> list[Listed]:
    """Lists, two a video, whose right moment goes by one of the five numbers."""
    random = np.random.default_rng(seed)
    found = []
    for place in range(count):
        numbers = random.standard_normal((16, 5))
        logits = weight * numbers[:, number] + random.gumbel(size=16)
        right = np.arange(16) == int(np.argmax(logits))
        example = Example("caption", place, "words", (Stretch(place // 2, 0, 1),))
        found.append(Listed(example, numbers, right, np.zeros(16, np.bool_)))
    return found


@given(st.text())
def test_every_content_has_one_fold(content: str) -> None:
    assert 0 <= fold_of(content) < FOLDS
    assert fold_of(content) == fold_of(content)


def test_the_folds_are_of_similar_sizes() -> None:
    counts = np.bincount([fold_of(content) for content in CONTENTS.values()], minlength=FOLDS)
    assert counts.min() > 0.6 * len(CONTENTS) / FOLDS


def test_a_fold_never_sees_its_own_videos() -> None:
    """Other answers of one fold change the weights of all folds but its own."""
    lists = lists_of(80, 1)
    before = cross_fitted(lists, CONTENTS, SHIPPED)
    fold = fold_of(CONTENTS[0])
    changed = [
        Listed(one.example, one.numbers, np.roll(one.right, 3), one.wrong)
        if fold_of(CONTENTS[next(iter(one.example.videos))]) == fold
        else one
        for one in lists
    ]
    after = cross_fitted(changed, CONTENTS, SHIPPED)
    np.testing.assert_array_equal(after.by_fold[fold].weights, before.by_fold[fold].weights)
    for other in set(range(FOLDS)) - {fold}:
        assert (after.by_fold[other].weights != before.by_fold[other].weights).any()
    assert (after.fit.weights != before.fit.weights).any()


def test_an_example_of_two_folds_is_held_out_of_both() -> None:
    lists = lists_of(60, 1)
    one, other = (next(v for v in CONTENTS if fold_of(CONTENTS[v]) == fold) for fold in (0, 1))
    random = np.random.default_rng(1)
    both = Example("mark", 0, "words", (Stretch(one, 0, 1),), (Stretch(other, 0, 1),))
    right = np.arange(16) == 3
    more = Listed(both, random.standard_normal((16, 5)), right, np.roll(right, 1))
    before, after = (cross_fitted(own, CONTENTS, SHIPPED) for own in (lists, [*lists, more]))
    for fold in (0, 1):
        np.testing.assert_array_equal(after.by_fold[fold].weights, before.by_fold[fold].weights)
    assert (after.by_fold[2].weights != before.by_fold[2].weights).any()


def test_what_the_captions_go_by_is_learned_and_ranks_unseen_videos() -> None:
    lists = lists_of(120, 3)
    fit, again = (cross_fitted(lists, CONTENTS, SHIPPED) for _ in range(2))
    np.testing.assert_array_equal(again.fit.weights, fit.fit.weights)
    assert fit.lessons == 120
    assert fit.choice.level == "weights"
    assert fit.choice.strength is not None
    assert math.isfinite(fit.choice.strength)
    assert int(np.argmax(np.abs(fit.fit.weights))) == 3
    ranks = [one.rank(fit.by_fold[fold_of(CONTENTS[place // 2])].weights) for place, one in enumerate(lists)]
    shipped = [one.rank(SHIPPED) for one in lists]
    assert np.mean(ranks) < 0.5 < 4 < np.mean(shipped)


def test_captions_that_go_by_the_shipped_weights_leave_the_order_as_it_is() -> None:
    fit = cross_fitted(lists_of(40, 0, weight=1.0), CONTENTS, SHIPPED)
    assert fit.choice.strength is not None
    assert fit.choice.strength >= 30
    order = fit.fit.weights / np.linalg.norm(fit.fit.weights)
    assert order @ SHIPPED > 0.98


def test_where_a_fold_is_all_there_is_it_gets_the_shipped_weights() -> None:
    fold = fold_of(CONTENTS[0])
    same = {video: content for video, content in CONTENTS.items() if fold_of(content) == fold}
    (video, *_others) = same
    one = lists_of(2, 1)[0]
    lists = [
        Listed(Example("caption", 0, "words", (Stretch(video, 0, 1),)), one.numbers, one.right, one.wrong)
    ]
    np.testing.assert_array_equal(cross_fitted(lists, CONTENTS, SHIPPED).by_fold[fold].weights, SHIPPED)


@pytest.mark.parametrize("count", [0, 1])
def test_so_few_lists_are_no_error(count: int) -> None:
    fit = cross_fitted(lists_of(count, 1), CONTENTS, SHIPPED)
    assert np.isfinite(fit.fit.weights).all()
