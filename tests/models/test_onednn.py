"""Fused convolutions agree with the plain ones, and are left out where they are missing."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

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
