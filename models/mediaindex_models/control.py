"""Controls of the experiments: networks that lack the diffusion, or the view of the list.

A generator must beat them before a gain may be ascribed to its diffusion or its list. They are called as the
denoisers are, get the same inputs and train by the same loop.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mediaindex_models.correction import PairFeatures, ScoreCorrection
from mediaindex_models.denoiser import Direction
from mediaindex_models.residual import ResidualDenoiser


class WithoutDiffusion(nn.Module):
    """Any denoiser as a plain network: it always gets x = 0 and the noisiest step.

    Its parameters are the denoiser's own, so that both have equally many.
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
        """x_0 (B, K), the same for every x and t; arguments as in the denoiser."""
        noisiest = torch.full_like(t, self.noisiest)
        zeros = torch.zeros_like(x)
        clean: Tensor = self.denoiser(zeros, noisiest, text, video, mask, score, evidence, chosen)
        return clean


class PointwiseControl(ScoreCorrection):
    """Scores each candidate by itself: the residual denoiser without the list, the noise and the step.

        x_0 = (g_s s + ⟨g, n⟩ + g cos(E_t text, E_v evidence) + decoder[q∘c ; q ; c ; s ; n]) / 100

    The width of the hidden layer is chosen so that the number of parameters is that of the residual denoiser
    with the same arguments, to within one hidden unit.
    """

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
        with torch.device("meta"):
            twin = ResidualDenoiser(
                width, direction=direction, evidence=evidence, numbers=numbers, inner=inner, hidden=hidden
            )
            pair = PairFeatures(width, evidence=evidence, inner=inner)
        inputs = 3 * inner + 1 + numbers
        spare = parameters(twin) - parameters(pair) - 2 - numbers
        super().__init__(
            width,
            direction=direction,
            evidence=evidence,
            numbers=numbers,
            inner=inner,
            inputs=inputs,
            hidden=max(1, round(spare / (inputs + 2))),  # a unit has its weights, its bias and its output
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
        """x_0 (B, K), the same for every x and t; arguments as in ResidualDenoiser."""
        del t
        texts, clips, agreement = self.compare(x, text, video, mask, evidence, chosen)
        product = texts * clips  # (B, K, inner)
        standardised_score, said = self.score_and_numbers(score, x)
        base = self.base(standardised_score, agreement, said)
        own = torch.cat([standardised_score[..., None], said], dim=-1).to(product)
        inputs = [product, texts.expand_as(product), clips.expand_as(product), own]
        return self.decode(x, base, torch.cat(inputs, dim=-1))


def parameters(module: nn.Module) -> int:
    """The number of learned parameters."""
    return sum(parameter.numel() for parameter in module.parameters())
