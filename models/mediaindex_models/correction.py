"""The correction that a network adds to the score its candidates were ranked by.

    x_0 = (g_s s + ⟨g, n⟩ + g cos(E_t text, E_v evidence) + decoder[…]) / 100

s is the score standardised in its list, n what a scorer of regions says of the candidate, if anything. The
division cancels the factor of 100 in the loss, so that the loss sees the bracket as logits. Before training
the order is that of the score: the decoder's last layer is zero.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mediaindex_models.attention import Mixture, frame_products, lengths_of, masked_softmax
from mediaindex_models.denoiser import Direction, in_lists, known_direction, require_lists
from mediaindex_models.dropout import Dropout
from mediaindex_models.losses import GENERATION_SCALE

_SHARPNESS = 10.0
_SMALLEST_DEVIATION = 1e-6
# Adam moves each parameter by about the learning rate per step. Gains are stored in units of 20, so that some
# hundred steps can bring their terms to the size of the logits.
GAIN_UNIT = 20.0


class PairFeatures(nn.Module):
    """A text and a clip in one space of `inner` numbers, and their cosine through a second pair of heads.

    Args:
        width: D. evidence: E, 0 where frames have none; then the frames take the place of the evidence.
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
        # dividing logits and weights, one number a frame, is cheaper than normalising the frames
        lengths = lengths_of(video)
        if rows is not None:
            lengths, mask = lengths[rows], mask[rows]
        logits = frame_products(text, video, rows) * (self.log_sharpness.exp() / lengths)
        weights = masked_softmax(logits, mask, corrected=True)  # (B, K, F)
        clip = Mixture.of(weights / lengths, video, rows)
        further = clip if evidence is None else Mixture.of(weights, evidence, rows).unit()
        of_clip, of_further = self.clip.weight[:, : self.width], self.clip.weight[:, self.width :]
        clips = clip.through(of_clip) + further.through(of_further) + self.clip.bias
        agreeing = further.through(self.agreeing_clip.weight) + self.agreeing_clip.bias
        return self.text(text), clips, cosines(self.agreeing_text(text), agreeing)


class ScoreCorrection(nn.Module):
    """What the residual denoiser and its pointwise control share: the input of pairs and the output layer.

    Args:
        width: D of texts and frames. evidence: E, 0 for none. numbers: N of a scorer, 0 for none.
        direction: t2v asks with a text for clips, v2t with a clip for texts.
        inner: width of the space in which both sides are compared.
        inputs, hidden: widths of the decoder's input and hidden layer.
        dropout: share of both that is dropped while training.
    """

    def __init__(
        self,
        width: int,
        *,
        direction: Direction,
        evidence: int,
        numbers: int,
        inner: int,
        inputs: int,
        hidden: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.width = width
        self.direction: Direction = known_direction(direction)
        self.pair = PairFeatures(width, evidence=evidence, inner=inner)
        self.hidden = nn.Linear(inputs, hidden)
        # a constant cancels in the softmax over the list: no bias
        self.output = nn.Linear(hidden, 1, bias=False)
        self.score_gain = nn.Parameter(torch.tensor(1.0 / GAIN_UNIT))
        self.agreement_gain = nn.Parameter(torch.zeros(()))
        self.numbers = numbers
        if numbers:  # a network without them has no such weights
            self.number_gains = nn.Parameter(torch.zeros(numbers))
        self.dropout = Dropout(dropout)
        nn.init.zeros_(self.output.weight)

    def compare(
        self,
        x: Tensor,
        text: Tensor,
        video: Tensor,
        mask: Tensor,
        evidence: Tensor | None,
        chosen: Tensor | None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Texts and clips (B, ·, inner) and their agreement (B, K); arguments as in ResidualDenoiser.

        Raises ValueError where shapes do not agree or the evidence has another width than the network's.
        """
        require_lists(x, text, video, mask, self.direction, chosen)
        width = 0 if evidence is None else evidence.shape[-1]
        if width != self.pair.evidence:
            raise ValueError(
                f"frames have {width} numbers of evidence, the generator reads {self.pair.evidence}"
            )
        dtype = self.hidden.weight.dtype
        evidence = None if evidence is None else evidence.to(dtype)
        text, video, mask, rows = in_lists(text.to(dtype), video.to(dtype), mask, self.direction, chosen)
        if evidence is not None and self.direction == "v2t":
            evidence = evidence[:, None]
        texts, clips, agreement = self.pair(text, video, mask, evidence, rows)
        return texts, clips, agreement

    def score_and_numbers(self, score: Tensor | None, x: Tensor) -> tuple[Tensor, Tensor]:
        """The score, standardised, (B, K), and the numbers of a scorer, (B, K, N), both float32.

        Args:
            score: as in ResidualDenoiser. x: (B, K).

        Raises ValueError where there are other numbers than the network reads.
        """
        if score is None:
            score = torch.zeros_like(x)
        together = (score if score.ndim == x.ndim + 1 else score[..., None]).float()
        if (read := together.shape[-1] - 1) != self.numbers:
            raise ValueError(
                f"candidates have {read} numbers of a scorer, the generator reads {self.numbers}"
            )
        return standardised(together[..., 0]), together[..., 1:]

    def base(self, score: Tensor, agreement: Tensor, said: Tensor) -> Tensor:
        """Logits before the decoder, (B, K) float32.

        Args:
            score, said: of `score_and_numbers`. agreement: (B, K).
        """
        terms = self.score_gain * score + self.agreement_gain * agreement
        if self.numbers:
            terms = terms + said @ self.number_gains.float()
        return GAIN_UNIT * terms

    def decode(self, x: Tensor, base: Tensor, inputs: Tensor) -> Tensor:
        """x_0 (B, K) in x's type.

        Args:
            x: (B, K), for its type alone. base: of `base`.
            inputs: of the decoder, (B, K, `inputs`).
        """
        hidden = F.gelu(self.hidden(self.dropout(inputs)))
        decoded = self.output(self.dropout(hidden))[..., 0]
        # added in float32: the score's small differences must survive a bfloat16 network
        logits: Tensor = base + decoded
        return logits.to(x.dtype) / GENERATION_SCALE


def cosines(one: Tensor, other: Tensor) -> Tensor:
    """Cosines of vectors (…, D) → (…); leading dimensions broadcast."""
    # dividing the product, not the vectors, makes the gradient of the division D times cheaper
    return (one * other).sum(-1) / (lengths_of(one) * lengths_of(other))


def standardised_in_list(numbers: Tensor) -> Tensor:
    """Numbers (B, K, N), each with mean 0 and deviation 1 over the candidates of a list."""
    return standardised(numbers.mT).mT


def standardised(score: Tensor) -> Tensor:
    """Scores (B, K) with mean 0 and deviation 1 in each list; a list of equal scores becomes zeros.

    The divisor is at least a millionth: equal cosines differ by rounding, which must not be amplified.
    """
    score = score.float()
    centred = score - score.mean(-1, keepdim=True)
    return centred / centred.square().mean(-1, keepdim=True).sqrt().clamp(min=_SMALLEST_DEVIATION)
