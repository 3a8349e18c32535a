"""The directions in which cells differ most: the basis of a part of `region_cells` or `patch_cells`."""

from __future__ import annotations

import torch
from torch import Tensor

_SMALLEST_VARIANCE = 1e-9


def principal_basis(cells: Tensor, width: int) -> tuple[Tensor, Tensor]:
    """A basis (C, width) float64 for cells (N, C), and the offset (width,) that centres what it gives.

    A principal direction is divided by the root of its deviation, half way between whitened and plain; then
    all are scaled to a mean square of one.

    Args:
        cells: float64. width: at most C.
    """
    centred = cells - cells.mean(0)
    variances, directions = torch.linalg.eigh(centred.T @ centred / len(centred))
    largest = variances.flip(0)[:width].clamp(min=_SMALLEST_VARIANCE)
    basis = directions.flip(1)[:, :width] / largest.pow(0.25)
    basis = basis / (centred @ basis).square().mean().sqrt()
    return basis, cells.mean(0) @ basis
