"""What is stored of a scorer: half precision but for the exact constants, its bank as int8."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file

from mediaindex.learn.scorer.scorer_file import scorer_state, write_scorer
from mediaindex_models.late_interaction import LateInteraction
from mediaindex_models.region_cells import CELL, RegionCells
from tests.support.late_interaction import random_states


def test_all_but_the_exact_constants_are_stored_in_half_precision(tmp_path: Path) -> None:
    scorer = LateInteraction(CELL)
    with torch.no_grad():
        bank = scorer.words(*random_states([2, 2]))
    state = scorer_state(scorer, RegionCells(), bank)
    exact = {name for name, value in state.items() if value.dtype == torch.float32}
    assert exact == {"log_sharpness", "gains"}
    assert state["hubs.directions"].dtype == torch.int8
    assert state["hubs.pieces"].tolist() == [2, 2]
    write_scorer(state, tmp_path / "scorer.safetensors")
    stored = load_file(tmp_path / "scorer.safetensors")
    assert stored.keys() == state.keys()
    assert [path.name for path in tmp_path.iterdir()] == ["scorer.safetensors"]
