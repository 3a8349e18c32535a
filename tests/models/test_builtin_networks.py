"""EfficientNet-Lite0, MiniLM and the head against what they are made from."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mediaindex_models import onednn
from mediaindex_models.builtin_head import class_probabilities
from mediaindex_models.efficientnet import EfficientNetLite0, SameConvolution, folded
from mediaindex_models.loaded import NothingDrawn
from mediaindex_models.minilm import MiniLM


def _published() -> dict[str, Tensor]:
    """A random state with the published names, made from the shapes of our own network."""
    generator = torch.Generator().manual_seed(0)
    state: dict[str, Tensor] = {}
    for name, value in EfficientNetLite0().state_dict().items():
        path, kind = name.rsplit(".", 1)
        if path == "classifier":
            state[name] = torch.zeros(value.shape)
        elif kind == "weight":
            fan_in = value[0].numel()
            state[name] = torch.randn(value.shape, generator=generator) * (2 / fan_in) ** 0.5
            channels = len(value)
            norm = _norm_of(path)
            state[f"{norm}.weight"] = 0.5 + torch.rand(channels, generator=generator)
            state[f"{norm}.bias"] = torch.randn(channels, generator=generator)
            state[f"{norm}.running_mean"] = torch.randn(channels, generator=generator)
            state[f"{norm}.running_var"] = 0.5 + torch.rand(channels, generator=generator)
    return state


def _norm_of(convolution: str) -> str:
    block, _, name = convolution.rpartition(".")
    if not block:
        return {"conv_stem": "bn1", "conv_head": "bn2"}[name]
    order = (
        {"conv_dw": 1, "conv_pw": 2} if block == "blocks.0.0" else {"conv_pw": 1, "conv_dw": 2, "conv_pwl": 3}
    )
    return f"{block}.bn{order[name]}"


def _network() -> EfficientNetLite0:
    network = EfficientNetLite0()
    network.load_state_dict(folded(_published()))
    return network.eval()


def test_folding_gives_convolution_and_norm_in_one() -> None:
    published, network = _published(), _network()
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


def test_fused_convolutions_agree_with_plain_ones() -> None:
    network = _network().to(memory_format=torch.channels_last)
    x = torch.rand(4, 3, 64, 64).to(memory_format=torch.channels_last) * 2 - 1
    with torch.inference_mode():
        plain, _ = network(x)
        onednn.fuse(network)
        fused, _ = network(x)
    assert F.cosine_similarity(plain, fused).min() > 0.99999


def test_without_these_operators_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "arm64")
    network = _network()
    onednn.fuse(network)
    assert not any(isinstance(module, onednn.FusedConvolution) for module in network.modules())


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


def test_class_probabilities_keep_the_twenty_largest() -> None:
    logits = torch.randn(3, 1000)
    kept = class_probabilities(logits)
    assert torch.equal((kept > 0).sum(1), torch.full((3,), 20))
    assert torch.allclose(kept.sum(1), torch.ones(3))
    assert torch.equal(kept.argmax(1), logits.argmax(1))


def test_nothing_is_drawn_while_a_network_is_built() -> None:
    before = torch.get_rng_state()
    with NothingDrawn():
        nn.Linear(8, 8)
        nn.init.trunc_normal_(torch.empty(4))
        torch.empty(4).normal_()
        assert float(torch.ones(3).sum()) == 3.0
    assert torch.equal(torch.get_rng_state(), before)
