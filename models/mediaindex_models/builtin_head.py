"""The head that joins EfficientNet-Lite0 and MiniLM in one space of 384 numbers.

    image = normalise(p E) + R z + H(z)     text = t + A(8 t, 1.5 m4, 1.5 m6)

p: ImageNet class probabilities, the 20 largest; E: one sentence vector per class, so that the prior p E alone
can be searched without training on any image-caption pair; z: standardised, what the head sees of the
backbone, which is its pooled features and in wider heads what `depths` adds; R: linear, H and A: one hidden
layer each; t: MiniLM's unit vector; m4, m6: the mean states after layers 4 and 6. Neither vector is
normalised: a generator reads its length.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mediaindex_models.efficientnet import (
    CLASSES,
    FEATURES,
    LOW_CHANNELS,
    MIDDLE_CHANNELS,
    EfficientNetLite0,
    FeatureMaps,
)
from mediaindex_models.loaded import Linear
from mediaindex_models.minilm import WIDTH, MiniLM, SentenceStates
from mediaindex_models.named_colours import COLOURS, colour_shares

CELLS = 7
SEEN = 2 * (FEATURES + LOW_CHANNELS + MIDDLE_CHANNELS) + len(COLOURS)
"""Numbers that a head sees where it reads the deviations and the earlier depths, too."""

_PRIOR_TEMPERATURE = 2.0
_PRIOR_CLASSES = 20


class HeadSize(NamedTuple):
    """Units of the hidden layer of an image head, and the numbers that it sees of a picture."""

    hidden: int
    seen: int = FEATURES


class Cells(NamedTuple):
    """Three depths of the backbone and the shares of named colours, averaged to h×w cells: (B, C, h, w)."""

    low: Tensor
    middle: Tensor
    colours: Tensor
    last: Tensor


class ImageHead(nn.Module):
    """Image vectors from what the backbone shows and its class logits.

    Args:
        seen: numbers that it reads of a picture, 1280 or SEEN.
    """

    def __init__(self, *, hidden: int, seen: int = FEATURES) -> None:
        super().__init__()
        self.seen = seen
        self.class_vectors = nn.Parameter(torch.empty(CLASSES, WIDTH))
        self.mean = nn.Buffer(torch.empty(seen))
        self.deviation = nn.Buffer(torch.empty(seen))
        self.linear = Linear(seen, WIDTH)
        self.hidden = _one_hidden_layer(seen, hidden)

    def forward(self, seen: Tensor, logits: Tensor) -> Tensor:
        """(B, 1280 or SEEN) and class logits (B, 1000) → (B, 384), not normalised."""
        z = (seen - self.mean) / self.deviation
        prior = F.normalize(class_probabilities(logits) @ self.class_vectors, dim=-1)
        y: Tensor = prior + self.linear(z) + self.hidden(z)
        return y


class Evidence(nn.Module):
    """Principal components of the pooled features: what the image vector has lost, for reranking."""

    def __init__(self, *, width: int) -> None:
        super().__init__()
        self.mean = nn.Buffer(torch.empty(FEATURES))
        self.basis = nn.Buffer(torch.empty(FEATURES, width))

    def forward(self, features: Tensor) -> Tensor:
        """(B, 1280) → (B, width), not whitened."""
        return (features - self.mean) @ self.basis


class TextHead(nn.Module):
    """Text vectors from the states of MiniLM."""

    def __init__(self, *, hidden: int) -> None:
        super().__init__()
        self.hidden = _one_hidden_layer(3 * WIDTH, hidden)

    def forward(self, states: SentenceStates) -> tuple[Tensor, Tensor]:
        """States → pooled (B, 384) and tokens (B, T, 384), neither normalised.

        The mean of a text's tokens is its pooled vector: both carry the same residual.
        """
        length = states.mean.norm(dim=-1, keepdim=True)
        unit = states.mean / length
        residual = self.hidden(torch.cat([8 * unit, 1.5 * states.shallow, 1.5 * states.mean], dim=-1))
        tokens = states.tokens / length[:, None] + residual[:, None]
        return unit + residual, tokens


class ImageTower(nn.Module):
    """Pixels to image vectors and evidence.

    Args:
        heads: whose mean is the image vector. regions: a `MapEvidence` of a scorer, if there is one.
    """

    def __init__(self, heads: Sequence[HeadSize], *, evidence: int, regions: nn.Module | None = None) -> None:
        super().__init__()
        self.backbone = EfficientNetLite0()
        self.heads = nn.ModuleList(ImageHead(hidden=size.hidden, seen=size.seen) for size in heads)
        self.sees_depths = any(size.seen > FEATURES for size in heads)
        self.evidence = Evidence(width=evidence)
        self.regions = regions

    def forward(self, pictures: Tensor) -> tuple[Tensor, ...]:
        """uint8 (B, H, W, 3) → vectors (B, 384), evidence (B, width), and with `regions` what they give."""
        pixels = pictures.permute(0, 3, 1, 2).float().div_(127.5).sub_(1)  # (B, 3, H, W)
        maps = self.backbone.feature_maps(pixels)
        features = pooled(maps.last)
        seen = features
        cells = cells_of(maps, pictures) if self.sees_depths or self.regions is not None else None
        if self.sees_depths and cells is not None:
            seen = torch.cat([features, depths(cells)], dim=1)
        embedded = (self.vectors(seen, self.backbone.classifier(features)), self.evidence(features))
        if self.regions is None or cells is None:
            return embedded
        small = FeatureMaps(cells.low, cells.middle, cells.last)
        return *embedded, self.regions(small, cells.colours, self.backbone.classifier)

    def vectors(self, seen: Tensor, logits: Tensor) -> Tensor:
        """What the heads make of (..., 1280 or SEEN) numbers and (..., 1000) class logits, (..., 384)."""
        return torch.stack([head(seen[..., : head.seen], logits) for head in self.heads]).mean(0)


class TextTower(nn.Module):
    """Word pieces to pooled text vectors and token vectors."""

    def __init__(self, *, vocabulary: int, places: int, hidden: int) -> None:
        super().__init__()
        self.sentence = MiniLM(vocabulary=vocabulary, places=places)
        self.head = TextHead(hidden=hidden)

    def forward(self, pieces: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Piece numbers (B, T) and mask (B, T) → pooled (B, 384) and tokens (B, T, 384)."""
        pooled, tokens = self.head(self.sentence(pieces, mask))
        return pooled, tokens


