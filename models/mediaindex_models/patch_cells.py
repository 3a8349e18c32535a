"""Cells of a picture from the patch tokens of a vision transformer, for encoders other than the built-in one.

    cell = [depth 1 ; depth 2 ; depth 3] B − offset

The tokens of three blocks, the last and two earlier ones, are each averaged to 4×4 cells and taken to their
principal directions, as `region_cells` does with the maps of a convolutional backbone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mediaindex_models.errors import UnfitInput
from mediaindex_models.region_cells import SIDE
from mediaindex_models.region_evidence import RegionEvidence

DEPTHS = 3
_MOST_PREFIX_TOKENS = 8


class PatchCells(nn.Module):
    """Patch tokens to cells, by bases that are loaded or fitted.

    Args:
        widths: D of each depth, and how many numbers of a cell it becomes.
    """

    def __init__(self, widths: Sequence[tuple[int, int]]) -> None:
        super().__init__()
        for depth, (inside, width) in enumerate(widths):
            self.register_buffer(f"basis_{depth}", torch.zeros(inside, width))
        self.offset = nn.Buffer(torch.zeros(sum(width for _, width in widths)))

    def forward(self, tokens: Sequence[Tensor]) -> Tensor:
        """Tokens (B, T, D) of each depth → (B, 16, cell)."""
        parts = [patches_in_cells(part) @ self.get_buffer(f"basis_{n}") for n, part in enumerate(tokens)]
        return torch.cat(parts, dim=-1) - self.offset


class PatchEvidence(nn.Module):
    """Patch tokens to the numbers of `region_records`."""

    def __init__(
        self, widths: Sequence[tuple[int, int]], *, pieces: int, sentences: int, beta: float
    ) -> None:
        super().__init__()
        self.cells = PatchCells(widths)
        cell = sum(width for _, width in widths)
        self.evidence = RegionEvidence(pieces=pieces, sentences=sentences, cell=cell, beta=beta)

    def forward(self, tokens: Sequence[Tensor]) -> Tensor:
        """Arguments as in PatchCells → (B, `FLAT`)."""
        flat: Tensor = self.evidence(self.cells(tokens))
        return flat


def patches_in_cells(tokens: Tensor) -> Tensor:
    """Tokens (B, T, D) of a square grid of patches → means of 4×4 cells, (B, 16, D) float32.

    Class and register tokens stand before the patches.

    Raises UnfitInput where T is no square with at most eight tokens before it.
    """
    side = math.isqrt(tokens.shape[1])
    prefix = tokens.shape[1] - side * side
    if not side or prefix > _MOST_PREFIX_TOKENS:
        raise UnfitInput(f"{tokens.shape[1]} tokens are no square of patches")
    grid = tokens[:, prefix:].float().mT.reshape(len(tokens), -1, side, side)
    return F.adaptive_avg_pool2d(grid, SIDE).flatten(2).mT


def depths_of(blocks: int) -> list[int]:
    """Which blocks of a tower are looked at: the last, and those a third and two thirds before it."""
    step = max(1, blocks // DEPTHS)
    return [max(0, blocks - 1 - step * back) for back in reversed(range(DEPTHS))]
