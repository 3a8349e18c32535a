"""Noise schedules: how much of a clean value is left at each step.

A schedule of S steps is its betas; step 0 has the least noise. Tables are float64: the last step of the
cosine schedule leaves a millionth of the clean value.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

_LARGEST_BETA = 0.999
_COSINE_OFFSET = 0.008
_LEAST_LINEAR_STEPS = 20


@dataclass(frozen=True, slots=True, eq=False)
class Schedule:
    """A forward process in discrete steps.

    Attributes:
        betas: (S,) float64 in (0, 1), the variance that each step adds.
        timesteps: (S,) ascending, the network's input t at each step: 0..S−1. Where some steps of a longer
            schedule were kept, their numbers in that schedule, which the network was trained with.
    """

    betas: Tensor
    timesteps: tuple[int, ...]

    def __post_init__(self) -> None:
        if self.betas.ndim != 1 or len(self.betas) != len(self.timesteps) or not self.timesteps:
            raise ValueError(f"a schedule has one beta a step: {tuple(self.betas.shape)} betas")
        if not bool(((self.betas > 0) & (self.betas < 1)).all()):
            raise ValueError("every beta of a schedule lies between 0 and 1")
        if any(a >= b for a, b in zip(self.timesteps, self.timesteps[1:], strict=False)):
            raise ValueError("the steps of a schedule ascend")

    def __len__(self) -> int:
        return len(self.timesteps)

    @property
    def alphas_cumprod(self) -> Tensor:
        """(S,) descending: the share of the clean value's variance that is left, ᾱ."""
        return torch.cumprod(1.0 - self.betas, dim=0)

    @property
    def alphas_cumprod_previous(self) -> Tensor:
        """(S,): ᾱ one step nearer the clean value, 1 before the first."""
        return torch.cat([torch.ones(1, dtype=torch.float64), self.alphas_cumprod[:-1]])


def cosine(steps: int) -> Schedule:
    """β_i = min(1 − f((i+1)/S) / f(i/S), 0.999), f(s) = cos²((s + 0.008) / 1.008 · π/2).

    Nichol and Dhariwal, arXiv 2102.09672, equation 17.
    """
    _refuse_fewer(steps, than=1, name="cosine")

    def left(share: float) -> float:
        return math.cos((share + _COSINE_OFFSET) / (1.0 + _COSINE_OFFSET) * math.pi / 2) ** 2

    betas = [min(1.0 - left((i + 1) / steps) / left(i / steps), _LARGEST_BETA) for i in range(steps)]
    return Schedule(torch.tensor(betas, dtype=torch.float64), tuple(range(steps)))


def linear(steps: int) -> Schedule:
    """β from 0.1/S to 20/S in even steps (Ho et al., arXiv 2006.11239, scaled to S steps)."""
    # with 20 steps or fewer the last beta reaches 1: nothing of x_0 is left, and ᾱ is 0
    _refuse_fewer(steps, than=_LEAST_LINEAR_STEPS + 1, name="linear")
    betas = torch.linspace(0.1 / steps, 20.0 / steps, steps, dtype=torch.float64)
    return Schedule(betas, tuple(range(steps)))


SCHEDULES: Mapping[str, Callable[[int], Schedule]] = {"cosine": cosine, "linear": linear}


def respaced(schedule: Schedule, kept: Sequence[int]) -> Schedule:
    """The same process at some of its steps, with the same ᾱ at each of them.

    Args:
        schedule: of S steps.
        kept: ascending positions in it.
    """
    cumulative = schedule.alphas_cumprod[list(kept)]
    before = torch.cat([torch.ones(1, dtype=torch.float64), cumulative[:-1]])
    return Schedule(1.0 - cumulative / before, tuple(schedule.timesteps[i] for i in kept))


def spread_steps(steps: int, count: int) -> tuple[int, ...]:
    """`count` of `steps` positions, evenly spread with both ends: (50, 5) → 0 12 24 37 49.

    A count of 1 gives the noisiest, from which a single evaluation starts.
    """
    _refuse_more(count, steps)
    if count == 1:
        return (steps - 1,)
    stride = (steps - 1) / (count - 1)
    # the sum of strides, halves rounded to even, as in the published code
    positions, at = [], 0.0
    for _ in range(count):
        positions.append(round(at))
        at += stride
    return tuple(positions)


def strided_steps(steps: int, count: int) -> tuple[int, ...]:
    """`count` of `steps` positions at one whole stride from 0: (50, 10) → 0 5 … 45 (DDIM's choice)."""
    _refuse_more(count, steps)
    for stride in range(1, steps + 1):
        if len(range(0, steps, stride)) == count:
            return tuple(range(0, steps, stride))
    raise ValueError(f"no whole stride takes {count} of {steps} steps")


def _refuse_fewer(steps: int, *, than: int, name: str) -> None:
    if steps < than:
        raise ValueError(f"a {name} schedule needs at least {than} steps, not {steps}")


def _refuse_more(count: int, steps: int) -> None:
    if not 1 <= count <= steps:
        raise ValueError(f"between 1 and {steps} steps can be kept, not {count}")
