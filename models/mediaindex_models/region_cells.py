"""The cells of a picture that the scorer reads: directions of what three depths of the backbone see there.

    cell = [last ; classes ; middle ; low ; colours] B − offset

Each map is averaged to 7×7, then to 4×4 cells. `classes` are the probabilities that the classifier gives to a
cell's features alone; `colours` are roots of the shares of named colours. B takes each part to its principal
directions (the classes by way of the sentence vectors of their names), all parts having the same mean square.
"""

from __future__ import annotations

import functools

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mediaindex_models.builtin_head import class_probabilities, likeliest_classes
from mediaindex_models.efficientnet import CLASSES, FEATURES, LOW_CHANNELS, MIDDLE_CHANNELS, FeatureMaps
from mediaindex_models.named_colours import COLOURS

FINE_SIDE, SIDE = 7, 4
CELLS = SIDE * SIDE
PARTS = {
    "last": (FEATURES, 160),
    "classes": (CLASSES, 64),
    "middle": (MIDDLE_CHANNELS, 48),
    "low": (LOW_CHANNELS, 24),
    "colours": (len(COLOURS), len(COLOURS)),
}
"""Numbers of each part before and after the bases."""
CELL = sum(width for _, width in PARTS.values())


class RegionCells(nn.Module):
    """Maps to cells, by bases that are loaded or fitted on training pictures."""

    def __init__(self) -> None:
        super().__init__()
        for part, (inside, width) in PARTS.items():
            self.register_buffer(f"basis_{part}", torch.zeros(inside, width))
        self.offset = nn.Buffer(torch.zeros(CELL))

    def forward(self, maps: FeatureMaps, colours: Tensor, classifier: nn.Linear) -> Tensor:
        """Maps of B pictures and their shares of colours (B, 17, h, w) → (B, 16, 313).

        Args:
            classifier: of the backbone that made the maps.
        """
        plain = _plain_cells(maps, colours)
        projected = {name: part @ self.get_buffer(f"basis_{name}") for name, part in plain.items()}
        projected["classes"] = self._projected_classes(classifier(plain["last"]))
        return torch.cat([projected[name] for name in PARTS], dim=-1) - self.offset

    def _projected_classes(self, logits: Tensor) -> Tensor:
        """(B, 16, 1000) → (B, 16, 64): of the rows of the basis only those of the likeliest classes count."""
        likely, classes = likeliest_classes(logits)
        basis = self.get_buffer("basis_classes")
        rows: Tensor = F.embedding_bag(
            classes.flatten(0, 1), basis, mode="sum", per_sample_weights=likely.flatten(0, 1)
        )
        return rows.view(*logits.shape[:2], -1)


def raw_cells(maps: FeatureMaps, colours: Tensor, classifier: nn.Linear) -> dict[str, Tensor]:
    """Each part of PARTS before its basis, (B, 16, ·) float32; arguments as in RegionCells."""
    plain = _plain_cells(maps, colours)
    return {**plain, "classes": class_probabilities(classifier(plain["last"]))}


def _plain_cells(maps: FeatureMaps, colours: Tensor) -> dict[str, Tensor]:
    """The parts that need no classifier."""
    return {
        "last": _cells(maps.last),
        "middle": _cells(maps.middle),
        "low": _cells(maps.low),
        "colours": _cells(colours).clamp(min=0).sqrt(),
    }


def _cells(part: Tensor) -> Tensor:
    """(B, C, H, W) → (B, 16, C), by way of 7×7: stored maps of that size give the same cells."""
    # one product with both averages takes a tenth of the time of adaptive pooling
    averages = _cell_averages(part.shape[2], part.shape[3])
    return averages.to(part.device) @ part.float().flatten(2).mT


@functools.lru_cache(maxsize=16)
def _cell_averages(height: int, width: int) -> Tensor:
    """What each place of a map is to its 16 cells, (16, H W)."""
    with torch.inference_mode(mode=False):  # it is kept, and the next map may need a gradient
        return torch.kron(_averages(height), _averages(width)).T.contiguous()


def _averages(size: int) -> Tensor:
    """What each of `size` places is to the 4 means of the 7 means of them, (size, 4)."""
    fine = F.adaptive_avg_pool1d(torch.eye(size), FINE_SIDE)
    return F.adaptive_avg_pool1d(fine, SIDE)
