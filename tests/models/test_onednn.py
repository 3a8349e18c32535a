"""Fused convolutions agree with the plain ones, and are left out where they are missing."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from mediaindex_models import onednn
from tests.support.efficientnet_weights import random_efficientnet


def test_fused_convolutions_agree_with_plain_ones() -> None:
    network = random_efficientnet().to(memory_format=torch.channels_last)
    x = torch.rand(4, 3, 64, 64).to(memory_format=torch.channels_last) * 2 - 1
    with torch.inference_mode():
        plain, _ = network(x)
        onednn.fuse(network)
        fused, _ = network(x)
    assert F.cosine_similarity(plain, fused).min() > 0.99999


def test_without_these_operators_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "arm64")
    network = random_efficientnet()
    onednn.fuse(network)
    assert not any(isinstance(module, onednn.FusedConvolution) for module in network.modules())


@torch.no_grad()
def test_a_linear_layer_in_bfloat16_is_near_to_the_plain_one() -> None:
    torch.manual_seed(0)
    plain = nn.Linear(48, 10)
    quick = onednn.linear_in_bfloat16(plain)
    if quick is None:
        pytest.skip("this processor has no oneDNN")
    x = torch.randn(3, 4, 48)
    assert quick(x).dtype == torch.float32
    torch.testing.assert_close(quick(x), plain(x), atol=0.03, rtol=0.03)
