"""A similarity and what a scorer says beside it, weighed into one score.

    logit = ⟨w, (s, L1, L2, L3, −hub)⟩

s: the similarity in deviations of what a bank of sentences gets; L1, L2, L3: the agreements of
`late_interaction`; hub: how near the picture is to every sentence, by the scorer.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

NUMBERS = 5


def evidence_numbers(similarity: Tensor, agreements: Tensor, hubs: Tensor) -> Tensor:
    """(B, K), (B, K, 3) and (B, K) → (B, K, 5), what a mixture weighs."""
    return torch.cat([similarity[..., None], agreements, -hubs[..., None]], dim=-1)


def fitted_mixture(numbers: Tensor, right: Tensor, *, start: Tensor) -> Tensor:
    """The weights (5,) that make the right candidates likely, by maximum likelihood; there is one maximum.

    Args:
        numbers: (B, K, 5) of lists. right: (B,) places of the right candidates.
        start: (5,) where the search begins.
    """
    numbers, weights = numbers.double(), start.double().clone().requires_grad_()
    search = torch.optim.LBFGS([weights], max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        search.zero_grad()
        value = F.cross_entropy(numbers @ weights, right)
        value.backward()  # type: ignore[no-untyped-call]
        return value

    search.step(loss)  # type: ignore[no-untyped-call]
    return weights.detach().float()
