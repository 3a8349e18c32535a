"""Noise schedules: what is left at each step, and which steps are kept."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mediaindex_models.diffusion import Diffusion
from mediaindex_models.schedule import SCHEDULES, Schedule, cosine, respaced, spread_steps, strided_steps


@settings(deadline=None)
@given(steps=st.integers(1, 300), name=st.sampled_from(sorted(SCHEDULES)))
def test_less_and_less_of_the_clean_value_is_left(steps: int, name: str) -> None:
    if name == "linear" and steps <= 20:
        with pytest.raises(ValueError, match="at least 21 steps"):
            SCHEDULES[name](steps)
        return
    kept = SCHEDULES[name](steps).alphas_cumprod
    assert bool((kept.diff() < 0).all())
    assert bool(((kept > 0) & (kept < 1)).all())
    assert Diffusion(SCHEDULES[name](steps)).posterior_variance[0] == 0


@settings(deadline=None)
@given(steps=st.integers(2, 200), data=st.data())
def test_respacing_keeps_what_is_left_at_each_kept_step(steps: int, data: st.DataObject) -> None:
    kept = spread_steps(steps, data.draw(st.integers(1, steps)))
    whole = cosine(steps)
    thin = respaced(whole, kept)
    assert thin.timesteps == kept
    assert kept[-1] == steps - 1
    torch.testing.assert_close(thin.alphas_cumprod, whole.alphas_cumprod[list(kept)])


def test_steps_at_one_stride() -> None:
    assert strided_steps(50, 10) == (0, 5, 10, 15, 20, 25, 30, 35, 40, 45)
    with pytest.raises(ValueError, match="no whole stride"):
        strided_steps(50, 30)
    with pytest.raises(ValueError, match="between 1 and 50"):
        spread_steps(50, 51)


@pytest.mark.parametrize(
    ("betas", "timesteps"),
    [
        (torch.tensor([0.1, 0.2]), (0,)),
        (torch.tensor([0.1, 1.0]), (0, 1)),
        (torch.tensor([0.1, 0.2]), (1, 0)),
    ],
)
def test_an_impossible_schedule_is_refused(betas: torch.Tensor, timesteps: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="schedule"):
        Schedule(betas.double(), timesteps)


def test_the_cosine_schedule_in_closed_form() -> None:
    """ᾱ_t = f((t + 1) / S) / f(0) wherever no beta was cut (arXiv 2102.09672, equation 17)."""
    kept = cosine(50).alphas_cumprod

    def left(share: float) -> float:
        return math.cos((share + 0.008) / 1.008 * math.pi / 2) ** 2

    for t in (0, 10, 48):
        assert float(kept[t]) == pytest.approx(left((t + 1) / 50) / left(0.0), rel=1e-9)


def test_evenly_spread_steps_keep_both_ends() -> None:
    assert spread_steps(50, 5) == (0, 12, 24, 37, 49)
    assert spread_steps(50, 1) == (49,)
    assert spread_steps(50, 50) == tuple(range(50))
