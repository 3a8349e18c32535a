"""The honest twins: what a generator must beat before its list or its diffusion may claim a gain.

Both are called as the denoisers are, see the same inputs and train by the same loop.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mediaindex_models.denoiser import Direction, known_direction, with_list_axes
from mediaindex_models.losses import GENERATION_SCALE
from mediaindex_models.residual import (
    GAIN_UNIT,
    PairFeatures,
    ResidualDenoiser,
    evidence_with_list_axis,
    standardised,
)


class WithoutDiffusion(nn.Module):
    """Any denoiser as a plain network: it is told x = 0 at the noisiest step, whatever it is given.

    Its parameters are the denoiser's own, so both twins have equally many.
    """

    def __init__(self, denoiser: nn.Module, *, steps: int) -> None:
        super().__init__()
        self.denoiser = denoiser
        self.noisiest = steps - 1

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
        """x_0 (B, K), the same for every x and t; arguments as of the denoiser."""
        noisiest = torch.full_like(t, self.noisiest)
        answer: Tensor = self.denoiser(torch.zeros_like(x), noisiest, text, video, mask, score, evidence)
        return answer


class PointwiseControl(nn.Module):
    """Each candidate by itself: the residual denoiser without its list, its noise and its steps.

        x_0 = (g_s s + g cos(E_t text, E_v evidence) + decoder[q∘c ; q ; c ; s]) / 100

    The hidden layer is as wide as makes the number of parameters that of the residual denoiser with the
    same arguments, to within one hidden unit.
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
        with torch.device("meta"):
            twin = ResidualDenoiser(
                width, direction=direction, evidence=evidence, inner=inner, hidden=hidden, dropout=dropout
            )
        seen = 3 * inner + 1
        spare = parameters(twin) - parameters(self.pair) - 2
        widened = max(1, round(spare / (seen + 2)))  # a unit has its weights, its bias and its output
        self.hidden = nn.Linear(seen, widened)
        self.output = nn.Linear(widened, 1, bias=False)
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
        """x_0 (B, K), whatever x and t; arguments as of ResidualDenoiser."""
        del t
        self.pair.require(evidence)
        texts, clips, agreement = self.pair(
            *with_list_axes(text, video, mask, self.direction),
            evidence_with_list_axis(evidence, self.direction),
        )
        product = texts * clips  # (B, K, inner)
        standing = standardised(torch.zeros_like(x) if score is None else score)
        seen = [product, texts.expand_as(product), clips.expand_as(product), standing[..., None].to(product)]
        hidden = F.gelu(self.hidden(self.dropout(torch.cat(seen, dim=-1))))
        decoded = self.output(self.dropout(hidden))[..., 0]
        logits: Tensor = GAIN_UNIT * (self.score_gain * standing + self.agreement_gain * agreement) + decoded
        return logits.to(x.dtype) / GENERATION_SCALE


def parameters(module: nn.Module) -> int:
    """How many numbers a network learns."""
    return sum(parameter.numel() for parameter in module.parameters())
