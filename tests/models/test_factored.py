"""The paper's network multiplied out gives what the plain network gives."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from mediaindex_models.candidates import Candidates
from mediaindex_models.denoiser import DIRECTIONS, Direction
from mediaindex_models.generator import Generator
from mediaindex_models.presets import preset

EXACT = 1e-5
# of x_0 in −1..1 with weights and features rounded to 8 bits of mantissa
BFLOAT16_ERROR = 0.05


def features(
    direction: Direction, queries: int, count: int, *, width: int, seed: int, length: float
) -> Candidates:
    """Random lists whose texts and frames have about this length; some frames are padding."""
    random = torch.Generator().manual_seed(seed)
    sides: list[tuple[int, ...]] = [(queries,), (queries, count)]
    of_text, of_clip = sides if direction == "t2v" else sides[::-1]
    scale = length / width**0.5
    return Candidates(
        direction,
        text=scale * torch.randn(*of_text, width, generator=random),
        video=scale * torch.randn(*of_clip, 12, width, generator=random),
        mask=torch.rand(*of_clip, 12, generator=random) < 0.8,
        score=torch.randn(queries, count, generator=random),
    )


def both(lists: Candidates, *, seed: int, **changes: object) -> tuple[Tensor, Tensor]:
    """x_0 by the plain and by the factored form, from the same noise."""
    torch.manual_seed(seed)
    spec = replace(preset("paper", width=lists.width), **changes)  # type: ignore[arg-type]
    generator = Generator(spec)
    with torch.no_grad():
        for parameter in generator.parameters():
            parameter.add_(0.02 * torch.randn_like(parameter))
    seeds = range(len(lists))
    plain, fast = (generator.ranker(lists.direction, plain=plain) for plain in (True, False))
    assert plain.factored is None
    assert fast.factored is not None
    return plain(lists, seeds=seeds).clean, fast(lists, seeds=seeds).clean


@settings(deadline=None, max_examples=25)
@given(
    direction=st.sampled_from(DIRECTIONS),
    queries=st.integers(1, 5),
    count=st.integers(1, 12),
    seed=st.integers(0, 2**20),
    length=st.sampled_from([1.0, 4.0, 10.0]),
    sampling=st.sampled_from([("ddim", True), ("single", True), ("single", False)]),
    corrected_mask=st.booleans(),
)
def test_both_forms_agree(
    direction: Direction,
    queries: int,
    count: int,
    seed: int,
    length: float,
    sampling: tuple[str, bool],
    corrected_mask: bool,
) -> None:
    lists = features(direction, queries, count, width=32, seed=seed, length=length)
    how, diffusion = sampling
    plain, fast = both(lists, seed=seed, sampling=how, diffusion=diffusion, corrected_mask=corrected_mask)
    assert float((plain - fast).abs().max()) <= EXACT


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_both_forms_agree_at_full_width(direction: Direction) -> None:
    lists = features(direction, 2, 64, width=512, seed=1, length=10.0)
    plain, fast = both(lists, seed=1)
    assert float((plain - fast).abs().max()) <= EXACT


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("name", ["paper", "residual"])
def test_bfloat16_stays_near(name: str, direction: Direction) -> None:
    torch.manual_seed(0)
    generator = Generator(preset(name, width=64))
    lists = features(direction, 8, 32, width=64, seed=2, length=1.0)
    seeds = range(8)
    exact = generator.ranker(direction)(lists, seeds=seeds).clean
    near = generator.ranker(direction, dtype=torch.bfloat16)(lists, seeds=seeds).clean
    assert near.dtype == torch.float32
    assert float((near - exact).abs().max()) <= BFLOAT16_ERROR


@pytest.mark.gpu
@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("name", ["paper", "residual"])
def test_a_gpu_agrees_with_the_processor(name: str, direction: Direction) -> None:
    torch.manual_seed(0)
    generator = Generator(preset(name, width=64))
    lists = features(direction, 8, 32, width=64, seed=2, length=1.0)
    seeds = range(8)
    here = generator.ranker(direction)(lists, seeds=seeds).clean
    there = generator.cuda().ranker(direction)(lists, seeds=seeds).clean.cpu()
    assert float((here - there).abs().max()) <= 2e-3
