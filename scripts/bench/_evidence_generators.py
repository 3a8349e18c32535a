"""Orders of the same lists by generators that read the scorer's numbers, and by the published recipe."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import torch
from bench._evidence_lists import Lists, Ranks
from builtin.train_generator import candidates_of

from mediaindex_models.checkpoint import load
from mediaindex_models.denoiser import Direction
from mediaindex_models.generator import Generator

PAPER = "paper"
_AT_ONCE = 256


def generators_in(folder: Path) -> dict[str, list[Generator]]:
    """Those of scripts/builtin/train_generator.py by name, one a seed."""
    found: dict[str, list[Generator]] = {}
    for own in sorted(folder.glob("*-[0-9]*")):
        found.setdefault(re.sub(r"-\d+$", "", own.name), []).append(load(own).generator)
    return found


def ranked_by(
    generators: Mapping[str, list[Generator]], lists: Lists, direction: Direction
) -> dict[str, list[Ranks]]:
    """Ranks by each, one a seed."""
    return {
        name: [lists.ranks(_scores(generator, lists, direction)) for generator in own]
        for name, own in generators.items()
    }


def _scores(generator: Generator, lists: Lists, direction: Direction) -> torch.Tensor:
    ranker, parts = generator.ranker(direction), []
    for start in range(0, len(lists.numbers), _AT_ONCE):
        rows = torch.arange(start, min(start + _AT_ONCE, len(lists.numbers)))
        own = candidates_of(lists, direction, rows, reads_numbers=generator.spec.numbers > 0)
        seeds = rows.tolist() if generator.spec.starts_from_noise else None
        parts.append(ranker(own, seeds=seeds).score)
    return torch.cat(parts)
