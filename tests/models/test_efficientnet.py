"""EfficientNet-Lite0 against the convolutions and norms that it is made from."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from mediaindex_models.efficientnet import SameConvolution
from tests.support.efficientnet_weights import published_weights, random_efficientnet


def test_folding_gives_convolution_and_norm_in_one() -> None:
    published, network = published_weights(), random_efficientnet()
    x = torch.randn(2, 3, 32, 32)
    plain = F.conv2d(F.pad(x, (0, 1, 0, 1)), published["conv_stem.weight"], stride=2)
    normed = F.batch_norm(
        plain,
        published["bn1.running_mean"],
        published["bn1.running_var"],
        published["bn1.weight"],
        published["bn1.bias"],
        eps=1e-3,
    )
    with torch.no_grad():
        assert torch.allclose(network.conv_stem(x), F.relu6(normed), atol=1e-5)


@pytest.mark.parametrize(("size", "kernel"), [(224, 3), (224, 5), (7, 3), (8, 5), (5, 3)])
def test_same_padding_halves_any_size_rounding_up(size: int, kernel: int) -> None:
    layer = SameConvolution((1, 1), kernel, stride=2)
    nn.init.ones_(layer.weight)
    nn.init.zeros_(layer.bias)
    with torch.no_grad():
        assert layer(torch.ones(1, 1, size, size)).shape[2:] == ((size + 1) // 2,) * 2


def test_features_are_the_mean_of_the_feature_map() -> None:
    network, pixels = random_efficientnet(), torch.rand(2, 3, 64, 96) * 2 - 1
    with torch.no_grad():
        features, logits = network(pixels)
        places = network.feature_map(pixels)
    assert places.shape == (2, 1280, 2, 3)
    torch.testing.assert_close(features, places.mean((2, 3)))
    assert logits.shape == (2, 1000)


def test_in_bfloat16_all_convolutions_but_the_first_two_are_rounded() -> None:
    network = random_efficientnet().in_bfloat16()
    kept = {name for name, value in network.named_parameters() if value.dtype == torch.float32}
    parts = {name.rpartition(".")[0] for name in kept}
    assert parts == {"conv_stem", "blocks.0.0.conv_dw", "classifier"}
    with torch.no_grad():
        features, logits = network(torch.rand(2, 3, 64, 64) * 2 - 1)
    assert (features.dtype, logits.dtype) == (torch.float32, torch.float32)
