"""Layers whose weights are always loaded: none are drawn at random first.

Drawing them takes longer than reading them, and on the meta device it imports a second of torch.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from torch import nn
from torch.overrides import TorchFunctionMode

# erfinv_ is what a truncated normal distribution is bent with, the slowest of all
_DRAWS = {"erfinv_"}.union(
    f"{family}{kind}_" for family in ("", "trunc_", "kaiming_", "xavier_") for kind in ("normal", "uniform")
)


class Linear(nn.Linear):
    """nn.Linear with nothing in it yet."""

    def reset_parameters(self) -> None:
        """Leave the weights as they were allocated."""


class Embedding(nn.Embedding):
    """nn.Embedding with nothing in it yet."""

    def reset_parameters(self) -> None:
        """Leave the weights as they were allocated."""


class LayerNorm(nn.LayerNorm):
    """nn.LayerNorm with nothing in it yet."""

    def reset_parameters(self) -> None:
        """Leave the weights as they were allocated."""


class NothingDrawn(TorchFunctionMode):
    """While active, tensors keep what they were allocated with instead of random numbers.

    For building another library's network whose every weight is loaded strictly afterwards.
    """

    def __torch_function__(
        self,
        func: Callable[..., object],
        types: Collection[type],
        args: tuple[object, ...] = (),
        kwargs: Mapping[str, object] | None = None,
    ) -> object:
        named = kwargs or {}
        if getattr(func, "__name__", "") in _DRAWS:
            return args[0] if args else named["tensor"]  # torch.nn.init passes its tensor by name
        return func(*args, **named)
