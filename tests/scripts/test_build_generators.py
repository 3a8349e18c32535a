"""The one command that makes the generators of the box, on features small enough for a test."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from build_generators import boxed
from safetensors import safe_open

from mediaindex.errors import UsageError
from mediaindex.learn.training.data import TrainingData, read_training_data
from mediaindex.search.ranking.gate import gate_in
from tests.support.training_features import clips, write


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> TrainingData:
    folder = tmp_path_factory.mktemp("features")
    return read_training_data(
        [
            write(folder / "train.parquet", clips(40)),
            write(folder / "val.parquet", clips(30, "val", seed=1)),
            write(folder / "test.parquet", clips(30, "test", seed=2)),
        ]
    )


def test_a_boxed_generator_is_off_with_its_figures_and_stored_in_halves(
    data: TrainingData, tmp_path: Path
) -> None:
    work, out = tmp_path / "work", tmp_path / "box" / "builtin-residual"
    reason = boxed("residual", data, work, out, steps=2, seed=0)
    config = json.loads((out / "config.json").read_text(encoding="utf-8"))
    gate = gate_in(config["report"], "generator")
    assert gate is not None
    assert (gate.on, gate.reason) == (False, reason)
    assert reason.startswith("trained on 40 photographs, half of validation")
    measured = json.loads((work / "config.json").read_text(encoding="utf-8"))["report"]
    assert reason.endswith(measured["gates"][0]["reason"])
    assert config["report"]["rows"] == measured["rows"]
    with safe_open(out / "model.safetensors", framework="pt") as weights:
        assert {weights.get_slice(name).get_dtype() for name in weights.keys()} == {"F16"}  # noqa: SIM118

    assert (out.stat().st_mode & 0o777, (out / "model.safetensors").stat().st_mode & 0o777) == (0o755, 0o644)

    again = tmp_path / "again"
    boxed("residual", data, work, again, steps=2, seed=0)
    for file in out.iterdir():
        assert file.read_bytes() == (again / file.name).read_bytes()
    with pytest.raises(UsageError, match="exists"):
        boxed("residual", data, work, out, steps=2, seed=0)
