"""MiniLM: padding changes no sentence."""

from __future__ import annotations

import torch
from torch import nn

from mediaindex_models.minilm import MiniLM


def test_padding_pieces_change_no_sentence() -> None:
    torch.manual_seed(0)
    network = MiniLM(vocabulary=20, places=8).eval()
    for parameter in network.parameters():
        nn.init.normal_(parameter, std=0.1)
    pieces = torch.tensor([[2, 5, 6, 3]])
    longer = torch.tensor([[2, 5, 6, 3, 0, 0]])
    with torch.no_grad():
        short = network(pieces, torch.ones(1, 4, dtype=torch.bool))
        long = network(longer, longer > 0)
    assert torch.allclose(short.mean, long.mean, atol=1e-6)
    assert torch.allclose(short.shallow, long.shallow, atol=1e-6)
    assert torch.allclose(short.tokens, long.tokens[:, :4], atol=1e-6)


def test_the_means_are_over_real_tokens() -> None:
    torch.manual_seed(0)
    network = MiniLM(vocabulary=20, places=8).eval()
    for parameter in network.parameters():
        nn.init.normal_(parameter, std=0.1)
    pieces = torch.tensor([[2, 5, 3, 0], [2, 5, 6, 3]])
    with torch.no_grad():
        states = network(pieces, pieces > 0)
    torch.testing.assert_close(states.mean[0], states.tokens[0, :3].mean(0))
    torch.testing.assert_close(states.mean[1], states.tokens[1].mean(0))
    assert not torch.allclose(states.shallow, states.mean)
