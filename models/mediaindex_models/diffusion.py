"""The Gaussian process between a clean score vector x_0 and noise.

q(x_t | x_0) = N(√ᾱ_t x_0, (1 − ᾱ_t) I)   (Ho et al., arXiv 2006.11239, equation 4)

x is (B, K), one number per candidate; t is (B,) positions in the schedule, or one position for all rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from mediaindex_models.schedule import Schedule


@dataclass(frozen=True, slots=True, eq=False)
class Posterior:
    """q(x_{t−1} | x_t, x_0), a Gaussian: its mean (B, K), its variance, one for all or (B, 1)."""

    mean: Tensor
    variance: Tensor | float


class Diffusion:
    """The forward process of a schedule, its inverses given x_0 or the noise, and its posterior.

    Tables (S,) are float64; every result has x's type.
    """

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule
        kept, previous = schedule.alphas_cumprod, schedule.alphas_cumprod_previous
        self.signal = kept.sqrt()
        self.noise = (1.0 - kept).sqrt()
        self.posterior_variance = schedule.betas * (1.0 - previous) / (1.0 - kept)
        self.posterior_clean = schedule.betas * previous.sqrt() / (1.0 - kept)
        self.posterior_noisy = (1.0 - previous) * (1.0 - schedule.betas).sqrt() / (1.0 - kept)
        self._signal_to_noise = (1.0 / kept - 1.0).sqrt()

    @property
    def log_posterior_variance(self) -> Tensor:
        """(S,); the variance of the first step is zero, so that of the second stands in its place."""
        variance = self.posterior_variance
        first = variance[1:2] if len(variance) > 1 else self.schedule.betas[:1]
        return torch.cat([first, variance[1:]]).log()

    def noised(self, clean: Tensor, t: Tensor | int, noise: Tensor) -> Tensor:
        """x_t = √ᾱ_t x_0 + √(1 − ᾱ_t) ε, (B, K); ValueError where x_0 is of an integer type."""
        if not clean.is_floating_point():
            raise ValueError(f"x_0 is of a floating type, not {clean.dtype}")
        return self._at(self.signal, t, clean) * clean + self._at(self.noise, t, clean) * noise

    def noise_of(self, x: Tensor, t: Tensor | int, clean: Tensor) -> Tensor:
        """The ε that leads from x_0 to x_t: (x_t / √ᾱ_t − x_0) / √(1/ᾱ_t − 1)."""
        return (x / self._at(self.signal, t, x) - clean) / self._at(self._signal_to_noise, t, x)

    def clean_of(self, x: Tensor, t: Tensor | int, noise: Tensor) -> Tensor:
        """The x_0 from which ε leads to x_t."""
        return x / self._at(self.signal, t, x) - self._at(self._signal_to_noise, t, x) * noise

    def posterior(self, x: Tensor, t: Tensor | int, clean: Tensor) -> Posterior:
        """q(x_{t−1} | x_t, x_0) (equations 6 and 7); its variance is 0 at the first step."""
        mean = self._at(self.posterior_clean, t, x) * clean + self._at(self.posterior_noisy, t, x) * x
        return Posterior(mean, self._at(self.posterior_variance, t, x))

    @staticmethod
    def _at(table: Tensor, t: Tensor | int, x: Tensor) -> Tensor | float:
        if isinstance(t, int):
            return float(table[t])
        return table.to(x.device)[t].to(x.dtype)[:, None]  # (B, 1)


def one_hot_target(positive: Tensor, candidates: int, *, negative: float = 0.0) -> Tensor:
    """x_0 (B, K): 1 at the positive (B,), `negative` elsewhere (0, or −1 for the sharper contrast)."""
    target = torch.full((len(positive), candidates), negative, dtype=torch.float32, device=positive.device)
    return target.scatter(1, positive[:, None], 1.0)
