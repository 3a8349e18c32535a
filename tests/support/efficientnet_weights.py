"""Random weights of an EfficientNet-Lite0 under their published names."""

from __future__ import annotations

import torch
from torch import Tensor

from mediaindex_models.efficientnet import EfficientNetLite0, folded


def published_weights() -> dict[str, Tensor]:
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


def random_efficientnet() -> EfficientNetLite0:
    network = EfficientNetLite0()
    network.load_state_dict(folded(published_weights()))
    return network.eval()
