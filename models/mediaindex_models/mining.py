"""Which candidates a query trains against: the ones that the first ranking confuses it with."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Mined:
    """Lists of training.

    Attributes:
        candidates: (B, K) columns of the gallery. positive: (B,) the place of the right one in its list.
    """

    candidates: Tensor
    positive: Tensor


def hardest(similarity: Tensor, right: Tensor, *, count: int) -> Mined:
    """The best `count` of each row, the right one at its own rank, or last where it is not among them.

    As in a search: the list is what the base ranking finds in a whole gallery.

    Args:
        similarity: (B, G) with G ≥ count. right: (B,) the right column.
    """
    if similarity.shape[1] < count:
        raise ValueError(f"a gallery of {similarity.shape[1]} cannot fill lists of {count}")
    best = similarity.topk(count, dim=1).indices  # (B, K)
    found = best == right[:, None]
    missing = ~found.any(1)
    best[missing, -1] = right[missing]
    positive = torch.where(missing, count - 1, found.int().argmax(1))
    return Mined(best, positive)


def in_batch(similarity: Tensor, clip: Tensor, *, negatives: int) -> Mined:
    """The published lists: the right one first, then the batch's other clips from the hardest on.

    Args:
        similarity: (B, B), row i and column i being a pair.
        clip: (B,) numbers of the clips. Pairs of the query's own clip are no candidates: in the published
            code, which forces them in when lists are as long as the batch, a query can be told that its
            own answer is wrong.

    Raises ValueError where a query has fewer than `negatives` others.
    """
    same = clip[:, None] == clip[None, :]
    fewest = int((~same).sum(1).min())
    if fewest < negatives:
        raise ValueError(f"a query of the batch has {fewest} other clips, fewer than {negatives}")
    others = similarity.masked_fill(same, -torch.inf).topk(negatives, dim=1).indices
    own = torch.arange(len(clip), device=clip.device)[:, None]
    return Mined(torch.cat([own, others], dim=1), torch.zeros_like(clip))
