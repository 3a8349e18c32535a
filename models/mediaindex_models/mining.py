"""Hard negatives: the candidates that the base ranking puts near a query's right answer."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from mediaindex_models.errors import UnfitInput


@dataclass(frozen=True, slots=True, eq=False)
class MinedLists:
    """Candidate lists to train on.

    Attributes:
        candidates: (B, K) columns of the gallery. positive: (B,) the place of the right one in its list.
    """

    candidates: Tensor
    positive: Tensor


def hardest(similarity: Tensor, right: Tensor, *, count: int) -> MinedLists:
    """The best `count` of each row; a right one that is not among them takes the last place.

    The lists are those of a search: the top of the base ranking over a whole gallery.

    Args:
        similarity: (B, G) with G ≥ count. right: (B,) the right column.
    """
    if similarity.shape[1] < count:
        raise UnfitInput(f"a gallery of {similarity.shape[1]} cannot fill lists of {count}")
    best = similarity.topk(count, dim=1).indices  # (B, K)
    is_right = best == right[:, None]
    missing = ~is_right.any(1)
    best[missing, -1] = right[missing]
    positive = torch.where(missing, count - 1, is_right.int().argmax(1))
    return MinedLists(best, positive)


def in_batch(similarity: Tensor, clip: Tensor, *, negatives: int) -> MinedLists:
    """The published lists: the right one first, then the batch's other clips, hardest first.

    Args:
        similarity: (B, B), row i and column i being a pair.
        clip: (B,) numbers of the clips. Other pairs of the query's own clip are not candidates. The published
            code includes them where lists are as long as the batch: a right answer then counts as wrong.

    Raises UnfitInput where a query has fewer than `negatives` others.
    """
    same_clip = clip[:, None] == clip[None, :]
    fewest = int((~same_clip).sum(1).min())
    if fewest < negatives:
        raise UnfitInput(f"a query of the batch has {fewest} other clips, fewer than {negatives}")
    others = similarity.masked_fill(same_clip, -torch.inf).topk(negatives, dim=1).indices
    own = torch.arange(len(clip), device=clip.device)[:, None]
    return MinedLists(torch.cat([own, others], dim=1), torch.zeros_like(clip))
