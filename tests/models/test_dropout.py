"""Dropout by few random bits keeps the share and the mean."""

from __future__ import annotations

import pytest
import torch

from mediaindex_models.dropout import Dropout


def test_dropout_keeps_its_share_and_the_mean() -> None:
    layer, ones = Dropout(0.2), torch.ones(301, 333)
    torch.manual_seed(0)
    dropped = layer(ones)
    assert float((dropped == 0).float().mean()) == pytest.approx(0.2, abs=0.005)
    assert float(dropped.mean()) == pytest.approx(1.0, abs=0.007)
    neighbours = (dropped[:, :-1] == 0) & (dropped[:, 1:] == 0)
    assert float(neighbours.float().mean()) == pytest.approx(0.04, abs=0.003)
    assert torch.equal(Dropout(0.0)(ones), ones)
    assert torch.equal(layer.eval()(ones), ones)
    torch.manual_seed(0)
    assert torch.equal(layer.train()(ones), dropped)
    with pytest.raises(ValueError, match=r"lies in 0\.\.1, not 1\.0"):
        Dropout(1.0)


def test_dropped_numbers_carry_no_gradient() -> None:
    torch.manual_seed(0)
    numbers = torch.ones(64, 3, requires_grad=True)
    dropped = Dropout(0.5)(numbers)
    dropped.sum().backward()
    assert numbers.grad is not None
    assert torch.equal(numbers.grad, dropped.detach())
