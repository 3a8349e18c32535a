"""Published samplers, from noise to scores, over a network that predicts x_0.

A sampler calls `denoise(x, t) → x_0` with x (B, K) and t the timestep of the schedule; it is independent of
the network's inputs and width.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from mediaindex_models.diffusion import Diffusion

Denoise = Callable[[Tensor, int], Tensor]

CLAMP = 1.0
_SEEDS = 1 << 64


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """A step taken at timestep t: the state after it and the predicted x_0, both (B, K)."""

    t: int
    x: Tensor
    clean: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class _Mixture:
    """Coefficients of x, x_0 and fresh noise in the next state, (S,) float64, one for each step."""

    x: Tensor
    clean: Tensor
    noise: Tensor


def ddim(
    denoise: Denoise,
    start: Tensor,
    diffusion: Diffusion,
    *,
    eta: float = 0.0,
    clamp: bool = True,
    noise: Sequence[Tensor] | None = None,
) -> Iterator[Step]:
    """Denoising diffusion implicit models (Song et al., arXiv 2010.02502, equation 12), noisiest step first.

    x_{t−1} = √ᾱ_{t−1} x_0 + √(1 − ᾱ_{t−1} − σ²) ε + σ z, with the ε that leads from x_0 to x_t and
    σ = eta times the posterior's deviation.

    Args:
        denoise: predicts x_0.
        start: x_T (B, K), standard normal.
        diffusion: its schedule holds the steps to take.
        eta: 0 is deterministic given `start`; 1 has the variance of the ancestral sampler.
        clamp: whether x_0 is clamped to −1..1, as published; candidates beyond 1 are then tied.
        noise: z, one (B, K) per step, needed where eta > 0; the last is not used.
    """
    if not 0.0 <= eta <= 1.0:
        raise ValueError(f"eta lies in 0..1, not {eta}")
    if eta > 0 and noise is None:
        raise ValueError("a stochastic sampler (eta > 0) needs noise for each of its steps")
    previous = diffusion.schedule.alphas_cumprod_previous
    deviation = eta * diffusion.posterior_variance.sqrt()
    direction = (1.0 - previous - deviation**2).clamp(min=0.0).sqrt()
    of_x = direction / diffusion.noise
    mixture = _Mixture(of_x, previous.sqrt() - of_x * diffusion.signal, deviation)
    return _steps(denoise, start, diffusion, mixture, clamp, noise if eta > 0 else None)


def ancestral(
    denoise: Denoise, start: Tensor, diffusion: Diffusion, *, noise: Sequence[Tensor], clamp: bool = True
) -> Iterator[Step]:
    """Ancestral sampling of DDPM (Ho et al., arXiv 2006.11239, algorithm 2) with the posterior's variance.

    `noise` holds one (B, K) per step; the last is not used.
    """
    mixture = _Mixture(
        diffusion.posterior_noisy, diffusion.posterior_clean, diffusion.posterior_variance.sqrt()
    )
    return _steps(denoise, start, diffusion, mixture, clamp, noise)


def single_evaluation(denoise: Denoise, like: Tensor, diffusion: Diffusion) -> Tensor:
    """The x_0 (B, K) predicted at the noisiest step from x = 0, without noise or clamping."""
    return denoise(torch.zeros_like(like), diffusion.schedule.timesteps[-1])


def last(steps: Iterator[Step]) -> Tensor:
    """The state after all steps, (B, K)."""
    x: Tensor | None = None
    for step in steps:
        x = step.x
    if x is None:
        raise ValueError("a sampler takes at least one step")
    return x


def seeded_noise(seeds: Sequence[int], candidates: int, *, like: Tensor) -> Tensor:
    """Standard normal (B, K), each row drawn from the seed of its query, taken modulo 2⁶⁴.

    A row depends neither on the rest of the batch nor on the device: all are drawn on the CPU.
    """
    rows = []
    for seed in seeds:
        generator = torch.Generator().manual_seed(int(seed) % _SEEDS)
        rows.append(torch.randn(candidates, generator=generator))
    return torch.stack(rows).to(like)


def _steps(
    denoise: Denoise,
    start: Tensor,
    diffusion: Diffusion,
    mixture: _Mixture,
    clamp: bool,
    noise: Sequence[Tensor] | None,
) -> Iterator[Step]:
    timesteps = diffusion.schedule.timesteps
    if noise is not None and (
        len(noise) < len(timesteps) - 1 or any(fresh.shape != start.shape for fresh in noise)
    ):
        raise ValueError(f"{len(timesteps)} steps need noise of the shape {tuple(start.shape)} each")
    of_x, of_clean, of_noise = mixture.x.tolist(), mixture.clean.tolist(), mixture.noise.tolist()
    x = start
    for done, i in enumerate(reversed(range(len(timesteps)))):
        clean = denoise(x, timesteps[i])
        if clamp:
            clean = clean.clamp(-CLAMP, CLAMP)
        # the step to x_0 mixes nothing in: the state is the prediction itself
        x = clean if i == 0 else torch.add(of_clean[i] * clean, x, alpha=of_x[i])
        if i > 0 and noise is not None:
            x = x + of_noise[i] * noise[done]
        yield Step(timesteps[i], x, clean)
