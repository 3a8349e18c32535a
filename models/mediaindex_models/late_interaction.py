"""How well the words of a text and the regions of a picture agree, each with what it finds on the other side.

    m_tr = ⟨word t, region r⟩, both of unit length
    L1 = Σ_t w_t (1/a) log Σ_r exp(a m_tr)      every word looks for its regions
    L2 = Σ_r v_r (1/a) log Σ_t exp(a m_tr)      every region looks for its words
    L3 = ⟨text as a whole, picture as a whole⟩
    logit = 20 (g_1 L1 + g_2 L2 + g_3 L3)

The maximum of ColBERT (Khattab and Zaharia, arXiv 2004.12832), taken both ways as in FILIP (Yao et al.,
arXiv 2111.07783), is soft here: with a → ∞ it is theirs. The sides know nothing of each other, so what a
picture needs is computed once and stored.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mediaindex_models.dropout import Dropout
from mediaindex_models.late_interaction_numpy import HIDDEN
from mediaindex_models.minilm import WIDTH as STATE_WIDTH
from mediaindex_models.minilm import SentenceStates
from mediaindex_models.region_records import WIDTH

LARGEST_SHARPNESS = 80.0
"""exp(a m) stays a float32 for every m of at most 1."""
LOGIT_UNIT = 20.0

_SHARPNESS = 10.0
_GAIN = 0.4


class Regions(NamedTuple):
    """What the scorer reads of N pictures, R regions each.

    Attributes:
        directions: (N, R, D), unit. weights: (N, R), summing to one. pooled: (N, D), unit.
    """

    directions: Tensor
    weights: Tensor
    pooled: Tensor

    def rows(self, rows: Tensor) -> Regions:
        """Those of some pictures: rows (…) → parts (…, R, D), (…, R) and (…, D)."""
        return Regions(self.directions[rows], self.weights[rows], self.pooled[rows])


class Words(NamedTuple):
    """What the scorer reads of B texts, T word pieces each.

    Attributes:
        directions: (B, T, D), unit. weights: (B, T), summing to one, zero where there is no piece.
        pooled: (B, D), unit. mask: (B, T) bool, True = real.
    """

    directions: Tensor
    weights: Tensor
    pooled: Tensor
    mask: Tensor


class RegionSide(nn.Module):
    """Cells of pictures to what is stored of them.

    Args:
        cell: numbers of a cell. input_dropout, dropout: shares dropped of them and of the hidden layers.
    """

    def __init__(self, cell: int, *, input_dropout: float = 0.0, dropout: float = 0.0) -> None:
        super().__init__()
        self.direction = _one_hidden_layer(cell, input_dropout, dropout)
        self.weight = _even_weights(cell)
        self.pooled = _one_hidden_layer(cell, input_dropout, dropout)

    def forward(self, cells: Tensor) -> Regions:
        """(N, R, `cell`) → R + 1 regions of each picture, the last being the mean of its cells."""
        mean = cells.mean(1)
        regions = torch.cat([cells, mean[:, None]], dim=1)
        weights = torch.softmax(self.weight(regions)[..., 0].float(), dim=-1)
        return Regions(_unit(self.direction(regions)), weights, _unit(self.pooled(mean)))


class WordSide(nn.Module):
    """States of a text network to what is compared with pictures.

    Args:
        state: numbers of a word piece at one depth. input_dropout, dropout: as in RegionSide.
    """

    def __init__(self, state: int = STATE_WIDTH, *, input_dropout: float = 0.0, dropout: float = 0.0) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(2 * state, elementwise_affine=False)
        self.direction = _one_hidden_layer(2 * state, input_dropout, dropout)
        self.weight = _even_weights(2 * state)
        self.pooled = _one_hidden_layer(3 * state, input_dropout, dropout)

    def forward(self, states: SentenceStates, mask: Tensor) -> Words:
        """States of B texts and their mask (B, T) bool, with a piece in every text → what they say."""
        pieces = self.norm(torch.cat([states.shallow_tokens, states.tokens], dim=-1))
        relevance = self.weight(pieces)[..., 0].float().masked_fill(~mask, -torch.inf)
        unit = F.normalize(states.mean, dim=-1)
        said = torch.cat([8 * unit, 1.5 * states.shallow, 1.5 * states.mean], dim=-1)
        return Words(
            _unit(self.direction(pieces)), torch.softmax(relevance, dim=-1), _unit(self.pooled(said)), mask
        )


class LateInteraction(nn.Module):
    """The scorer.

    Args:
        cell: numbers of a cell. state: of a word piece at one depth. input_dropout, dropout: of both sides.
    """

    def __init__(
        self, cell: int, *, state: int = STATE_WIDTH, input_dropout: float = 0.0, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.regions = RegionSide(cell, input_dropout=input_dropout, dropout=dropout)
        self.words = WordSide(state, input_dropout=input_dropout, dropout=dropout)
        self.log_sharpness = nn.Parameter(torch.tensor(math.log(_SHARPNESS)))
        self.gains = nn.Parameter(torch.full((3,), _GAIN))

    @property
    def sharpness(self) -> Tensor:
        """The inverse temperature a, ()."""
        return self.log_sharpness.exp().clamp(max=LARGEST_SHARPNESS)

    def forward(self, words: Words, regions: Regions) -> Tensor:
        """Logits (B, K); arguments as in `agreements`."""
        return self.logits(self.agreements(words, regions))

    def logits(self, agreements: Tensor) -> Tensor:
        """(…, 3) → (…)."""
        return LOGIT_UNIT * (agreements * self.gains).sum(-1)

    def agreements(self, words: Words, regions: Regions) -> Tensor:
        """L1, L2 and L3, (B, K, 3) float32.

        Args:
            regions: of K pictures for all texts; or, its parts being (B, K, …), of K pictures for each text.
        """
        own = "b" if regions.weights.ndim == 3 else ""
        sharp = self.sharpness * words.directions
        products = torch.einsum(f"btd,{own}krd->btkr", sharp, regions.directions)
        whole = torch.einsum(f"bd,{own}kd->bk", words.pooled, regions.pooled)
        with torch.autocast(products.device.type, enabled=False):  # sums of exponentials need float32
            near = products.float().exp()
            by_words = torch.einsum("btk,bt->bk", self.found(near, regions), words.weights)
            reached = (near * words.mask[:, :, None, None]).sum(1).log() / self.sharpness
            by_regions = torch.einsum(f"bkr,{own}kr->bk", reached, regions.weights)
            return torch.stack([by_words, by_regions, whole.float()], dim=-1)

    def found(self, near: Tensor, regions: Regions) -> Tensor:
        """What each word finds in each picture, (B, T, K) float32.

        Args:
            near: exp(a m), (B, T, K, R) float32. regions: as in `agreements`.
        """
        return near.sum(3).log() / self.sharpness


def hubness(logits: Tensor, *, beta: float) -> Tensor:
    """How near pictures are to every sentence, (K,): (1/β) log mean exp(β logit) over M sentences, (M, K)."""
    return (torch.logsumexp(beta * logits, dim=0) - math.log(len(logits))) / beta


def _unit(x: Tensor) -> Tensor:
    return F.normalize(x.float(), dim=-1)


def _one_hidden_layer(inside: int, input_dropout: float, dropout: float) -> nn.Sequential:
    return nn.Sequential(
        Dropout(input_dropout),
        nn.Linear(inside, HIDDEN),
        nn.GELU(),
        Dropout(dropout),
        nn.Linear(HIDDEN, WIDTH),
    )


def _even_weights(inside: int) -> nn.Linear:
    layer = nn.Linear(inside, 1)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer
