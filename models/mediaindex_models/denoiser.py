"""The paper's denoiser: the clean score vector of a list, from a noisy one, the query and the candidates.

DiffusionRet (arXiv 2303.09867): attention from the query to its candidates, biased by the noisy
scores, then a decoder over each candidate. Text to video and video to text are the same network
with its arguments exchanged.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from mediaindex_models.attention import Mixture, frame_products, masked_softmax
from mediaindex_models.errors import UnfitInput

Direction = Literal["t2v", "v2t"]
DIRECTIONS: tuple[Direction, ...] = ("t2v", "v2t")

INITIAL_DEVIATION = 0.02


class Sides(NamedTuple):
    """Both sides of a list, pooled over frames.

    Attributes:
        query: (B, 1, D) of a text; (B, K, D) of a clip, which each candidate text pools for itself.
        candidates: (B, K, D).
    """

    query: Tensor
    candidates: Tensor


class TimeEmbedding(nn.Module):
    """A vector for each step: sinusoids, a linear layer, SiLU, a linear layer."""

    def __init__(self, width: int) -> None:
        super().__init__()
        if width % 2:
            raise UnfitInput(f"sinusoids come in pairs: the width must be even, not {width}")
        self.width = width
        self.hidden = nn.Linear(width, width)
        self.output = nn.Linear(width, width)

    def forward(self, t: Tensor) -> Tensor:
        """Steps (B,) → (B, D)."""
        position = sinusoids(t, self.width).to(self.hidden.weight.dtype)  # (B, D)
        embedded: Tensor = self.output(nn.functional.silu(self.hidden(position)))
        return embedded


class PaperDenoiser(nn.Module):
    """Predicts x_0 from x_t in one direction; the published network (arXiv 2303.09867).

    Args:
        width: D of texts and frames.
        direction: t2v asks with a text for clips, v2t with a clip for texts.
        corrected_mask: whether padded frames are left out before the softmax over frames, not after it.
    """

    def __init__(self, width: int, *, direction: Direction, corrected_mask: bool = False) -> None:
        super().__init__()
        self.width = width
        self.direction: Direction = known_direction(direction)
        self.corrected_mask = corrected_mask
        self.time = TimeEmbedding(width)
        self.query = nn.Linear(width, width, bias=False)
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width, bias=False)
        self.output = nn.Linear(width, width)
        self.hidden = nn.Linear(2 * width, 2 * width)
        self.score = nn.Linear(2 * width, 1)
        self.apply(_draw_as_published)

    def forward(
        self,
        x: Tensor,
        t: Tensor,
        text: Tensor,
        video: Tensor,
        mask: Tensor,
        score: Tensor | None = None,
        evidence: Tensor | None = None,
        chosen: Tensor | None = None,
    ) -> Tensor:
        """x_0 (B, K), one number per candidate.

        Args:
            x: (B, K) noisy scores. t: (B,) steps, 0 the least noisy.
            text: t2v (B, D), v2t (B, K, D), not normalised.
            video: frames, t2v (B, K, F, D), v2t (B, F, D), not normalised.
            mask: bool, True at a real frame, t2v (B, K, F), v2t (B, F).
            score, evidence: not used: the paper's network reads neither.
            chosen: (B, K) rows of a gallery that the lists share, as in `Candidates`.

        The linear layers are applied where they need the fewest products: to the query or to the attention's
        mixture of the list, not to each candidate. The result is that of the published network.
        """
        del score, evidence
        require_lists(x, text, video, mask, self.direction, chosen)
        texts, clips = self._texts_and_clips(text, video, mask, chosen)
        condition = self.time(t)[:, None]  # (B, 1, D)
        # (W_q q) · (W_k c) = (W_kᵀ W_q q) · c
        relation = self.key.weight.T @ self.query.weight
        if self.direction == "t2v":
            queries, candidates = linear(texts, relation), clips.value
        else:
            queries, candidates = clips.through(relation), texts
        queries = queries + linear(condition, relation)
        attention = torch.softmax((queries * (candidates + condition)).sum(-1) + x, dim=-1)  # (B, K)
        weights = attention.to(candidates.dtype)  # x may be of a more precise type than the network
        mixed = torch.einsum("bk,bkd->bd", weights, candidates)[:, None] + condition
        context = self.output(self.value(mixed))  # (B, 1, D)
        of_list, of_candidate = self.hidden.weight[:, : self.width], self.hidden.weight[:, self.width :]
        listed = linear(context, of_list, self.hidden.bias)
        hidden = torch.relu(linear(candidates, of_candidate) + listed)  # (B, K, 2D)
        decoded: Tensor = self.score(hidden)[..., 0]
        return decoded + attention

    def sides(self, text: Tensor, video: Tensor, mask: Tensor, chosen: Tensor | None = None) -> Sides:
        """The query and its candidates, frames pooled by the text they are compared with."""
        texts, clips = self._texts_and_clips(text, video, mask, chosen)
        return Sides(texts, clips.value) if self.direction == "t2v" else Sides(clips.value, texts)

    def _texts_and_clips(
        self, text: Tensor, video: Tensor, mask: Tensor, chosen: Tensor | None
    ) -> tuple[Tensor, Mixture]:
        dtype = self.query.weight.dtype
        text, video, mask, rows = in_lists(text.to(dtype), video.to(dtype), mask, self.direction, chosen)
        products = frame_products(text, video, rows)
        mask = mask if rows is None else mask[rows]
        weights = masked_softmax(products, mask, corrected=self.corrected_mask)
        return text, Mixture.of(weights, video, rows)  # clips (B, K, D)


def require_lists(
    x: Tensor, text: Tensor, video: Tensor, mask: Tensor, direction: Direction, chosen: Tensor | None
) -> None:
    """Raise ValueError where shapes do not agree: broadcasting would silently compute something else."""
    if x.ndim != 2 or 0 in x.shape:
        raise ValueError(f"scores are (B, K), of one candidate at least, not {tuple(x.shape)}")
    of_query, of_candidate = tuple(x.shape[:1]), tuple(x.shape)
    if chosen is not None:
        of_candidate = tuple((video if direction == "t2v" else text).shape[:1])
    of_text, of_clip = (of_query, of_candidate) if direction == "t2v" else (of_candidate, of_query)
    expected = {"text": of_text, "video": (*of_clip, video.shape[-2]), "mask": (*of_clip, video.shape[-2])}
    actual = {"text": text.shape[:-1], "video": video.shape[:-1], "mask": mask.shape}
    for name, shape in expected.items():
        if tuple(actual[name]) != shape:
            problem = f"{name} is {tuple(actual[name])} of {shape}"
            raise ValueError(f"{direction} lists {tuple(x.shape)}: {problem}")


def in_lists(
    text: Tensor, video: Tensor, mask: Tensor, direction: Direction, chosen: Tensor | None
) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
    """Both sides as `with_list_axes` gives them, and the rows of the clips where those stay a table."""
    mask = mask.bool()
    if chosen is None:
        return *with_list_axes(text, video, mask, direction), None
    if direction == "t2v":
        return text[:, None], video, mask, chosen
    return *with_list_axes(text[chosen], video, mask, direction), None


def with_list_axes(
    text: Tensor, video: Tensor, mask: Tensor, direction: Direction
) -> tuple[Tensor, Tensor, Tensor]:
    """Both sides with an axis of candidates, 1 long on the query's: (B, ·, D), (B, ·, F, D), (B, ·, F)."""
    if direction == "t2v":
        return text[:, None], video, mask
    return text, video[:, None], mask[:, None]


def known_direction(direction: str) -> Direction:
    """The direction, or ValueError with the allowed names."""
    for known in DIRECTIONS:
        if known == direction:
            return known
    raise ValueError(f"a direction is t2v or v2t, not {direction!r}")


def sinusoids(t: Tensor, width: int) -> Tensor:
    """(B,) → (B, D): sin and cos of t · 10000^(−2k/D) alternate (Vaswani et al., arXiv 1706.03762)."""
    even = torch.arange(0, width, 2, device=t.device, dtype=torch.float32)
    angles = t[:, None].float() * torch.exp(even * (-math.log(10000.0) / width))  # (B, D / 2)
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)


def _draw_as_published(module: nn.Module) -> None:
    if isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, std=INITIAL_DEVIATION)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
