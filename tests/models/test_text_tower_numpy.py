"""The text tower in numpy gives what the one in torch gives, whatever the weights are."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from mediaindex_models.builtin_head import TextTower
from mediaindex_models.text_tower_numpy import NumpyTextTower, WordVectors, expected_shapes

VOCABULARY, PLACES, HIDDEN = 20, 9, 5
WORDS = "sentence.word.weight"
TEXTS = [[2, 5, 6, 3], [2, 3], [2, 7, 7, 8, 9, 10, 11, 19, 3]]


@pytest.fixture(scope="module")
def torch_tower() -> TextTower:
    torch.manual_seed(0)
    tower = TextTower(vocabulary=VOCABULARY, places=PLACES, hidden=HIDDEN).eval()
    for parameter in tower.parameters():
        nn.init.normal_(parameter, std=0.1)
    with torch.no_grad():  # as int8 rows hold them
        words = tower.sentence.word.weight
        words.copy_((words * 300).round().clamp(-127, 127) / 256)
    return tower


@pytest.fixture(scope="module")
def numpy_tower(torch_tower: TextTower) -> NumpyTextTower:
    weights = {name: value.numpy() for name, value in torch_tower.state_dict().items()}
    rows = (weights.pop(WORDS) * 256).round().astype(np.int8)
    return NumpyTextTower(WordVectors(rows, np.full(VOCABULARY, 1 / 256, np.float16)), weights)


def test_both_towers_give_the_same_vectors(torch_tower: TextTower, numpy_tower: NumpyTextTower) -> None:
    found = numpy_tower(TEXTS)
    assert [tokens.shape[0] for tokens in found.tokens] == [len(text) for text in TEXTS]
    assert {array.dtype for array in (found.pooled, *found.tokens)} == {np.dtype(np.float32)}
    for number, text in enumerate(TEXTS):
        pieces, mask = torch.tensor([text]), torch.ones(1, len(text), dtype=torch.bool)
        with torch.no_grad():
            pooled, tokens = torch_tower(pieces, mask)
            states = torch_tower.sentence(pieces, mask)
        np.testing.assert_allclose(found.pooled[number], pooled[0].numpy(), atol=1e-5)
        np.testing.assert_allclose(found.tokens[number], tokens[0].numpy(), atol=1e-5)
        np.testing.assert_allclose(found.states[number], states.tokens[0].numpy(), atol=1e-5)
        np.testing.assert_allclose(found.shallow_states[number], states.shallow_tokens[0].numpy(), atol=1e-5)


def test_a_text_does_not_depend_on_its_neighbours(numpy_tower: NumpyTextTower) -> None:
    together = numpy_tower(TEXTS)
    for number, text in enumerate(TEXTS):
        alone = numpy_tower([text])
        np.testing.assert_allclose(together.pooled[number], alone.pooled[0], atol=1e-6)
        np.testing.assert_allclose(together.tokens[number], alone.tokens[0], atol=1e-5)


def test_the_expected_shapes_are_those_of_the_tower_in_torch(torch_tower: TextTower) -> None:
    shapes = {name: tuple(value.shape) for name, value in torch_tower.state_dict().items() if name != WORDS}
    assert expected_shapes(places=PLACES, hidden=HIDDEN) == shapes
