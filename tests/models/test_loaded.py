"""Layers and networks that are built without random numbers."""

from __future__ import annotations

import torch
from torch import nn

from mediaindex_models.loaded import NothingDrawn


def test_nothing_is_drawn_while_a_network_is_built() -> None:
    before = torch.get_rng_state()
    with NothingDrawn():
        nn.Linear(8, 8)
        nn.init.trunc_normal_(torch.empty(4))
        torch.empty(4).normal_()
        assert float(torch.ones(3).sum()) == 3.0
    assert torch.equal(torch.get_rng_state(), before)
