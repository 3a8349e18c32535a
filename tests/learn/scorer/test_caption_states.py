"""States of captions without padding: padded and masked when some are asked for."""

from __future__ import annotations

import numpy as np
import torch

from mediaindex.learn.scorer.caption_states import CaptionStates


def test_states_are_padded_and_masked() -> None:
    tokens = np.random.default_rng(0).normal(size=(9, 2, 4)).astype(np.float16)
    states = CaptionStates(torch.zeros(3, 4), torch.ones(3, 4), tokens, np.array([0, 2, 5, 9]))
    some, mask = states.states(np.array([1, 0]))
    assert mask.tolist() == [[True] * 3, [True, True, False]]
    torch.testing.assert_close(some.tokens[0], torch.from_numpy(tokens[2:5, 1]).float())
    torch.testing.assert_close(some.shallow_tokens[1, :2], torch.from_numpy(tokens[:2, 0]).float())
    assert some.shallow.tolist() == [[1.0] * 4] * 2


def test_some_of_them_are_the_same() -> None:
    tokens = np.random.default_rng(0).normal(size=(9, 2, 4)).astype(np.float16)
    states = CaptionStates(torch.arange(3.0)[:, None], torch.ones(3, 4), tokens, np.array([0, 2, 5, 9]))
    some = states.some(np.array([0, 2]))
    assert some.mean.tolist() == [[0.0], [2.0]]
    assert some.first.tolist() == [0, 2, 6]
    for one, other in zip(some.of_text(1), states.of_text(2), strict=True):
        np.testing.assert_array_equal(one, other)
