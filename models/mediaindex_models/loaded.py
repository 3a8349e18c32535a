"""Layers whose weights are always loaded: none are drawn at random first.

Drawing them takes longer than reading them, and on the meta device it imports a second of torch.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from torch import nn
from torch.overrides import TorchFunctionMode

_DRAWS = ("normal_", "uniform_", "erfinv_", "trunc_normal_")


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
        if getattr(func, "__name__", "") in _DRAWS:
            return args[0]
        return func(*args, **(kwargs or {}))
