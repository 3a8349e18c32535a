"""Text-conditioned pooling of frames: each frame counts by how well it answers the text.

a_f = softmax_f(text · frame_f / temperature),   v = Σ_f a_f frame_f

Nothing is learned. Leading dimensions broadcast: one text against many clips, many texts against one.
Where many lists share their clips, frames are a table (N, F, D) and `rows` (B, K) names the clips of each
list. Frames are by far the largest tensor of a training step; this way they are never copied into lists.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

_SMALLEST_LENGTH = 1e-12


def frame_weights(
    text: Tensor, frames: Tensor, mask: Tensor, *, temperature: float = 1.0, corrected: bool = False
) -> Tensor:
    """Weights of the frames, (…, F).

    Args:
        text: (…, D), not normalised.
        frames: (…, F, D), not normalised.
        mask: (…, F) bool, True at a real frame.
        temperature: divides the logits of the softmax.
        corrected: as in `masked_softmax`.
    """
    return masked_softmax(frame_products(text, frames) / temperature, mask, corrected=corrected)


def masked_softmax(logits: Tensor, mask: Tensor, *, corrected: bool) -> Tensor:
    """The softmax over frames, (…, F), 0 at padded ones.

    Args:
        logits: (…, F). mask: (…, F) bool, True at a real frame.
        corrected: True leaves padding out of the softmax: the weights sum to one and a padded frame has no
            effect. False, as published, sets padding to zero after the softmax: padding still takes its
            share, and the pooled vector of a clip with few frames comes out too short.

    A clip without any real frame has weights 0.
    """
    if corrected:
        logits = logits.masked_fill(~mask, torch.finfo(logits.dtype).min)
    return torch.softmax(logits, dim=-1) * mask


def frame_products(text: Tensor, frames: Tensor, rows: Tensor | None = None) -> Tensor:
    """text · frame_f, (…, F).

    Args:
        text: (…, D); with rows (B, 1, D).
        frames: (…, F, D); with rows (N, F, D).
        rows: (B, K), the clips of each list; the products are (B, K, F).
    """
    if rows is None:
        return torch.einsum("...fd,...d->...f", frames, text)
    # one matrix product with the whole table is cheaper than copying the frames of each list
    clips, count = frames.shape[:2]
    products = (text[:, 0] @ frames.flatten(0, 1).T).view(-1, clips, count)  # (B, N, F)
    return products.gather(1, rows[..., None].expand(-1, -1, count))


def pooled(weights: Tensor, frames: Tensor, rows: Tensor | None = None) -> Tensor:
    """Σ_f a_f frame_f: weights (…, F) and frames (…, F, D), or (N, F, D) with rows (B, K), → (…, D)."""
    if rows is None:
        return torch.einsum("...f,...fd->...d", weights, frames)
    count = frames.shape[1]
    places = rows[..., None] * count + torch.arange(count, device=rows.device)  # (B, K, F)
    table, bags = frames.flatten(0, 1), weights.flatten(0, 1).to(frames.dtype)
    summed = F.embedding_bag(places.flatten(0, 1), table, per_sample_weights=bags, mode="sum")
    return summed.view(*rows.shape, -1)


def lengths_of(vectors: Tensor) -> Tensor:
    """Lengths of vectors (…, D) → (…), never 0, so that they can be divisors.

    Dividing a product by a length costs D times less than dividing the vector by it first.
    """
    lengths: Tensor = torch.linalg.vector_norm(vectors, dim=-1)
    return lengths.clamp(min=max(_SMALLEST_LENGTH, torch.finfo(lengths.dtype).tiny))


@dataclass(frozen=True, slots=True, eq=False)
class Mixture:
    """Pooled frames together with what they were pooled from, for linear layers; built by `of`.

    Attributes:
        weights, frames, rows: arguments of `pooled`. value: (…, D), its result.
    """

    weights: Tensor
    frames: Tensor
    rows: Tensor | None
    value: Tensor

    @classmethod
    def of(cls, weights: Tensor, frames: Tensor, rows: Tensor | None = None) -> Mixture:
        """Pool the frames; arguments as in `pooled`."""
        return cls(weights, frames, rows, pooled(weights, frames, rows))

    def unit(self) -> Mixture:
        """The mixture divided by its length; a mixture without a real frame stays 0."""
        length = lengths_of(self.value)[..., None]
        return Mixture(self.weights / length, self.frames, self.rows, self.value / length)

    def through(self, matrix: Tensor) -> Tensor:
        """matrix · value, (H, D) · (…, D) → (…, H), in the order that needs fewer products.

        Pooling and the matrix commute. Where more texts pool a clip than it has frames, the matrix is
        applied to the frames before they are pooled.
        """
        if self.rows is None and self.frames.shape[:-1].numel() < self.value.shape[:-1].numel():
            return pooled(self.weights, F.linear(self.frames, matrix))
        return F.linear(self.value, matrix)
