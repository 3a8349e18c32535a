"""The paper's denoiser with its products in the published order: the reference of the fast forms.

`PaperDenoiser` applies the same linear layers in an order that is cheaper for long lists and dearer for
short ones.
"""

from __future__ import annotations

import torch
from torch import Tensor

from mediaindex_models.denoiser import PaperDenoiser


def published_denoiser(
    network: PaperDenoiser, x: Tensor, t: Tensor, text: Tensor, video: Tensor, mask: Tensor
) -> Tensor:
    """x_0 (B, K); arguments as of PaperDenoiser.forward."""
    condition = network.time(t)  # (B, D)
    if network.direction == "t2v":
        weights = torch.softmax(torch.einsum("bd,bkfd->bkf", text, video), dim=-1) * mask
        candidates = torch.einsum("bkf,bkfd->bkd", weights, video)
        query = network.query(text + condition)[:, None]
    else:
        weights = torch.softmax(torch.einsum("bkd,bfd->bkf", text, video), dim=-1) * mask[:, None]
        candidates = text
        query = network.query(torch.einsum("bkf,bfd->bkd", weights, video) + condition[:, None])
    key = network.key(candidates + condition[:, None])
    value = network.value(candidates + condition[:, None])
    attention = torch.softmax((query * key).sum(-1) + x, dim=-1)  # (B, K)
    context = network.output(torch.einsum("bk,bkd->bd", attention, value))
    both = torch.cat([context[:, None].expand_as(candidates), candidates], dim=-1)
    decoded: Tensor = network.score(torch.relu(network.hidden(both)))[..., 0]
    return decoded + attention
