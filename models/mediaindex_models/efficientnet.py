"""EfficientNet-Lite0 for inference, batch norms folded into its convolutions.

Tan and Le, arXiv 1905.11946; the Lite variant has no squeeze-and-excitation, ReLU6 in place of
swish, and a stem and head that do not scale.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mediaindex_models.loaded import Linear

FEATURES = 1280
CLASSES = 1000
_STEM_CHANNELS = 32
_NORM_EPSILON = 1e-3
LOW_CHANNELS, MIDDLE_CHANNELS = 40, 112
_LOW_STAGE, _MIDDLE_STAGE = 2, 4
_IN_FLOAT32 = ("conv_stem", "blocks.0.0.conv_dw")
# (expansion, repeats, kernel, stride of the first, channels)
_STAGES = (
    (1, 1, 3, 1, 16),
    (6, 2, 3, 2, 24),
    (6, 2, 5, 2, 40),
    (6, 3, 3, 2, 80),
    (6, 3, 5, 1, 112),
    (6, 4, 5, 2, 192),
    (6, 1, 3, 1, 320),
)


class FeatureMaps(NamedTuple):
    """What three depths of the network see of B pictures of H×W pixels.

    Attributes:
        low: (B, 40, H / 8, W / 8) after the third stage. middle: (B, 112, H / 16, W / 16) after the fifth.
        last: (B, 1280, H / 32, W / 32), whose mean is the pooled features.
    """

    low: Tensor
    middle: Tensor
    last: Tensor


class SameConvolution(nn.Module):
    """A convolution with bias, TensorFlow's "same" padding, and ReLU6 where `active`."""

    def __init__(
        self,
        channels: tuple[int, int],
        kernel: int,
        *,
        stride: int = 1,
        groups: int = 1,
        active: bool = True,
    ) -> None:
        super().__init__()
        inside, outside = channels
        self.weight = nn.Parameter(torch.empty(outside, inside // groups, kernel, kernel))
        self.bias = nn.Parameter(torch.empty(outside))
        self.kernel, self.stride, self.groups, self.active = kernel, stride, groups, active

    def forward(self, x: Tensor, shortcut: Tensor | None = None) -> Tensor:
        """(B, C, H, W) → (B, C', H / stride, W / stride), rounded up; `shortcut` is added at the end."""
        padded, padding = self.pad(x.to(self.bias.dtype))
        y = F.conv2d(padded, self.weight, self.bias, self.stride, padding, 1, self.groups)
        if self.active:
            y = F.relu6(y, inplace=True)
        return y if shortcut is None else y.add_(shortcut)

    def pad(self, x: Tensor) -> tuple[Tensor, int]:
        """The input with the uneven part of "same" padding, and the even padding left to the operator.

        At stride 2 the odd row goes below and to the right: 224 wide, kernel 3 → 0 left, 1 right.
        """
        if self.stride == 1:
            return x, self.kernel // 2
        missing = [_missing(size, self.kernel, self.stride) for size in (x.shape[3], x.shape[2])]
        return F.pad(x, [side for m in missing for side in (m // 2, m - m // 2)]), 0


class DepthwiseBlock(nn.Module):
    """Depthwise and pointwise convolution; the first block of the network."""

    def __init__(self, channels: tuple[int, int], kernel: int, stride: int) -> None:
        super().__init__()
        inside, outside = channels
        self.conv_dw = SameConvolution((inside, inside), kernel, stride=stride, groups=inside)
        self.conv_pw = SameConvolution((inside, outside), 1, active=False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) → (B, C', H', W')."""
        y: Tensor = self.conv_pw(self.conv_dw(x))
        return y


class InvertedResidual(nn.Module):
    """Expand, depthwise, project; the input is added where the shape stays."""

    def __init__(self, channels: tuple[int, int], kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        inside, outside = channels
        wide = inside * expansion
        self.conv_pw = SameConvolution((inside, wide), 1)
        self.conv_dw = SameConvolution((wide, wide), kernel, stride=stride, groups=wide)
        self.conv_pwl = SameConvolution((wide, outside), 1, active=False)
        self.keeps_shape = stride == 1 and inside == outside

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) → (B, C', H', W')."""
        wide = self.conv_dw(self.conv_pw(x))
        y: Tensor = self.conv_pwl(wide, x if self.keeps_shape else None)
        return y


class EfficientNetLite0(nn.Module):
    """Pooled features of a picture and the logits of the 1000 ImageNet classes."""

    def __init__(self) -> None:
        super().__init__()
        self.conv_stem = SameConvolution((3, _STEM_CHANNELS), 3, stride=2)
        self.blocks = nn.ModuleList()
        inside = _STEM_CHANNELS
        for expansion, repeats, kernel, stride, outside in _STAGES:
            stage = nn.Sequential()
            for i in range(repeats):
                shape, step = (inside, outside), stride if i == 0 else 1
                stage.append(
                    DepthwiseBlock(shape, kernel, step)
                    if expansion == 1
                    else InvertedResidual(shape, kernel, step, expansion)
                )
                inside = outside
            self.blocks.append(stage)
        self.conv_head = SameConvolution((inside, FEATURES), 1)
        self.classifier = Linear(FEATURES, CLASSES)

    def in_bfloat16(self) -> EfficientNetLite0:
        """This network in bfloat16, but for its stem and its first depthwise convolution.

        The image vectors then have a cosine of 0.9994 to those of float32 in the mean of 256 frames, 0.9975
        at least. The first depthwise weights reach from 0 to 18: rounded too, single vectors fall to 0.985.
        """
        for name, module in self.named_modules():
            if isinstance(module, SameConvolution) and name not in _IN_FLOAT32:
                module.to(torch.bfloat16)
        return self

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 3, H, W) in -1..1 → features (B, 1280) and class logits (B, 1000)."""
        features = self.feature_map(pixels).float().mean((2, 3))
        return features, self.classifier(features)

    def feature_map(self, pixels: Tensor) -> Tensor:
        """(B, 3, H, W) in -1..1 → (B, 1280, H / 32, W / 32), whose mean is the pooled features."""
        return self.feature_maps(pixels).last

    def feature_maps(self, pixels: Tensor) -> FeatureMaps:
        """(B, 3, H, W) in -1..1 → maps of three depths, in the arithmetic of the network."""
        x = self.conv_stem(pixels)
        after: list[Tensor] = []
        for stage in self.blocks:
            x = stage(x)
            after.append(x)
        return FeatureMaps(after[_LOW_STAGE], after[_MIDDLE_STAGE], self.conv_head(x))


def folded(published: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state of EfficientNetLite0 from the published weights, batch norms folded in.

    With γ, β, μ, σ² of a norm: weight · γ / √(σ² + ε), bias β − μ γ / √(σ² + ε).

    Args:
        published: convolutions without bias; their norms are bn1, bn2, bn3 in order of use.
    """
    state = {k: published[k] for k in ("classifier.weight", "classifier.bias")}
    for convolution, norm in _convolutions_and_norms():
        gain = published[f"{norm}.weight"] * torch.rsqrt(published[f"{norm}.running_var"] + _NORM_EPSILON)
        state[f"{convolution}.weight"] = published[f"{convolution}.weight"] * gain.view(-1, 1, 1, 1)
        state[f"{convolution}.bias"] = published[f"{norm}.bias"] - published[f"{norm}.running_mean"] * gain
    return state


def _convolutions_and_norms() -> Iterator[tuple[str, str]]:
    yield "conv_stem", "bn1"
    for i, (expansion, repeats, *_) in enumerate(_STAGES):
        names = ("conv_dw", "conv_pw") if expansion == 1 else ("conv_pw", "conv_dw", "conv_pwl")
        for j in range(repeats):
            for n, name in enumerate(names, start=1):
                yield f"blocks.{i}.{j}.{name}", f"blocks.{i}.{j}.bn{n}"
    yield "conv_head", "bn2"


def _missing(size: int, kernel: int, stride: int) -> int:
    steps = -(-size // stride)
    return max((steps - 1) * stride + kernel - size, 0)
