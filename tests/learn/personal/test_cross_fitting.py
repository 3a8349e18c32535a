"""No video has a part in the weights that rank it; the strength is what held-out videos ask for."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.learn.personal.cross_fitting import (
    FOLDS,
    NEEDED_BY,
    Choice,
    CrossFit,
    cautious_choice,
    choices_for,
    cross_fitted,
    fold_of,
    photograph_loss,
)
from mediaindex.learn.personal.examples import Example, Stretch
from mediaindex.learn.personal.lists import Listed
from mediaindex.learn.personal.text_side import Fit
from tests.support.heard_lists import SHIPPED as HEARD
from tests.support.heard_lists import heard_lists

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


def ranks_of(fit: CrossFit, lists: list[Listed]) -> list[float]:
    """Of each list by the ranking of its fold."""
    own = [fit.by_fold[fold_of(CONTENTS[min(one.example.videos)])] for one in lists]
    return [one.rank(by.weights, by.text_side) for one, by in zip(lists, own, strict=True)]


def reciprocal(ranks: list[float]) -> float:
    return float(np.mean([1 / (1 + rank) for rank in ranks]))


def test_where_a_text_side_has_something_to_learn_its_level_is_taken_and_ranks_unseen_videos() -> None:
    lists = heard_lists(100, names_tell=True)
    events: list[tuple[int, int]] = []
    fit = cross_fitted(lists, CONTENTS, HEARD, progress=lambda done, total: events.append((done, total)))
    assert fit.choice.level == "last layers"
    assert fit.fit.text_side is not None
    assert reciprocal(ranks_of(fit, lists)) > reciprocal([one.rank(HEARD) for one in lists]) + 0.2
    by_choice = {one.choice: one.loss for one in fit.tried}
    assert list(by_choice) == list(choices_for(100))
    taken, shipped = by_choice[fit.choice], by_choice[Choice("shipped", math.inf)]
    assert taken is not None
    assert shipped is not None
    least = min(loss for loss in by_choice.values() if loss is not None)
    assert taken <= least + fit.error < shipped
    assert events[0][0] == 0
    assert [done for done, _total in events] == list(range(events[-1][1] + 1))


def test_where_it_has_nothing_to_learn_the_shipped_order_stays() -> None:
    lists = heard_lists(100, names_tell=False)
    fit = cross_fitted(lists, CONTENTS, HEARD)
    assert fit.choice == Choice("shipped", math.inf)
    assert fit.fit.text_side is None
    assert ranks_of(fit, lists) == [one.rank(HEARD) for one in lists]


def test_a_text_side_of_a_fold_never_hears_its_own_videos() -> None:
    """Other answers of one fold change the text sides of others, and of its own not even when it stops."""
    lists = heard_lists(80, names_tell=True)
    fold = fold_of(CONTENTS[0])
    changed = [
        replace(one, right=np.roll(one.right, 3))
        if fold_of(CONTENTS[min(one.example.videos)]) == fold
        else one
        for one in lists
    ]
    before, after = (cross_fitted(own, CONTENTS, HEARD) for own in (lists, changed))
    sides = [(one.by_fold[fold].text_side, one.by_fold[fold].weights) for one in (before, after)]
    np.testing.assert_array_equal(sides[0][1], sides[1][1])
    assert sides[0][0] is not None
    assert sides[1][0] is not None
    for name, values in sides[0][0].items():
        np.testing.assert_array_equal(values, sides[1][0][name])
    others = set(range(FOLDS)) - {fold}
    assert any((before.by_fold[one].weights != after.by_fold[one].weights).any() for one in others)


def test_so_much_is_tried_as_there_is_data() -> None:
    def levels(count: int) -> list[str]:
        return list(dict.fromkeys(choice.level for choice in choices_for(count)))

    few, more, most = 30, NEEDED_BY["last layers"], NEEDED_BY["text side"]
    assert levels(few) == ["shipped", "weights"]
    assert levels(more) == ["shipped", "weights", "last layers"]
    assert levels(most) == ["shipped", "weights", "last layers", "text side"]
    assert choices_for(most)[0] == Choice("shipped", math.inf)


@pytest.mark.parametrize(
    ("losses", "taken"),
    [
        ([[1.0, 1.0, 1.0, 0.9], [0.9, 1.1, 0.9, 0.9]], 0),  # within the error of the better one
        ([[3.0, 3.0, 3.0, 3.0], [0.9, 1.1, 0.9, 0.9]], 1),
        ([[3.0, 3.0, 3.0, 3.0], [1.0, 1.0, 1.0, 0.9], [0.9, 1.1, 0.9, 0.9]], 1),
        ([[1.0, 1.0, 1.0, 1.0], [math.inf, 0.0, 0.0, 0.0]], 0),  # stopped
    ],
)
def test_of_choices_within_an_error_the_most_cautious_is_taken(losses: list[list[float]], taken: int) -> None:
    place, error = cautious_choice(np.array(losses), np.arange(4))
    assert place == taken
    best = np.array(losses[int(np.argmin(np.sum(losses, axis=1)))])
    assert error == pytest.approx(math.sqrt(4) * best.std(ddof=1))


def test_the_error_is_over_videos_as_captions_of_one_are_alike() -> None:
    losses = np.array([[1.0, 1.0, 2.0, 2.0]])
    _place, apart = cautious_choice(losses, np.arange(4))
    _place, alike = cautious_choice(losses, np.array([0, 0, 1, 1]))
    assert alike == pytest.approx(math.sqrt(2) * np.std([2.0, 4.0], ddof=1))
    assert alike > apart
    assert cautious_choice(losses, np.zeros(4, np.int64)) == (0, 0.0)


def test_what_rehearsed_photographs_lose_is_told() -> None:
    lists, photographs = heard_lists(60, names_tell=True), heard_lists(24, names_tell=False, seed=3)
    alone, beside = (cross_fitted(lists, CONTENTS, HEARD, own) for own in ((), photographs))
    assert alone.rehearsed is None
    assert beside.rehearsed is not None
    before, after = beside.rehearsed
    assert before == pytest.approx(photograph_loss(photographs, Fit(HEARD)))
    assert after == pytest.approx(photograph_loss(photographs, beside.fit))
    assert after < photograph_loss(photographs, alone.fit) + 0.05
