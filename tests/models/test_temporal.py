"""The temporal transformer: padding, places and heads."""

from __future__ import annotations

import pytest
import torch

from mediaindex_models.temporal import TemporalTransformer


def test_more_frames_than_places_are_refused() -> None:
    with pytest.raises(ValueError, match="a clip has 4 frames, the network 3 places"):
        TemporalTransformer(8, layers=1, places=3)(torch.zeros(1, 4, 8), torch.ones(1, 4, dtype=torch.bool))
    with pytest.raises(ValueError, match="cannot be shared"):
        TemporalTransformer(8, heads=3)


def test_padding_does_not_reach_real_frames() -> None:
    network, frames = TemporalTransformer(64, layers=2, places=5), torch.randn(1, 5, 64)
    mask = torch.tensor([[True, True, True, False, False]])
    loud = torch.where(mask[..., None], frames, 30.0)
    torch.testing.assert_close(network(loud, mask)[:, :3], network(frames, mask)[:, :3])


@pytest.mark.parametrize("width", [1000, 200, 384, 10])
def test_heads_divide_any_width(width: int) -> None:
    network = TemporalTransformer(width, layers=1, places=4)
    frames = torch.randn(2, 3, width)
    assert network(frames, torch.ones(2, 3, dtype=torch.bool)).shape == frames.shape


def test_without_places_the_order_of_frames_does_not_matter() -> None:
    network, frames = TemporalTransformer(64, layers=2, places=5), torch.randn(1, 5, 64)
    mask, order = torch.ones(1, 5, dtype=torch.bool), torch.tensor([3, 0, 4, 1, 2])
    shuffled = network(frames[:, order], mask)
    assert not torch.allclose(shuffled, network(frames, mask)[:, order])
    torch.nn.init.zeros_(network.places.weight)
    torch.testing.assert_close(network(frames[:, order], mask), network(frames, mask)[:, order])
