"""The head that joins EfficientNet-Lite0 and MiniLM in one space of 384 numbers.

    image = normalise(p E) + R z + H(z)     text = t + A(8 t, 1.5 m4, 1.5 m6)

p: ImageNet class probabilities, the 20 largest; E: one sentence vector per class, so that the
prior p E alone can be searched without training on any image-caption pair; z: standardised pooled features;
R: linear, H and A: one hidden layer each; t: MiniLM's unit vector; m4, m6: the mean states after
layers 4 and 6. Neither vector is normalised: a generator reads its length.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mediaindex_models.efficientnet import CLASSES, FEATURES, EfficientNetLite0
from mediaindex_models.loaded import Linear
from mediaindex_models.minilm import WIDTH, MiniLM, SentenceStates

_PRIOR_TEMPERATURE = 2.0
_PRIOR_CLASSES = 20


class ImageHead(nn.Module):
    """Image vectors from pooled features and class logits."""

    def __init__(self, *, hidden: int) -> None:
        super().__init__()
        self.class_vectors = nn.Parameter(torch.empty(CLASSES, WIDTH))
        self.mean = nn.Buffer(torch.empty(FEATURES))
        self.deviation = nn.Buffer(torch.empty(FEATURES))
        self.linear = Linear(FEATURES, WIDTH)
        self.hidden = _one_hidden_layer(FEATURES, hidden)

    def forward(self, features: Tensor, logits: Tensor) -> Tensor:
        """Features (B, 1280) and class logits (B, 1000) → (B, 384), not normalised."""
        z = (features - self.mean) / self.deviation
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
    """Pixels to image vectors and evidence."""

    def __init__(self, *, hidden: int, evidence: int) -> None:
        super().__init__()
        self.backbone = EfficientNetLite0()
        self.head = ImageHead(hidden=hidden)
        self.evidence = Evidence(width=evidence)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """uint8 (B, H, W, 3) → vectors (B, 384) and evidence (B, width)."""
        pixels = pictures.permute(0, 3, 1, 2).float().div_(127.5).sub_(1)  # (B, 3, H, W)
        features, logits = self.backbone(pixels)
        return self.head(features, logits), self.evidence(features)


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


def class_probabilities(logits: Tensor) -> Tensor:
    """The 20 largest class probabilities, flattened by a temperature of 2, summing to one."""
    likely, classes = torch.softmax(logits / _PRIOR_TEMPERATURE, -1).topk(_PRIOR_CLASSES, dim=-1)
    kept = torch.zeros_like(logits).scatter(-1, classes, likely)
    return kept / kept.sum(-1, keepdim=True)


def _one_hidden_layer(inside: int, hidden: int) -> nn.Sequential:
    return nn.Sequential(Linear(inside, hidden), nn.GELU(), Linear(hidden, WIDTH))
