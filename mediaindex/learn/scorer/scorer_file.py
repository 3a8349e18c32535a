"""What is stored of a trained scorer: float16, and the sentences of its bank as int8."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from mediaindex_models.late_interaction import LateInteraction, Words

_EXACT = ("log_sharpness", "gains")
_LARGEST = 127


def scorer_state(scorer: LateInteraction, cells: nn.Module, bank: Words) -> dict[str, Tensor]:
    """The tensors of a scorer's file.

    Args:
        cells: the bases: `RegionCells` or `PatchCells`. bank: sentences by the scorer's text side.
    """
    state = {f"cells.{name}": value for name, value in cells.state_dict().items()} | scorer.state_dict()
    stored = {
        name: value.detach() if name in _EXACT else value.detach().half() for name, value in state.items()
    }
    return stored | {
        "hubs.directions": _rounded(bank.directions[bank.mask]),
        "hubs.weights": bank.weights[bank.mask].half(),
        "hubs.pooled": bank.pooled.half(),
        "hubs.pieces": bank.mask.sum(1).int(),
    }


def write_scorer(state: Mapping[str, Tensor], path: Path) -> None:
    """Write a scorer's file, whole or not at all."""
    unfinished = path.with_suffix(".new")
    save_file({name: value.contiguous() for name, value in state.items()}, unfinished)
    unfinished.replace(path)


def _rounded(unit: Tensor) -> Tensor:
    return (unit * (_LARGEST / unit.abs().amax(-1, keepdim=True))).round().to(torch.int8)
