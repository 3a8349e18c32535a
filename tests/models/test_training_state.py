"""The state of a run on disk: what is damaged is named and never trained on."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from mediaindex_models.checkpoint import CheckpointError
from mediaindex_models.training_state import read_state, write_state
from tests.support.training_runs import SHORT, small_trainer


@pytest.mark.parametrize("part", ["weight", "average", "first", "second"])
@pytest.mark.parametrize(
    "damaged",
    [
        lambda value: value.flatten()[:1].clone(),
        lambda value: torch.full_like(value, torch.nan),
        lambda value: value.half(),
        lambda value: value.long(),
    ],
)
def test_a_state_that_would_break_the_optimiser_is_refused(
    tmp_path: Path, part: str, damaged: Callable[[Tensor], Tensor]
) -> None:
    state = tmp_path / "state.safetensors"
    list(small_trainer().run(state=state))
    with safe_open(state, framework="pt") as held:
        metadata = held.metadata()
    tensors = load_file(state)
    name = next(key for key, value in tensors.items() if key.startswith(f"{part}/") and value.ndim == 2)
    save_file({**tensors, name: damaged(tensors[name])}, state, metadata=metadata)
    with pytest.raises(CheckpointError, match=r"average/|first/|second/|weight/"):
        next(small_trainer().run(state=state))


@pytest.mark.parametrize("step", [-3, SHORT.steps + 1])
def test_a_step_that_the_run_has_not_is_refused(tmp_path: Path, step: int) -> None:
    state = tmp_path / "state.safetensors"
    list(small_trainer().run(state=state))
    with safe_open(state, framework="pt") as held:
        metadata = held.metadata()
    save_file(load_file(state), state, metadata={**metadata, "step": str(step)})
    with pytest.raises(CheckpointError, match=f"step {step} of {SHORT.steps}"):
        next(small_trainer().run(state=state))


def test_a_damaged_state_is_named(tmp_path: Path) -> None:
    state = tmp_path / "state.safetensors"
    list(small_trainer().run(state=state))
    with safe_open(state, framework="pt") as held:
        metadata = held.metadata()
    tensors = load_file(state)
    for change in ({"kind": "other"}, {"config": "[]"}, {"config": "{"}, {"step": "x"}):
        save_file(tensors, state, metadata={**metadata, **change})
        with pytest.raises(CheckpointError, match=r"state\.safetensors"):
            next(small_trainer().run(state=state))
    tensors.pop(next(name for name in tensors if name.startswith("first/")))
    save_file(tensors, state, metadata=metadata)
    with pytest.raises(CheckpointError, match="first/"):
        next(small_trainer().run(state=state))
    state.write_bytes(b"")
    with pytest.raises(CheckpointError, match=r"state\.safetensors"):
        next(small_trainer().run(state=state))


def test_a_written_state_is_read_back(tmp_path: Path) -> None:
    file, run = tmp_path / "state.safetensors", small_trainer()
    list(itertools.islice(run.run(), 3))
    written = run.state()
    write_state(file, written)
    read = read_state(file, SHORT, written.data, written.start)
    assert (read.step, read.config, read.data, read.start) == (3, SHORT, written.data, written.start)
    for name, weight in written.weights.items():
        assert torch.equal(read.weights[name], weight)
        assert torch.equal(read.average[name], written.average[name])
        assert all(map(torch.equal, read.moments[name], written.moments[name]))


def test_a_state_is_replaced_whole(tmp_path: Path) -> None:
    file, run = tmp_path / "state.safetensors", small_trainer()
    steps = run.run()
    for expected in (1, 2):
        next(steps)
        write_state(file, run.state())
        assert read_state(file, SHORT, run.data, run.start).step == expected
    assert [path.name for path in tmp_path.iterdir()] == [file.name]