def pooled(features: Tensor) -> Tensor:
    """A map (B, C, H, W) → its means (B, C), float32."""
    return features.float().mean((2, 3))


def cells_of(maps: FeatureMaps, pictures: Tensor) -> Cells:
    """7×7 cells of B pictures.

    Args:
        pictures: uint8 (B, H, W, 3), square, of which the maps are.
    """
    low, middle, last = (F.adaptive_avg_pool2d(part.float(), CELLS) for part in maps)
    return Cells(low, middle, colour_shares(pictures, cells=CELLS), last)


def depths(cells: Cells) -> Tensor:
    """What a wider head sees besides the pooled features, (B, SEEN - 1280).

    Means of the low and the middle depth, the roots of the shares of colours, then the deviations of the
    low, middle and last depth.
    """
    means = [pooled(cells.low), pooled(cells.middle), pooled(cells.colours).sqrt()]
    spread = [part.flatten(2).std(dim=2, correction=0) for part in (cells.low, cells.middle, cells.last)]
    return torch.cat([*means, *spread], dim=1)


def class_probabilities(logits: Tensor) -> Tensor:
    """The 20 largest class probabilities, flattened by a temperature of 2, summing to one."""
    likely, classes = likeliest_classes(logits)
    return torch.zeros_like(logits).scatter(-1, classes, likely)


def likeliest_classes(logits: Tensor) -> tuple[Tensor, Tensor]:
    """(..., 1000) → the same without zeros, and of which classes they are, (..., 20) each."""
    # On a CPU torch finds k of n numbers by a heap where 64 k ≤ n, in half the time of its other way.
    missing = max(0, 64 * _PRIOR_CLASSES - logits.shape[-1])
    largest, classes = F.pad(logits, (0, missing), value=-torch.inf).topk(_PRIOR_CLASSES, dim=-1)
    return torch.softmax(largest / _PRIOR_TEMPERATURE, dim=-1), classes


def _one_hidden_layer(inside: int, hidden: int) -> nn.Sequential:
    return nn.Sequential(Linear(inside, hidden), nn.GELU(), Linear(hidden, WIDTH))
