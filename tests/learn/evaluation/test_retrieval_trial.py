"""A trial: both directions of a share, and the cheap rankings of its queries."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.learn.evaluation.retrieval_trial import (
    BETAS,
    BLENDS,
    Cosines,
    Trial,
    best_beta,
    best_blend,
    cosines,
    training_hubness,
    trials_of,
)
from mediaindex.learn.training.data import TrainingData, of_clips, pairs_of


def test_hubness_of_training_pairs_leaves_out_their_own_other_side(data: TrainingData) -> None:
    pairs = pairs_of(of_clips(data.train, np.arange(80) < 6))
    of_clip, of_text = training_hubness(pairs, blend=1.0, beta=20.0)
    unit = torch.nn.functional.normalize
    cosines = torch.einsum("md,nfd->mnf", unit(pairs.text, dim=-1), unit(pairs.frames, dim=-1))
    best = cosines.masked_fill(~pairs.mask, -1).amax(-1).double()
    kept = torch.exp(20 * best) * (pairs.clip[:, None] != torch.arange(6))
    np.testing.assert_allclose(of_clip, (kept.mean(0).log() / 20).numpy(), atol=1e-5)
    np.testing.assert_allclose(of_text, (kept.mean(1).log() / 20).numpy(), atol=1e-5)


@pytest.fixture(scope="module")
def trials(data: TrainingData) -> tuple[Trial, ...]:
    return trials_of(data.validation, pairs_of(data.validation), pairs_of(data.train))


def test_captions_ask_for_their_clips_and_clips_for_their_first_captions(
    trials: tuple[Trial, ...], data: TrainingData
) -> None:
    by_text, by_clip = trials
    assert (by_text.direction, by_clip.direction) == ("t2v", "v2t")
    assert by_text.plain.best.shape == (80, 40)
    assert by_clip.plain.best.shape == (40, 40)
    assert by_text.right.tolist() == data.validation.clip.tolist()
    assert by_clip.right.tolist() == list(range(40))
    firsts = [data.validation.clip.tolist().index(clip) for clip in range(40)]
    assert by_clip.rows.tolist() == firsts
    np.testing.assert_array_equal(by_clip.plain.mean, by_text.plain.mean[firsts].T)


def test_cosines_are_of_the_best_frame_and_of_the_mean(data: TrainingData) -> None:
    pairs = pairs_of(data.validation)
    unit = torch.nn.functional.normalize
    frames = unit(pairs.frames, dim=-1)
    of_frames = torch.einsum("md,nfd->mnf", unit(pairs.text[:3], dim=-1), frames)
    found = cosines(pairs, pairs.text[:3])
    np.testing.assert_allclose(found.best, of_frames.masked_fill(~pairs.mask, -1).amax(-1), atol=1e-5)
    assert (found.mean <= 1.0 + 1e-5).all()
    some = cosines(pairs, pairs.text[:3], torch.tensor([4, 1]))
    np.testing.assert_allclose(some.best, found.best[:, [4, 1]], atol=1e-6)


@given(st.floats(0, 1))
def test_a_blend_lies_between_the_best_and_the_mean(weight: float) -> None:
    best, mean = np.array([[0.8, 0.2]], np.float32), np.array([[0.4, 0.3]], np.float32)
    blended = Cosines(best, mean).blended(weight)
    np.testing.assert_allclose(blended, weight * best + (1 - weight) * mean, atol=1e-6)


def test_the_constants_are_those_of_the_highest_reciprocal_rank(trials: tuple[Trial, ...]) -> None:
    def reciprocal(blend: float, beta: float | None = None) -> float:
        return sum(float(np.mean(1 / (1 + trial.ranks(trial.score(blend, beta))))) for trial in trials)

    blend = best_blend(trials)
    assert reciprocal(blend) == max(map(reciprocal, BLENDS))
    beta = best_beta(trials, blend)
    assert reciprocal(blend, beta) == max(reciprocal(blend, one) for one in BETAS)


def test_some_queries_keep_their_answers(trials: tuple[Trial, ...]) -> None:
    whole = trials[0]
    some = whole.some(np.array([5, 2]))
    np.testing.assert_array_equal(some.ranks(some.score(0.5)), whole.ranks(whole.score(0.5))[[5, 2]])
    assert some.asking.tolist() == [5, 2]
    assert some.plain.best.shape == (2, 40)
    assert some.bank is whole.bank
