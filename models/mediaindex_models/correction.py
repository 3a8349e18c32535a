"""What a list's network adds to the score that its candidates came with.

    x_0 = (g_s s + g cos(E_t text, E_v evidence) + decoder[…]) / 100

s is the score standardised in its list. The division makes the loss's factor of 100 the scale of these
logits. Before training only the score's own order is there: the decoder's last layer is zero.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mediaindex_models.attention import Mixture, frame_products, lengths_of, softened
from mediaindex_models.denoiser import Direction, in_lists, known_direction, require_lists
from mediaindex_models.dropout import Dropout
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
        self.width = width
        self.evidence = evidence
        self.log_sharpness = nn.Parameter(torch.tensor(math.log(_SHARPNESS)))
        self.text = nn.Linear(width, inner)
        self.clip = nn.Linear(width + (evidence or width), inner)
        self.agreeing_text = nn.Linear(width, inner)
        self.agreeing_clip = nn.Linear(evidence or width, inner)

    def forward(
        self,
        text: Tensor,
        video: Tensor,
        mask: Tensor,
        evidence: Tensor | None,
        rows: Tensor | None = None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Texts and clips (B, ·, inner) and their agreement (B, K) in −1..1; · is K or 1.

        Args:
            text: (B, ·, D). video: (B, ·, F, D). mask: (B, ·, F). evidence: (B, ·, F, E) or None.
            rows: (B, K), where text is (B, 1, D) and the clips are rows of tables (N, F, …).
        """
        text = F.normalize(text, dim=-1)
        # frames are divided by their lengths where they are single numbers already
        lengths = lengths_of(video)
        if rows is not None:
            lengths, mask = lengths[rows], mask[rows]
        logits = frame_products(text, video, rows) * (self.log_sharpness.exp() / lengths)
        weights = softened(logits, mask, corrected=True)  # (B, K, F)
        clip = Mixture.of(weights / lengths, video, rows)
        seen = clip if evidence is None else Mixture.of(weights, evidence, rows).unit()
        of_clip, of_seen = self.clip.weight[:, : self.width], self.clip.weight[:, self.width :]
        clips = clip.through(of_clip) + seen.through(of_seen) + self.clip.bias
        agreeing = seen.through(self.agreeing_clip.weight) + self.agreeing_clip.bias
        return self.text(text), clips, cosines(self.agreeing_text(text), agreeing)


class ScoreCorrection(nn.Module):
    """The frame of both networks: how they read pairs, and how they answer.

    Args:
        width: D of texts and frames. evidence: E, 0 for none.
        direction: t2v asks with a text for clips, v2t with a clip for texts.
        inner: width of the space in which both sides are compared.
        seen, hidden: widths of the decoder's input and hidden layer.
        dropout: on both while training.
    """

    def __init__(
        self,
        width: int,
        *,
        direction: Direction,
        evidence: int,
        inner: int,
        seen: int,
        hidden: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.width = width
        self.direction: Direction = known_direction(direction)
        self.pair = PairFeatures(width, evidence=evidence, inner=inner)
        self.hidden = nn.Linear(seen, hidden)
        # a constant cancels in the softmax over the list: no bias
        self.output = nn.Linear(hidden, 1, bias=False)
        self.score_gain = nn.Parameter(torch.tensor(1.0 / GAIN_UNIT))
        self.agreement_gain = nn.Parameter(torch.zeros(()))
        self.dropout = Dropout(dropout)
        nn.init.zeros_(self.output.weight)

    def compared(
        self,
        x: Tensor,
        text: Tensor,
        video: Tensor,
        mask: Tensor,
        evidence: Tensor | None,
        chosen: Tensor | None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Texts and clips (B, ·, inner) and their agreement (B, K); arguments as of the networks.

        Raises ValueError where shapes do not agree, or the evidence is not of the width that the network
        was made for.
        """
        require_lists(x, text, video, mask, self.direction, chosen)
        given = 0 if evidence is None else evidence.shape[-1]
        if given != self.pair.evidence:
            raise ValueError(
                f"frames have {given} numbers of evidence, the generator reads {self.pair.evidence}"
            )
        kind = self.hidden.weight.dtype
        evidence = None if evidence is None else evidence.to(kind)
        text, video, mask, rows = in_lists(text.to(kind), video.to(kind), mask, self.direction, chosen)
        if evidence is not None and self.direction == "v2t":
            evidence = evidence[:, None]
        texts, clips, agreement = self.pair(text, video, mask, evidence, rows)
        return texts, clips, agreement

    def answered(self, x: Tensor, standing: Tensor, agreement: Tensor, seen: Tensor) -> Tensor:
        """x_0 (B, K) as x is, from the decoder's input (B, K, seen) and the score's standing, float32."""
        hidden = F.gelu(self.hidden(self.dropout(seen)))
        decoded = self.output(self.dropout(hidden))[..., 0]
        # added in float32: the score's small differences must survive a bfloat16 network
        logits: Tensor = GAIN_UNIT * (self.score_gain * standing + self.agreement_gain * agreement) + decoded
        return logits.to(x.dtype) / GENERATION_SCALE


def cosines(one: Tensor, other: Tensor) -> Tensor:
    """Cosines of vectors (…, D) → (…); leading dimensions broadcast."""
    # divided as single numbers: the gradient of the division is then D times as cheap
    return (one * other).sum(-1) / (lengths_of(one) * lengths_of(other))


def standing_of(score: Tensor | None, x: Tensor) -> Tensor:
    """The standardised score (B, K), float32; no score is as good as all equal."""
    return standardised(torch.zeros_like(x) if score is None else score)


def standardised(score: Tensor) -> Tensor:
    """Scores of each list with mean 0 and deviation 1, (B, K); a list of equal scores becomes zeros.

    Deviations below a millionth, which rounding makes of equal cosines, are not blown up.
    """
    score = score.float()
    centred = score - score.mean(-1, keepdim=True)
    return centred / centred.square().mean(-1, keepdim=True).sqrt().clamp(min=_SMALLEST_DEVIATION)
