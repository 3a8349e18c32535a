"""Training from feature files: what comes out, that it goes on where it was, and what stops it."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open

from mediaindex.errors import EncoderMismatch, MediaIndexError, NoSpace, UsageError
from mediaindex.learn.training import train as training
from mediaindex.learn.training.data import TrainingData, of_clips, read_training_data
from mediaindex.learn.training.plan import plan_training
from mediaindex.learn.training.train import train
from mediaindex_models.checkpoint import EncoderIdentity, load
from mediaindex_models.training_config import Stage
from tests.support.training_features import clips, small_plan, write


def interrupting(step: int) -> Callable[[Mapping[str, Any]], None]:
    """A progress that sends this process a Ctrl-C when so many steps are done."""

    def tell(told: Mapping[str, Any]) -> None:
        if told["stage"] == "training" and told["done"] == step:
            os.kill(os.getpid(), signal.SIGINT)

    return tell


def steps_kept(state: Path) -> int:
    with safe_open(state, framework="pt") as held:
        return int(held.metadata()["step"])


def test_training_gives_a_generator_that_reads_what_the_similarity_has_not(
    data: TrainingData, tmp_path: Path
) -> None:
    told: list[Mapping[str, Any]] = []
    made = small_plan(data, steps=60, batch=16, candidates=12, gallery=40, learning_rate=1e-2)
    report = train(data, tmp_path / "out", made, progress=told.append)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "README.md", "config.json", "model.safetensors",
    ]  # fmt: skip
    saved = load(tmp_path / "out", encoder=EncoderIdentity(data.encoder, data.digest))
    assert dict(saved.report) == json.loads(json.dumps(report))
    assert saved.generator.spec.weight == report["constants"]["weight"]
    assert set(saved.calibration) == {"t2v", "v2t"}
    rankings = [(row["direction"], row["ranking"]) for row in report["rows"]]
    names = ("base", "blend", "corrected", "generator")
    assert rankings == [(direction, name) for direction in ("t2v", "v2t") for name in names]
    text_to_clip = next(row for row in report["differences"] if row["direction"] == "t2v")
    assert text_to_clip["metrics"]["MRR"]["low"] > 0, report["rows"]
    # there is no other source to be judged by
    assert report["gates"][0]["on"] is False
    assert "no source was left out" in report["gates"][0]["reason"]
    card = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert "# residual for tiny" in card
    assert f"| t2v | generator | {2 * 40} | 40 |" in card
    steps = [step["done"] for step in told if step["stage"] == "training"]
    assert steps == list(range(1, 61))
    assert told[-1]["stage"] == "measuring"
    assert told[-1]["done"] == told[-1]["total"]


def test_a_test_is_measured_on_and_a_source_that_was_not_trained_on_is_named(tmp_path: Path) -> None:
    shares = [
        write(tmp_path / "a", clips(30)),
        write(tmp_path / "b", clips(12, "val", seed=1)),
        write(tmp_path / "c", clips(40, "test", seed=2, sources=("some", "other"))),
    ]
    data = read_training_data(shares)
    report = train(data, tmp_path / "out", small_plan(data))
    assert report["measured_on"] == "test"
    assert report["data"]["test"] == {"clips": 40, "captions": 80, "sources": ["some", "other"]}
    assert {row["gallery"] for row in report["rows"]} == {40}
    of_source = [row for row in report["differences"] if row["direction"] == "t2v" and row["source"]]
    assert [(row["source"], row["left_out"], row["queries"]) for row in of_source] == [
        ("other", True, 40),
        ("some", False, 40),
    ]


@pytest.mark.parametrize("recipe", ["paper", "pointwise"])
def test_other_recipes_are_trained_by_the_same_call(data: TrainingData, tmp_path: Path, recipe: str) -> None:
    made = replace(small_plan(data, recipe, gallery=None), half=True)
    report = train(data, tmp_path / "out", made)
    saved = load(tmp_path / "out")
    if recipe == "paper":  # as published
        assert (saved.generator.spec.weight, report["constants"]["weight"]) == (1.0, 1.0)
    with safe_open(tmp_path / "out" / "model.safetensors", framework="pt") as held:
        assert {held.get_slice(name).get_dtype() for name in held.keys()} == {"F16"}  # noqa: SIM118


def test_a_first_stage_is_trained_and_then_ranks_for_the_second(data: TrainingData, tmp_path: Path) -> None:
    first = train(data, tmp_path / "one", small_plan(data, stage="1"))
    assert [row["ranking"] for row in first["rows"]][:4] == ["base", "blend", "corrected", "matched"]
    assert (first["gates"], first["candidates"]) == ([], 0)
    report = train(data, tmp_path / "two", small_plan(data), first_stage=tmp_path / "one")
    assert [row["ranking"] for row in report["rows"]][3:5] == ["matched", "generator"]
    matched = [
        [row["metrics"] for row in one["rows"] if row["ranking"] == "matched"] for one in (first, report)
    ]
    assert matched[0] == matched[1]
    kept = [load(tmp_path / name).matcher for name in ("one", "two")]
    assert kept[0] is not None
    assert kept[1] is not None
    same = zip(kept[0].state_dict().values(), kept[1].state_dict().values(), strict=True)
    assert all(torch.equal(one, two) for one, two in same)
    train(data, tmp_path / "plain", small_plan(data))
    with pytest.raises(UsageError, match="holds no first stage"):
        train(data, tmp_path / "three", small_plan(data), first_stage=tmp_path / "plain")
    other = replace(data, encoder="another")
    with pytest.raises(EncoderMismatch, match=r"trained for the encoder tiny .*, not for another"):
        train(other, tmp_path / "three", small_plan(data), first_stage=tmp_path / "one")


@pytest.mark.parametrize("stage", ["joint", "generative"])
def test_both_stages_are_trained_together(data: TrainingData, tmp_path: Path, stage: Stage) -> None:
    report = train(data, tmp_path / "out", small_plan(data, stage=stage))
    assert load(tmp_path / "out").matcher is not None
    assert report["loss_at_noisiest_step"]["validation"] > 0


def test_an_interrupted_training_goes_on_bit_for_bit(data: TrainingData, tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    train(data, whole, small_plan(data, steps=20))
    with pytest.raises(KeyboardInterrupt, match=r"cut\.partial keeps the run, and --resume goes on with it"):
        train(data, cut, small_plan(data, steps=20), progress=interrupting(7))
    kept = tmp_path / "cut.partial"
    assert steps_kept(kept / "state.safetensors") == 7
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    with pytest.raises(UsageError, match="keeps a run that did not end; go on with --resume"):
        train(data, cut, small_plan(data, steps=20))
    with pytest.raises(UsageError, match="keeps a run with steps = 20, this one has 30"):
        train(data, cut, small_plan(data, steps=30), resume=True)
    other = replace(data, train=of_clips(data.train, np.arange(80) > 0))
    with pytest.raises(UsageError, match="other pairs"):
        train(other, cut, small_plan(data, steps=20), resume=True)
    told: list[Mapping[str, Any]] = []
    train(data, cut, small_plan(data, steps=20), resume=True, progress=told.append)
    first = next(step for step in told if step["stage"] == "training")
    assert (first["done"], first["total"], first["note"][:13]) == (1, 13, "step 8 of 20,")
    for name in ("model.safetensors", "config.json", "README.md"):
        assert (whole / name).read_bytes() == (cut / name).read_bytes()
    assert not kept.exists()
    with pytest.raises(UsageError, match=r"exists; choose another --out, or remove it first$"):
        train(data, cut, small_plan(data, steps=20), resume=True)


def test_an_interrupt_while_measuring_loses_no_step(data: TrainingData, tmp_path: Path) -> None:
    def tell(told: Mapping[str, Any]) -> None:
        if told["stage"] == "measuring":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match="--resume goes on"):
        train(data, tmp_path / "out", small_plan(data), progress=tell)
    assert steps_kept(tmp_path / "out.partial" / "state.safetensors") == 8
    told: list[Mapping[str, Any]] = []
    train(data, tmp_path / "out", small_plan(data), resume=True, progress=told.append)
    assert "training" not in {step["stage"] for step in told}


def test_curves_are_written_where_tensorboard_is_installed(
    data: TrainingData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    points: list[tuple[str, int]] = []

    class SummaryWriter:
        def __init__(self, folder: str, *, purge_step: int) -> None:
            Path(folder).mkdir()
            (Path(folder) / f"events-{purge_step}").touch()

        def add_scalar(self, name: str, value: float, step: int) -> None:
            assert np.isfinite(value)
            points.append((name, step))

        def close(self) -> None:
            pass

    monkeypatch.setattr("importlib.util.find_spec", lambda name: name)
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", SimpleNamespace(SummaryWriter=SummaryWriter))
    monkeypatch.setattr(training, "SAVE_EVERY", 4)
    train(data, tmp_path / "out", small_plan(data))
    assert [path.name for path in (tmp_path / "out" / "tensorboard").iterdir()] == ["events-1"]
    assert [step for name, step in points if name == "loss"] == list(range(1, 9))
    assert [step for name, step in points if name == "loss_at_noisiest_step"] == [4, 8]


def test_a_loss_that_is_not_finite_names_its_batch_and_keeps_the_last_good_weights(
    data: TrainingData, tmp_path: Path
) -> None:
    made = small_plan(data, learning_rate=1e30, warmup=0.0)
    with pytest.raises(
        MediaIndexError, match=r"the loss of step \d is not finite; .*not-finite\.txt"
    ) as told:
        train(data, tmp_path / "out", made)
    assert "\n" not in str(told.value)
    assert told.value.exit_code == 1
    kept = tmp_path / "out.partial"
    named = (kept / "not-finite.txt").read_text(encoding="utf-8").splitlines()
    assert len(named) == 8
    assert all(name.startswith("train-") and ".jpg: caption" in name for name in named)
    step = steps_kept(kept / "state.safetensors")
    assert f"the loss of step {step + 1} is" in str(told.value)
    with safe_open(kept / "state.safetensors", framework="pt") as held:
        names = [name for name in held.keys() if name.startswith("weight/")]  # noqa: SIM118
        assert all(bool(held.get_tensor(name).isfinite().all()) for name in names)
    assert not (tmp_path / "out").exists()


def test_networks_that_do_not_read_the_features_are_refused(data: TrainingData, tmp_path: Path) -> None:
    made = small_plan(data)
    with pytest.raises(UsageError, match="features are 16 wide, the generator reads 8"):
        train(data, tmp_path / "out", replace(made, spec=replace(made.spec, width=8)))
    with pytest.raises(UsageError, match="frames have 12 numbers of evidence, the generator reads 2"):
        train(data, tmp_path / "out", replace(made, spec=replace(made.spec, evidence=2)))
    with pytest.raises(UsageError, match="at least one step"):
        plan_training("residual", data, steps=0)
    with pytest.raises(UsageError, match="generator is one of"):
        plan_training("best", data)


def test_a_folder_that_cannot_be_written_is_told_in_one_line(data: TrainingData, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NoSpace, match="cannot be written: Not a directory"):
        train(data, tmp_path / "file" / "out", small_plan(data))
    in_the_way = tmp_path / "out.partial" / f".state.safetensors.{os.getpid()}"
    in_the_way.mkdir(parents=True)
    with pytest.raises(NoSpace, match=r"out cannot be written: .*free space or choose another --out"):
        train(data, tmp_path / "out", small_plan(data))
