"""The residual denoiser: a list-wise correction of the score that the candidates came with.

It starts as that score's own order (its last layers are zero) and adds what the similarity has not
used: the evidence of the frames, the product of query and candidate, and the rest of the list.

    x_0 = (g_s s + g cos(E_t text, E_v evidence) + decoder[q∘c ; c ; z ; s, s − max, w, x]) / 100

s: the score standardised in its list; q, c: both sides in a space of their own; z: the list as the
query's attention w mixes it. The division makes the loss's factor of 100 the scale of these logits.
There is no "+ w" in the output, which would carry the noise of x into the logits a hundredfold.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mediaindex_models.attention import frame_weights, pooled
from mediaindex_models.denoiser import Direction, TimeEmbedding, known_direction, with_list_axes
from mediaindex_models.losses import GENERATION_SCALE

_SHARPNESS = 10.0
_SMALLEST_DEVIATION = 1e-6
# Adam moves a number by the learning rate at a step, whatever it scales: gains are kept in units of 20, or
# a run of some hundred steps could not bring the terms to the size of the logits.
GAIN_UNIT = 20.0


class PairFeatures(nn.Module):
    """A text and a clip in one space of `inner` numbers, and how well a second pair of heads agrees.

    Args:
        width: D. evidence: E, 0 where frames have none; then the frames themselves are used twice.
    """

    def __init__(self, width: int, *, evidence: int, inner: int) -> None:
        super().__init__()
        self.evidence = evidence
        self.log_sharpness = nn.Parameter(torch.tensor(math.log(_SHARPNESS)))
        self.text = nn.Linear(width, inner)
        self.clip = nn.Linear(width + (evidence or width), inner)
        self.agreeing_text = nn.Linear(width, inner)
        self.agreeing_clip = nn.Linear(evidence or width, inner)

    def forward(
        self, text: Tensor, video: Tensor, mask: Tensor, evidence: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Texts and clips (B, ·, inner) and their agreement (B, K) in −1..1; · is K or 1.

        Args:
            text: (B, ·, D). video: (B, ·, F, D). mask: (B, ·, F). evidence: (B, ·, F, E) or None.
        """
        text, video = F.normalize(text, dim=-1), F.normalize(video, dim=-1)
        sharpness = self.log_sharpness.exp()
        weights = frame_weights(text * sharpness, video, mask, corrected=True)  # (B, K, F)
        clip = pooled(weights, video)
        seen = clip if evidence is None else F.normalize(pooled(weights, evidence), dim=-1)
        agreement = F.cosine_similarity(self.agreeing_text(text), self.agreeing_clip(seen), dim=-1)
        return self.text(text), self.clip(torch.cat([clip, seen], dim=-1)), agreement

    def require(self, evidence: Tensor | None) -> None:
        """Raise ValueError where the evidence is not of the width that the network was made for."""
        given = 0 if evidence is None else evidence.shape[-1]
        if given != self.evidence:
            raise ValueError(f"frames have {given} numbers of evidence, the generator reads {self.evidence}")


class ResidualDenoiser(nn.Module):
    """x_0 from x_t, the score and the evidence, in one direction.

    Args:
        width: D of texts and frames. evidence: E, 0 for none.
        direction: t2v asks with a text for clips, v2t with a clip for texts.
        inner: width of the space in which both sides are compared. hidden: width of the decoder.
        dropout: on the decoder's input and hidden layer while training.
    """

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
        super().__init__()
        self.width = width
        self.direction: Direction = known_direction(direction)
        self.pair = PairFeatures(width, evidence=evidence, inner=inner)
        self.time = TimeEmbedding(inner)
        self.relation = nn.Linear(inner, inner, bias=False)
        self.context = nn.Linear(inner, inner)
        self.hidden = nn.Linear(3 * inner + 4, hidden)
        # a constant cancels in the softmax over the list: no bias
        self.output = nn.Linear(hidden, 1, bias=False)
        self.score_gain = nn.Parameter(torch.tensor(1.0 / GAIN_UNIT))
        self.agreement_gain = nn.Parameter(torch.zeros(()))
        self.dropout = nn.Dropout(dropout)
        nn.init.zeros_(self.output.weight)

    def forward(
        self,
        x: Tensor,
        t: Tensor,
        text: Tensor,
        video: Tensor,
        mask: Tensor,
        score: Tensor | None = None,
        evidence: Tensor | None = None,
    ) -> Tensor:
        """x_0 (B, K); 100 times it are logits over the list.

        Args:
            x: (B, K) noisy scores. t: (B,) steps, 0 the least noisy.
            text, video, mask: as of PaperDenoiser.
            score: (B, K), any scale; none is as good as all equal.
            evidence: as `video` with its own width, for a network made with evidence.
        """
        self.pair.require(evidence)
        texts, clips, agreement = self.pair(
            *with_list_axes(text, video, mask, self.direction),
            evidence_with_list_axis(evidence, self.direction),
        )
        query, candidate = (texts, clips) if self.direction == "t2v" else (clips, texts)
        standing = standardised(torch.zeros_like(x) if score is None else score)  # float32
        scores = torch.stack([standing, standing - standing.amax(-1, keepdim=True), x], dim=-1)
        condition = self.time(t)[:, None]  # (B, 1, inner)
        related = (self.relation(query + condition) * (candidate + condition)).sum(-1)
        attention = torch.softmax(related * query.shape[-1] ** -0.5 + x + standing, dim=-1)  # (B, K)
        mixed = torch.einsum("bk,bkd->bd", attention.to(candidate.dtype), candidate)
        context = self.context(mixed[:, None] + condition)  # (B, 1, inner)
        numbers = torch.cat([scores, attention[..., None]], dim=-1).to(candidate.dtype)  # (B, K, 4)
        seen = [query * candidate, candidate, context.expand_as(candidate), numbers]
        hidden = F.gelu(self.hidden(self.dropout(torch.cat(seen, dim=-1))))
        decoded = self.output(self.dropout(hidden))[..., 0]
        # added in float32: the score's small differences must survive a bfloat16 network
        logits: Tensor = GAIN_UNIT * (self.score_gain * standing + self.agreement_gain * agreement) + decoded
        return logits.to(x.dtype) / GENERATION_SCALE


def standardised(score: Tensor) -> Tensor:
    """Scores of each list with mean 0 and deviation 1, (B, K); a list of equal scores becomes zeros."""
    score = score.float()
    centred = score - score.mean(-1, keepdim=True)
    return centred / centred.square().mean(-1, keepdim=True).sqrt().clamp(min=_SMALLEST_DEVIATION)


def evidence_with_list_axis(evidence: Tensor | None, direction: Direction) -> Tensor | None:
    """Evidence with an axis of candidates, 1 long where one clip asks."""
    if evidence is None or direction == "t2v":
        return evidence
    return evidence[:, None]
