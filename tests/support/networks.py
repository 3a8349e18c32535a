"""Networks that have learned nothing in particular, and lists to ask them about."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from mediaindex_models.candidates import Candidates
from mediaindex_models.denoiser import DIRECTIONS, Direction
from mediaindex_models.generator import Generator
from mediaindex_models.presets import PRESETS, preset
from tests.support.list_features import EVIDENCE, WIDTH, random_lists

every_preset = pytest.mark.parametrize("name", list(PRESETS))
both_directions = pytest.mark.parametrize("direction", DIRECTIONS)


def perturbed_generator(name: str, **changes: object) -> Generator:
    """A generator whose every weight differs from its start, so that nothing is hidden by a zero."""
    spec = replace(preset(name, width=WIDTH, evidence=EVIDENCE), **changes)  # type: ignore[arg-type]
    generator = Generator(spec)
    with torch.no_grad():
        for parameter in generator.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return generator.eval()


def lists_for(name: str, direction: Direction, **sizes: int) -> Candidates:
    return random_lists(direction, evidence=0 if name.startswith("paper") else EVIDENCE, **sizes)


def noise_and_steps(lists: Candidates) -> tuple[Tensor, Tensor]:
    random = torch.Generator().manual_seed(3)
    steps = torch.randint(50, (len(lists),), generator=random)
    return torch.randn(lists.score.shape, generator=random), steps


def reordered(lists: Candidates, order: Tensor) -> Candidates:
    """The same lists with their candidates in another order."""
    texts = lists.text if lists.direction == "t2v" else lists.text[:, order]
    clips = lists.direction == "t2v"
    return replace(
        lists,
        text=texts,
        video=lists.video[:, order] if clips else lists.video,
        mask=lists.mask[:, order] if clips else lists.mask,
        evidence=lists.evidence[:, order] if clips and lists.evidence is not None else lists.evidence,
        score=lists.score[:, order],
    )


def shared_lists(name: str, direction: Direction) -> Candidates:
    """Three lists over a gallery of seven, some of whose rows stand in several lists or in none."""
    lists = lists_for(name, direction, count=7)
    chosen = torch.tensor([[0, 3, 5, 1], [3, 6, 0, 2], [5, 3, 1, 0]])
    clips = direction == "t2v"
    return replace(
        lists,
        text=lists.text if clips else lists.text[0],
        video=lists.video[0] if clips else lists.video,
        mask=lists.mask[0] if clips else lists.mask,
        evidence=lists.evidence[0] if clips and lists.evidence is not None else lists.evidence,
        score=lists.score.gather(1, chosen),
        chosen=chosen,
    )
