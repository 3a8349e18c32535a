"""What every scorer's file has in common: numbers as float32, its bank, and weights that must fit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import torch.nn.functional as F
from torch import Tensor, nn

from mediaindex_models.region_evidence import Bank, RegionEvidence

OF_PICTURES = ("regions.", "log_sharpness", "gains")


class EvidenceNetwork(Protocol):
    """Cells and what is stored of them: `MapEvidence` and `PatchEvidence`."""

    evidence: RegionEvidence

    @property
    def cells(self) -> nn.Module:
        """What makes the cells."""
        ...


def float32(stored: Tensor, scale: Tensor | None = None) -> Tensor:
    """Stored numbers, each row times its scale where there is one."""
    values = stored.float()
    return values if scale is None else values * scale.float().view(-1, *[1] * (stored.ndim - 1))


def bank_of(stored: Mapping[str, Tensor]) -> Bank:
    """The sentences of a bank, `hubs.*`.

    Raises:
        KeyError, ValueError: a part is missing, or they do not fit each other.
    """
    directions, weights, pooled, pieces = (
        stored[f"hubs.{part}"] for part in ("directions", "weights", "pooled", "pieces")
    )
    pieces = pieces.long()
    lengths = {len(directions), len(weights), int(pieces.sum())}
    if not len(pieces) or int(pieces.min()) < 1 or len(lengths) > 1 or len(pooled) != len(pieces):
        raise ValueError("the parts of its bank do not fit each other")
    return Bank(F.normalize(directions, dim=-1), weights, F.normalize(pooled, dim=-1), pieces)


def set_weights(network: EvidenceNetwork, stored: Mapping[str, Tensor], bank: Bank) -> None:
    """Fill a network.

    Raises:
        RuntimeError: there are other tensors than it has. ValueError: some are no numbers.
    """
    if not all(bool(values.isfinite().all()) for values in stored.values()):
        raise ValueError("it holds what is no number")
    cells = {n.removeprefix("cells."): v for n, v in stored.items() if n.startswith("cells.")}
    network.cells.load_state_dict(cells)
    own = {name: values for name, values in stored.items() if name.startswith(OF_PICTURES)}
    network.evidence.load_state_dict(own)
    network.evidence.set_bank(bank)
    network.evidence.requires_grad_(False)
