"""Layers whose weights are always loaded, so that none are initialised at random first.

Random initialisation takes longer than reading the weights, and on the meta device it costs a second of
further imports in torch.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from torch import nn
from torch.overrides import TorchFunctionMode

# torch.nn.init makes a truncated normal distribution with erfinv_, the slowest of all
_DRAWS = {"erfinv_"}.union(
    f"{family}{kind}_" for family in ("", "trunc_", "kaiming_", "xavier_") for kind in ("normal", "uniform")
)


class Linear(nn.Linear):
    """nn.Linear without initialisation."""

    def reset_parameters(self) -> None:
        """Leave the weights as they were allocated."""


class Embedding(nn.Embedding):
    """nn.Embedding without initialisation."""

    def reset_parameters(self) -> None:
        """Leave the weights as they were allocated."""


class LayerNorm(nn.LayerNorm):
    """nn.LayerNorm without initialisation."""

    def reset_parameters(self) -> None:
        """Leave the weights as they were allocated."""


class NoRandomInit(TorchFunctionMode):
    """While active, random initialisation is skipped: tensors stay as they were allocated.

    For building a network of another library all of whose weights are loaded afterwards, strictly.
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
