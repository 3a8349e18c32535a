"""The residual denoiser: a list-wise correction of the score that the candidates were ranked by.

Untrained it keeps the order of that score (its last layers are zero). It learns from inputs that the
similarity does not use: the evidence of the frames, products of query and candidate, the rest of the list.

    x_0 = (g_s s + ⟨g, n⟩ + g cos(E_t text, E_v evidence) + decoder[q∘c ; c ; z ; s, s − max, w, x, n′]) / 100

s: the score standardised in its list; q, c: query and candidate projected into a common space; w: the query's
attention over the list; z: the list mixed by w; n: what a scorer of regions says of a candidate, where the
network reads that (`evidence_mixture`), n′ the same standardised in the list, and less its best. Unlike the
paper's network the output adds no w: it would carry the noise of x into the logits, multiplied by 100.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mediaindex_models.correction import ScoreCorrection, standardised_in_list
from mediaindex_models.denoiser import Direction, TimeEmbedding


class ResidualDenoiser(ScoreCorrection):
    """x_0 from x_t, the score and the evidence, in one direction; arguments as in ScoreCorrection."""

    def __init__(
        self,
        width: int,
        *,
        direction: Direction,
        evidence: int,
        numbers: int = 0,
        inner: int = 256,
        hidden: int = 512,
        dropout: float = 0.2,
    ) -> None:
        super().__init__(
            width,
            direction=direction,
            evidence=evidence,
            numbers=numbers,
            inner=inner,
            inputs=3 * inner + 4 + 2 * numbers,
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
            text, video, mask, chosen: as in PaperDenoiser.
            score: (B, K) similarities of the candidates; None has the effect of equal scores. For a network
                that reads numbers of a scorer, (B, K, 1 + N): these stand behind it.
            evidence: as `video` with E in place of D; None for a network without evidence.
        """
        texts, clips, agreement = self.compare(x, text, video, mask, evidence, chosen)
        query, candidate = (texts, clips) if self.direction == "t2v" else (clips, texts)
        standardised, said = self.score_and_numbers(score, x)
        base = self.base(standardised, agreement, said)
        below_best = standardised - standardised.amax(-1, keepdim=True)
        scores = torch.stack([standardised, below_best, x], dim=-1)
        standing = [standardised_in_list(said), said - said.amax(1, keepdim=True)]
        # a network that reads no numbers weighs the list by the score alone
        leaning = base.detach() if self.numbers else standardised
        condition = self.time(t)[:, None]  # (B, 1, inner)
        related = (self.relation(query + condition) * (candidate + condition)).sum(-1)
        attention = torch.softmax(related * query.shape[-1] ** -0.5 + x + leaning, dim=-1)  # (B, K)
        mixed = torch.einsum("bk,bkd->bd", attention.to(candidate.dtype), candidate)
        context = self.context(mixed[:, None] + condition)  # (B, 1, inner)
        own = torch.cat([scores, attention[..., None], *standing], dim=-1).to(
            candidate.dtype
        )  # (B, K, 4 + 2 N)
        inputs = [query * candidate, candidate, context.expand_as(candidate), own]
        return self.decode(x, base, torch.cat(inputs, dim=-1))
