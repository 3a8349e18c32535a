"""The honest twins: what a generator must beat before its list or its diffusion may claim a gain.

Both are called as the denoisers are, see the same inputs and train by the same loop.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mediaindex_models.correction import PairFeatures, ScoreCorrection, standing_of
from mediaindex_models.denoiser import Direction
from mediaindex_models.residual import ResidualDenoiser


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
        chosen: Tensor | None = None,
    ) -> Tensor:
        """x_0 (B, K), the same for every x and t; arguments as of the denoiser."""
        noisiest = torch.full_like(t, self.noisiest)
        nothing = torch.zeros_like(x)
        answer: Tensor = self.denoiser(nothing, noisiest, text, video, mask, score, evidence, chosen)
        return answer


class PointwiseControl(ScoreCorrection):
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
        with torch.device("meta"):
            twin = ResidualDenoiser(width, direction=direction, evidence=evidence, inner=inner, hidden=hidden)
            pair = PairFeatures(width, evidence=evidence, inner=inner)
        seen = 3 * inner + 1
        spare = parameters(twin) - parameters(pair) - 2
        super().__init__(
            width,
            direction=direction,
            evidence=evidence,
            inner=inner,
            seen=seen,
            hidden=max(1, round(spare / (seen + 2))),  # a unit has its weights, its bias and its output
            dropout=dropout,
        )

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
        """x_0 (B, K), whatever x and t; arguments as of ResidualDenoiser."""
        del t
        texts, clips, agreement = self.compared(x, text, video, mask, evidence, chosen)
        product = texts * clips  # (B, K, inner)
        standing = standing_of(score, x)
        numbers = standing[..., None].to(product)
        seen = [product, texts.expand_as(product), clips.expand_as(product), numbers]
        return self.answered(x, standing, agreement, torch.cat(seen, dim=-1))


def parameters(module: nn.Module) -> int:
    """How many numbers a network learns."""
    return sum(parameter.numel() for parameter in module.parameters())
