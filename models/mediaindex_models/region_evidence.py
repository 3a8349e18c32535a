"""Cells of frames → what is stored of them for the scorer: regions, weights, and how much of a hub each is.

The hub is that of `late_interaction.hubness` over a bank of sentences. Here the word pieces of all of them
stand one behind the other, without padding: half of the products.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mediaindex_models.efficientnet import FeatureMaps
from mediaindex_models.late_interaction import LARGEST_SHARPNESS, LOGIT_UNIT, Regions, RegionSide
from mediaindex_models.onednn import linear_in_bfloat16
from mediaindex_models.region_cells import CELL, RegionCells
from mediaindex_models.region_records import FLAT, WIDTH


class Bank(NamedTuple):
    """The sentences of a bank as the scorer's text side gives them.

    Attributes:
        directions: (P, 128) of all word pieces, unit. weights: (P,), summing to one in each sentence.
        pooled: (M, 128), unit. pieces: (M,) int64, how many of the P are of each sentence.
    """

    directions: Tensor
    weights: Tensor
    pooled: Tensor
    pieces: Tensor


class RegionEvidence(nn.Module):
    """Cells to the numbers of `region_records`.

    Args:
        pieces, sentences: of the bank.
        cell: numbers of a cell. beta: of `hubness`.
    """

    def __init__(self, *, pieces: int, sentences: int, cell: int = CELL, beta: float) -> None:
        super().__init__()
        self.regions = RegionSide(cell)
        self.log_sharpness = nn.Parameter(torch.zeros(()))
        self.gains = nn.Parameter(torch.zeros(3))
        self.beta = beta
        # those of `Bank`, times the sharpness
        self.bank_directions = nn.Buffer(torch.zeros(pieces, WIDTH), persistent=False)
        self.bank_weights = nn.Buffer(torch.zeros(pieces), persistent=False)
        self.bank_pooled = nn.Buffer(torch.zeros(sentences, WIDTH), persistent=False)
        self.bank_first = nn.Buffer(torch.zeros(sentences, dtype=torch.int64), persistent=False)

    @property
    def sharpness(self) -> Tensor:
        """As `LateInteraction.sharpness`."""
        return self.log_sharpness.exp().clamp(max=LARGEST_SHARPNESS)

    def set_bank(self, bank: Bank) -> None:
        """Take the sentences of a bank, whose sizes are those of this network."""
        self.bank_directions.copy_(self.sharpness * bank.directions)
        self.bank_weights.copy_(bank.weights)
        self.bank_pooled.copy_(bank.pooled)
        self.bank_first.copy_(bank.pieces.cumsum(0) - bank.pieces)

    def forward(self, cells: Tensor) -> Tensor:
        """(B, 16, `cell`) → (B, `FLAT`), zeros where a frame gives what is no number."""
        regions: Regions = self.regions(cells)
        vectors = torch.cat([regions.directions, regions.pooled[:, None]], dim=1)
        flat = torch.cat([vectors.flatten(1), regions.weights, self.hubs(regions)[:, None]], dim=1)
        assert flat.shape[1] == FLAT
        return torch.where(flat.isfinite().all(1, keepdim=True), flat, 0.0)

    def hubs(self, regions: Regions) -> Tensor:
        """(B,) hub of each frame."""
        frames, count = regions.weights.shape
        # frames last: sums over regions then add rows, not neighbours
        directions = regions.directions.transpose(0, 1).flatten(0, 1).T.to(self.bank_directions.dtype)
        near = (self.bank_directions @ directions).exp_().float()  # (P, R B)
        by_words = near.view(-1, count, frames).sum(1).log_() * self.bank_weights[:, None]
        by_regions = self._of_sentences(near).log_().view(-1, count, frames) * regions.weights.T
        by_both = torch.stack([self._of_sentences(by_words), by_regions.sum(1)]) / self.sharpness  # (2, M, B)
        whole = self.bank_pooled @ regions.pooled.T
        agreements = torch.cat([by_both, whole[None]])
        logits = LOGIT_UNIT * torch.einsum("lmb,l->mb", agreements, self.gains)
        return (torch.logsumexp(self.beta * logits, dim=0) - math.log(len(logits))) / self.beta

    def _of_sentences(self, of_pieces: Tensor) -> Tensor:
        """(P, N) → (M, N), the sums over the pieces of each sentence."""
        # It adds whole rows in their order; index_add and segment_reduce take three and six times as long
        every = torch.arange(len(of_pieces), device=of_pieces.device)
        return F.embedding_bag(every, of_pieces, self.bank_first, mode="sum")


class MapEvidence(nn.Module):
    """Maps of the built-in encoder's backbone to the numbers of `region_records`; arguments as above."""

    def __init__(self, *, pieces: int, sentences: int, beta: float) -> None:
        super().__init__()
        self.cells = RegionCells()
        self.evidence = RegionEvidence(pieces=pieces, sentences=sentences, beta=beta)
        self.classifier: nn.Module | None = None

    def in_bfloat16(self, classifier: nn.Linear) -> None:
        """Compare the bank, and where oneDNN has it classify the cells, in bfloat16: a third less time.

        Args:
            classifier: of the backbone, whose weights are copied.
        """
        rounded = self.evidence.bank_directions.to(torch.bfloat16)
        self.evidence.bank_directions = nn.Buffer(rounded, persistent=False)
        self.classifier = linear_in_bfloat16(classifier)

    def forward(self, maps: FeatureMaps, colours: Tensor, classifier: nn.Module) -> Tensor:
        """Arguments as in RegionCells → (B, `FLAT`)."""
        flat: Tensor = self.evidence(self.cells(maps, colours, self.classifier or classifier))
        return flat
