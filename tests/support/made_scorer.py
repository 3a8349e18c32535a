"""A scorer of regions for the built-in encoder: real modules with weights that no training chose."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import torch

from mediaindex.embed.families import builtin_files
from mediaindex.embed.families.builtin_files import ScorerFile
from mediaindex.learn.scorer.scorer_file import scorer_state, write_scorer
from mediaindex_models.late_interaction import LateInteraction
from mediaindex_models.region_cells import CELL, PARTS, RegionCells
from mediaindex_models.region_records import WIDTH
from tests.support.commands import loaded_once
from tests.support.late_interaction import random_states

SENTENCES = 12


def made_scorer(folder: Path, *, seed: int = 0) -> ScorerFile:
    """Write one; its digest is that of its bytes."""
    torch.manual_seed(seed)
    scorer, cells = LateInteraction(CELL).eval(), RegionCells()
    for name, (inside, width) in PARTS.items():
        cells.get_buffer(f"basis_{name}").copy_(torch.randn(inside, width) / inside**0.5)
    states, mask = random_states([3 + number % 5 for number in range(SENTENCES)])
    with torch.no_grad():
        bank = scorer.words(states, mask)
    file = folder / f"scorer-{seed}.safetensors"
    write_scorer(scorer_state(scorer, cells, bank), file)
    return ScorerFile(str(file), hashlib.sha256(file.read_bytes()).hexdigest()[:32])


def use_scorer(monkeypatch: pytest.MonkeyPatch, scorer: ScorerFile | None) -> None:
    """Let this be the scorer that ships; None for a release without one."""
    monkeypatch.setattr(builtin_files, "scorers_of", lambda _files: [scorer] if scorer else [])
    loaded_once.cache_clear()


def made_patch_scorer(folder: Path, *, image: int, text: int, seed: int = 0) -> Path:
    """Write one for an encoder whose blocks are so wide, beside its weights."""
    torch.manual_seed(seed)
    cell = 15
    scorer = LateInteraction(cell, state=text).eval()
    pieces = torch.tensor([3, 2])
    state = {name: value.detach().clone() for name, value in scorer.state_dict().items()}
    state |= {f"cells.basis_{depth}": torch.randn(image, 5) / image**0.5 for depth in range(3)}
    state |= {
        "cells.offset": torch.zeros(cell),
        "hubs.directions": torch.randn(5, WIDTH),
        "hubs.weights": torch.tensor([0.5, 0.25, 0.25, 0.5, 0.5]),
        "hubs.pooled": torch.randn(2, WIDTH),
        "hubs.pieces": pieces.int(),
    }
    write_scorer(state, folder / "scorer.safetensors")
    return folder / "scorer.safetensors"
