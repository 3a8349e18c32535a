"""The scorer in numpy gives what the one in torch gives, whatever the weights are."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mediaindex_models.late_interaction_numpy import NumpyLateInteraction, NumpyRegions
from tests.support.late_interaction import CELL, random_scorer, random_states


@pytest.mark.parametrize("length", [2, 9])
@pytest.mark.parametrize("log_sharpness", [0.0, 2.3, 9.0])
def test_both_scorers_give_the_same_agreements_and_logits(length: int, log_sharpness: float) -> None:
    scorer = random_scorer(length)
    scorer.log_sharpness.data.fill_(log_sharpness)
    states, mask = random_states([length])
    regions = scorer.regions(torch.randn(4, 16, CELL))
    with torch.no_grad():
        expected = scorer.agreements(scorer.words(states, mask), regions)[0]
    in_numpy = NumpyLateInteraction({name: value.numpy() for name, value in scorer.state_dict().items()})
    words = in_numpy.words(states.tokens[0].numpy(), states.shallow_tokens[0].numpy())
    agreements = in_numpy.agreements(words, NumpyRegions(*(part.detach().numpy() for part in regions)))
    assert agreements.dtype == np.float32
    np.testing.assert_allclose(agreements, expected, atol=1e-5)
    np.testing.assert_allclose(in_numpy.logits(agreements), scorer.logits(expected).detach(), atol=1e-4)
