"""The residual denoiser: a list-wise correction of the score that the candidates came with.

It starts as that score's own order (its last layers are zero) and adds what the similarity has not
used: the evidence of the frames, the product of query and candidate, and the rest of the list.

    x_0 = (g_s s + g cos(E_t text, E_v evidence) + decoder[q∘c ; c ; z ; s, s − max, w, x]) / 100

s: the score standardised in its list; q, c: both sides in a space of their own; z: the list as the
query's attention w mixes it. There is no "+ w" in the output, which would carry the noise of x into the
logits a hundredfold.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mediaindex_models.correction import ScoreCorrection, standing_of
from mediaindex_models.denoiser import Direction, TimeEmbedding


class ResidualDenoiser(ScoreCorrection):
    """x_0 from x_t, the score and the evidence, in one direction; arguments as of ScoreCorrection."""

    def __init__(
        self,
        width: int,
        *,
        direction: Direction,
        evidence: int,
        inner: int = 256,
        hidden: int = 512,
        dropout: float = 0.2,
    ) -> None:
        super().__init__(
            width,
            direction=direction,
            evidence=evidence,
            inner=inner,
            seen=3 * inner + 4,
            hidden=hidden,
            dropout=dropout,
        )
        self.time = TimeEmbedding(inner)
        self.relation = nn.Linear(inner, inner, bias=False)
        self.context = nn.Linear(inner, inner)

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
        """x_0 (B, K); 100 times it are logits over the list.

        Args:
            x: (B, K) noisy scores. t: (B,) steps, 0 the least noisy.
            text, video, mask, chosen: as of PaperDenoiser.
            score: (B, K), of the size of cosines; none is as good as all equal.
            evidence: as `video` with its own width, for a network made with evidence.
        """
        texts, clips, agreement = self.compared(x, text, video, mask, evidence, chosen)
        query, candidate = (texts, clips) if self.direction == "t2v" else (clips, texts)
        standing = standing_of(score, x)
        scores = torch.stack([standing, standing - standing.amax(-1, keepdim=True), x], dim=-1)
        condition = self.time(t)[:, None]  # (B, 1, inner)
        related = (self.relation(query + condition) * (candidate + condition)).sum(-1)
        attention = torch.softmax(related * query.shape[-1] ** -0.5 + x + standing, dim=-1)  # (B, K)
        mixed = torch.einsum("bk,bkd->bd", attention.to(candidate.dtype), candidate)
        context = self.context(mixed[:, None] + condition)  # (B, 1, inner)
        numbers = torch.cat([scores, attention[..., None]], dim=-1).to(candidate.dtype)  # (B, K, 4)
        seen = [query * candidate, candidate, context.expand_as(candidate), numbers]
        return self.answered(x, standing, agreement, torch.cat(seen, dim=-1))
