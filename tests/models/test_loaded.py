"""Layers and networks that are built without random numbers."""

from __future__ import annotations

import torch
from torch import nn

from mediaindex_models.loaded import Embedding, LayerNorm, Linear, NoRandomInit


def test_nothing_is_drawn_while_a_network_is_built() -> None:
    before = torch.get_rng_state()
    with NoRandomInit():
        nn.Linear(8, 8)
        nn.init.trunc_normal_(torch.empty(4))
        torch.empty(4).normal_()
        assert float(torch.ones(3).sum()) == 3.0
    assert torch.equal(torch.get_rng_state(), before)


def test_loaded_layers_draw_no_random_numbers() -> None:
    before = torch.get_rng_state()
    Linear(8, 8)
    Embedding(4, 8)
    LayerNorm(8)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_loaded_layer_computes_as_torchs_own() -> None:
    plain, layer = nn.Linear(3, 2), Linear(3, 2)
    layer.load_state_dict(plain.state_dict())
    numbers = torch.randn(4, 3)
    assert torch.equal(layer(numbers), plain(numbers))
