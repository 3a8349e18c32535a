"""The text side: it hears as numpy does, learns what there is to learn, and is the same each time."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mediaindex.learn.personal.fitting import Lessons, lessons_of, photograph_lessons, start_of
from mediaindex.learn.personal.lists import Listed
from mediaindex.learn.personal.text_side import LAYERS, STEPS, Fit, Hearing, Level, taught
from mediaindex_models.late_interaction_numpy import text_shapes
from mediaindex_models.minilm import WIDTH as STATE
from tests.support.heard_lists import SHIPPED, heard_lists, shipped_scorer

TAUGHT, HELD = np.arange(90), torch.arange(90, 120)


def hearing_of(lists: list[Listed]) -> tuple[Hearing, Lessons]:
    lessons, places = lessons_of(lists)
    assert len(places) == len(lists)
    return Hearing.of(lists, lessons), lessons


def taught_to_the_end(lists: list[Listed], level: Level) -> tuple[Fit, float, float]:
    """The last fit, and the mean loss of held-out lists before and after."""
    hearing, lessons = hearing_of(lists)
    start = start_of(lessons.some(torch.from_numpy(TAUGHT)), SHIPPED)
    (*_earlier, last) = taught(hearing, TAUGHT, start, level)
    before = hearing.losses_by(Fit(start.centre.numpy()), HELD)
    return last, float(before.mean()), float(hearing.losses_by(last, HELD).mean())


def test_torch_hears_a_list_as_a_search_does() -> None:
    lists = heard_lists(30, names_tell=True)
    hearing, lessons = hearing_of(lists)
    by_numbers = lessons.losses(torch.from_numpy(SHIPPED))
    heard = hearing.losses_by(Fit(SHIPPED), torch.arange(30))
    torch.testing.assert_close(heard, by_numbers, atol=1e-5, rtol=0)


@pytest.mark.parametrize("level", LAYERS)
def test_a_text_side_that_was_taught_is_the_same_in_numpy(level: Level) -> None:
    lists = heard_lists(120, names_tell=True)
    fit, before, after = taught_to_the_end(lists, level)
    assert after < 0.5 * before, "who is named was learned, and holds for videos that were not seen"
    assert fit.text_side is not None
    shapes = text_shapes(2 * STATE)
    assert {name: values.shape for name, values in fit.text_side.items()} == {
        name: shape for name, shape in shapes.items() if name.startswith(LAYERS[level])
    }
    hearing, lessons = hearing_of(lists[:20])
    numbers = np.array([one.numbers_by(fit.text_side) for one in lists[:20]])
    anew = Lessons(torch.from_numpy(numbers), lessons.among, lessons.good, lessons.counts)
    in_numpy = anew.losses(torch.from_numpy(fit.weights))
    torch.testing.assert_close(hearing.losses_by(fit, torch.arange(20)), in_numpy, atol=1e-4, rtol=0)
    with torch.no_grad():
        in_torch = hearing._numbers(hearing.scorer(fit.text_side), torch.arange(20)).numpy()
    np.testing.assert_allclose(numbers, in_torch, atol=1e-5)


def test_the_same_lists_teach_the_same_bit_for_bit() -> None:
    hearing, lessons = hearing_of(heard_lists(40, names_tell=True))
    start = start_of(lessons, SHIPPED)
    one, other = (next(taught(hearing, np.arange(40), start, "text side")) for _ in range(2))
    np.testing.assert_array_equal(one.weights, other.weights)
    assert one.text_side is not None
    assert other.text_side is not None
    for name, values in one.text_side.items():
        np.testing.assert_array_equal(values, other.text_side[name])


def test_a_training_is_looked_at_after_each_of_its_steps_and_leaves_the_scorer_as_it_is() -> None:
    hearing, lessons = hearing_of(heard_lists(40, names_tell=True))
    start = start_of(lessons, SHIPPED)
    fits = list(taught(hearing, np.arange(40), start, "last layers"))
    assert len(fits) == len(STEPS)
    shipped = hearing.shipped["words.pooled.4.weight"]
    moved = [np.linalg.norm((fit.text_side or {})["words.pooled.4.weight"] - shipped) for fit in fits]
    assert 0 < moved[0] < moved[-1]
    np.testing.assert_array_equal(
        hearing.scorer().state_dict()["words.pooled.4.weight"].numpy(),
        shipped_scorer().weights["words.pooled.4.weight"],
    )


def test_moments_of_which_nothing_is_stored_are_heard_as_the_mean_of_the_others() -> None:
    (one,) = heard_lists(1, names_tell=True)
    assert one.evidence is not None
    records = one.evidence.pool.records().copy()
    one.evidence.rows[2] = one.evidence.pool.rows_of(np.zeros((1, records.shape[1]), np.uint8))
    side = {"log_sharpness": np.array(1.0, np.float32)}
    said = one.numbers_by(side)[:, 1:]
    np.testing.assert_allclose(said[2, :3], np.delete(said, 2, axis=0)[:, :3].mean(axis=0), rtol=1e-5)
    hearing, _lessons = hearing_of([one])
    with torch.no_grad():
        heard = hearing._numbers(hearing.scorer(side), torch.tensor([0]))[0].numpy()
    np.testing.assert_allclose(heard[:, :4], one.numbers_by(side)[:, :4], atol=1e-5)


def test_photographs_that_are_rehearsed_keep_their_order() -> None:
    """What names mean here is the contrary of what the photographs tell: mixed in, they lose less."""
    lists = heard_lists(60, names_tell=True)
    photographs = heard_lists(40, names_tell=False, seed=5)
    hearing, lessons = hearing_of(lists)
    others, sharpness = photograph_lessons(photographs, SHIPPED)
    rehearsed = Hearing.of(photographs, others, sharpness=sharpness)
    start = start_of(lessons, SHIPPED)

    def loss_after(mixed_in: Hearing | None) -> float:
        (*_earlier, last) = taught(hearing, np.arange(60), start, "text side", mixed_in)
        rows = torch.arange(len(photographs))
        return float(rehearsed.losses_by(last, rows, sharpness=1 / start.sharpness).sum())

    assert loss_after(rehearsed) < 0.95 * loss_after(None)
