"""The scorer in numpy gives what the one in torch gives, whatever the weights are."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mediaindex_models.late_interaction_numpy import BEST_FRAMES, NumpyLateInteraction, NumpyRegions
from mediaindex_models.region_records import FLAT, packed
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


def in_numpy(seed: int) -> NumpyLateInteraction:
    scorer = random_scorer(seed)
    return NumpyLateInteraction({name: value.numpy() for name, value in scorer.state_dict().items()})


def test_other_weights_take_the_place_of_some_and_the_scorer_stays() -> None:
    one, other = in_numpy(0), in_numpy(1)
    states, _mask = random_states([5])
    tokens, shallow = states.tokens[0].numpy(), states.shallow_tokens[0].numpy()
    pooled = {name: values for name, values in other.weights.items() if name.startswith("words.pooled.")}
    before = one.words(tokens, shallow)
    mixed = one.with_weights(pooled).words(tokens, shallow)
    np.testing.assert_array_equal(mixed.directions, before.directions)
    np.testing.assert_array_equal(mixed.pooled, other.words(tokens, shallow).pooled)
    np.testing.assert_array_equal(one.words(tokens, shallow).pooled, before.pooled)


@pytest.mark.parametrize("name", ["words.other.weight", "words.weight.bias"])
def test_weights_that_it_has_not_are_refused_by_name(name: str) -> None:
    with pytest.raises(ValueError, match=rf"{name} is \(3,\), should be"):
        in_numpy(0).with_weights({name: np.zeros(3, np.float32)})


def test_the_frames_that_speak_for_a_segment_are_told_and_give_the_same_numbers() -> None:
    states, _mask = random_states([4])
    asked = in_numpy(2).asked(states.tokens[0].numpy(), states.shallow_tokens[0].numpy())
    records = packed(np.random.default_rng(0).random((10, FLAT), np.float32)).reshape(2, 5, -1)
    records[1, 2:] = 0
    heard = asked.heard(records)
    assert heard.records.shape == (2, BEST_FRAMES, records.shape[2])
    np.testing.assert_allclose(asked.numbers(heard.records), heard.numbers, rtol=1e-6)
    of_segment = {record.tobytes() for record in records[0]}
    assert {record.tobytes() for record in heard.records[0]} < of_segment
    assert sum(bool(record.any()) for record in heard.records[1]) == 2
