"""The residual generator in numpy gives what the one in torch gives, whatever the weights are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mediaindex_models.candidates import Candidates
from mediaindex_models.generator import Generator
from mediaindex_models.presets import preset
from mediaindex_models.residual_numpy import NumpyResidual

WIDTH, EVIDENCE, NUMBERS = 8, 5, 5


def generator(*, recipe: str = "residual", evidence: int, numbers: int, seed: int) -> Generator:
    torch.manual_seed(seed)
    spec = replace(
        preset(recipe, width=WIDTH, evidence=evidence, numbers=numbers), inner=16, hidden=16, weight=3.0
    )
    made = Generator(spec).eval()
    for weights in made.parameters():
        weights.data += 0.2 * torch.randn_like(weights)
    return made


def in_numpy(made: Generator) -> NumpyResidual:
    state = made.denoiser("t2v").state_dict()
    weights = {name.removeprefix("denoiser."): value.numpy() for name, value in state.items()}
    return NumpyResidual(weights, steps=made.spec.steps, weight=made.spec.weight)


@settings(max_examples=25, deadline=None)
@given(
    candidates=st.integers(1, 9),
    frames=st.integers(1, 4),
    evidence=st.sampled_from([0, EVIDENCE]),
    numbers=st.sampled_from([0, NUMBERS]),
    seed=st.integers(0, 1000),
)
def test_both_give_the_same_scores(
    candidates: int, frames: int, evidence: int, numbers: int, seed: int
) -> None:
    made = generator(evidence=evidence, numbers=numbers, seed=seed)
    mask = torch.arange(frames) < torch.randint(1, frames + 1, (candidates, 1))
    lists = Candidates(
        "t2v",
        text=torch.randn(1, WIDTH),
        video=torch.randn(1, candidates, frames, WIDTH) * mask[None, ..., None],
        mask=mask[None],
        score=0.2 + 0.05 * torch.randn(1, candidates),
        evidence=torch.randn(1, candidates, frames, evidence) if evidence else None,
        numbers=torch.randn(1, candidates, numbers) if numbers else None,
    )
    expected = made.ranker("t2v")(lists).score[0].numpy()
    found = in_numpy(made)(
        lists.text[0].numpy(),
        lists.video[0].numpy(),
        mask.numpy(),
        lists.score[0].numpy(),
        evidence=None if lists.evidence is None else lists.evidence[0].numpy(),
        numbers=None if lists.numbers is None else lists.numbers[0].numpy(),
    )
    np.testing.assert_allclose(found, expected, atol=1e-5 * max(1.0, np.abs(expected).max()))
    assert np.argsort(-found, kind="stable").tolist() == np.argsort(-expected, kind="stable").tolist()


@pytest.mark.parametrize("recipe", ["residual", "residual-without-diffusion"])
def test_equal_candidates_get_equal_scores(recipe: str) -> None:
    ranker = in_numpy(generator(recipe=recipe, evidence=0, numbers=NUMBERS, seed=3))
    frames = np.ones((4, 2, WIDTH), np.float32)
    scores = ranker(
        np.ones(WIDTH, np.float32),
        frames,
        np.ones((4, 2), np.bool_),
        np.full(4, 0.3, np.float32),
        numbers=np.ones((4, NUMBERS), np.float32),
    )
    assert np.ptp(scores) == pytest.approx(0, abs=1e-5)
    assert np.isfinite(scores).all()
