"""The weights: what a list tells, how far they move, and that a strength holds them to the shipped ones."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from mediaindex.learn.personal.examples import COUNTS, Example, Kind, Stretch
from mediaindex.learn.personal.fitting import STRENGTHS, fitted_path, lessons_of
from mediaindex.learn.personal.lists import Listed

SHIPPED = np.array([3.0, 1.0, 1.0, 1.0, 0.5])


def made(
    numbers: NDArray[np.float64],
    right: list[int],
    wrong: list[int] = [],  # noqa: B006
    kind: Kind = "caption",
    video: int = 1,
) -> Listed:
    masks = np.zeros((2, len(numbers)), np.bool_)
    masks[0, right], masks[1, wrong] = True, True
    return Listed(Example(kind, 1, "words", (Stretch(video, 0, 1),)), numbers, masks[0], masks[1])


def lists_by(weights: NDArray[np.float64], count: int, *, seed: int = 0) -> list[Listed]:
    """Lists whose right moment is drawn by softmax of these weights."""
    random = np.random.default_rng(seed)
    lists = []
    for number in range(count):
        numbers = random.standard_normal((20, 5)) * [1.0, 0.2, 0.2, 0.2, 0.5]
        logits = numbers @ weights
        shares = np.exp(logits - logits.max())
        right = int(random.choice(20, p=shares / shares.sum()))
        lists.append(made(numbers, [right], video=number))
    return lists


def angle(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    return float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))


def test_the_weights_that_made_the_lists_are_found() -> None:
    truth = np.array([0.5, 12.0, 6.0, -6.0, 2.0])
    lessons, places = lessons_of(lists_by(truth, 1500))
    assert len(lessons) == len(places) == 1500
    path = fitted_path(lessons, SHIPPED)
    np.testing.assert_allclose(path[-1], truth, atol=1.2)
    distances = [np.linalg.norm(weights - path[-1]) for weights in path]
    assert distances == sorted(distances, reverse=True), "the weaker the strength, the farther they move"


def test_an_infinite_strength_keeps_the_shipped_order_as_sharp_as_it_is_right() -> None:
    lessons, _places = lessons_of(lists_by(0.2 * SHIPPED, 2000))
    kept = fitted_path(lessons, SHIPPED)[STRENGTHS.index(math.inf)]
    assert angle(kept, SHIPPED) == pytest.approx(1.0)
    np.testing.assert_allclose(kept, 0.2 * SHIPPED, rtol=0.2)


def test_few_lists_move_them_less_than_many() -> None:
    truth = np.array([0.0, 12.0, 0.0, 0.0, 0.0])
    few, many = (fitted_path(lessons_of(lists_by(truth, count))[0], SHIPPED)[2] for count in (20, 1000))
    assert angle(many, truth) > angle(few, truth) > angle(SHIPPED, truth)


def test_without_a_lesson_nothing_changes() -> None:
    lessons, places = lessons_of([])
    assert not len(places)
    assert all((weights == SHIPPED).all() for weights in fitted_path(lessons, SHIPPED))


def test_a_list_tells_what_was_said_and_no_more() -> None:
    numbers = np.eye(5)
    told = {
        "right first": made(numbers, [1]),
        "wrong last": made(numbers, [], [2], kind="mark"),
        "opened over the two above": made(numbers, [2], kind="pick"),
    }
    lessons, places = lessons_of([*told.values(), made(numbers, [0], kind="pick"), made(numbers, [])])
    assert places.tolist() == [0, 1, 2], "a pick of the first moment, and a moment not listed, tell nothing"
    assert lessons.good.tolist() == [
        [False, True, False, False, False],
        [True, True, False, True, True],
        [False, False, True, False, False],
    ]
    assert lessons.among.tolist() == [[True] * 5, [True] * 5, [True, True, True, False, False]]
    assert lessons.counts.tolist() == [COUNTS["caption"], COUNTS["mark"], COUNTS["pick"]]
    even = lessons.losses(torch.zeros(5, dtype=torch.float64))
    expected = [math.log(5), math.log(5 / 4), COUNTS["pick"] * math.log(3)]
    np.testing.assert_allclose(even.numpy(), expected)


def test_lists_of_other_lengths_are_told_apart() -> None:
    lessons, _places = lessons_of([made(np.eye(5), [0]), made(np.eye(5)[:2], [1])])
    losses = lessons.losses(torch.zeros(5, dtype=torch.float64))
    np.testing.assert_allclose(losses.numpy(), [math.log(5), math.log(2)])
    assert len(lessons.some(torch.tensor([False, True]))) == 1


def test_a_number_that_is_the_same_everywhere_changes_nothing() -> None:
    lists = lists_by(np.array([2.0, 0.0, 0.0, 0.0, 0.0]), 60)
    for one in lists:
        one.numbers[:, 4] = 0.25
    path = fitted_path(lessons_of(lists)[0], SHIPPED)
    assert all(np.isfinite(weights).all() for weights in path)


def test_lists_that_can_be_ranked_without_an_error_give_finite_weights() -> None:
    numbers = np.zeros((3, 5))
    numbers[0, 0] = 1.0
    lessons, _places = lessons_of([made(numbers, [0], video=number) for number in range(40)])
    assert all(np.isfinite(weights).all() for weights in fitted_path(lessons, SHIPPED))
