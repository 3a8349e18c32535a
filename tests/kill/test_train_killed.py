"""`mediaindex train`, killed at random: the finished run is that of an undisturbed one, bit for bit."""

from __future__ import annotations

import importlib
import multiprocessing
import os
import random
from dataclasses import replace
from pathlib import Path
from signal import SIGKILL

import pytest

from mediaindex import cli
from mediaindex.learn.training import train
from mediaindex_models import presets
from tests.support.training_features import feature_files
from tests.support.waiting import WAIT_SECONDS, until

KILLS = 6
STEPS = 120
# A fork has the libraries loaded, so that nearly all of its life is training. No gradient is computed
# before the forks: torch's threads for them do not outlive one.
FORK = multiprocessing.get_context("fork")

pytestmark = [pytest.mark.kill, pytest.mark.timeout(600)]


@pytest.fixture(autouse=True)
def _small_and_often_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small network, kept every ten steps."""
    small = replace(presets.PRESETS["residual"], inner=16, hidden=32)
    monkeypatch.setattr(presets, "PRESETS", {**presets.PRESETS, "residual": small})
    monkeypatch.setattr(train, "SAVE_EVERY", 10)
    monkeypatch.setenv("MEDIAINDEX_THREADS", "1")


def written(state: Path) -> int:
    return state.stat().st_mtime_ns if state.exists() else 0


def finish(words: list[str]) -> None:
    """Run the command to its end."""
    running = FORK.Process(target=run, args=(words,), daemon=True)
    running.start()
    running.join(WAIT_SECONDS)
    running.kill()
    running.join()
    assert running.exitcode == 0


def run(words: list[str]) -> None:
    """The command in a fork, which shares no cleaning up with the runner."""
    os._exit(cli.main(words))


def killed(words: list[str], state: Path, seconds: float) -> bool:
    """Run the command until it has kept something of its own and a while longer; whether it was at work."""
    before, running = written(state), FORK.Process(target=run, args=(words,), daemon=True)
    running.start()
    until(lambda: not running.is_alive() or written(state) != before)
    running.join(seconds)
    running.kill()
    running.join()
    return running.exitcode == -SIGKILL


def test_a_killed_training_goes_on_bit_for_bit(tmp_path: Path) -> None:
    moments = random.Random(7)
    files = [str(path) for path in feature_files(tmp_path, train=16, validation=8)]
    words = ["train", "--features", *files, "--steps", str(STEPS), "--device", "cpu", "--resume"]
    words += ["--library", str(tmp_path / "library"), "--out"]
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    importlib.import_module("torch._dynamo")  # what an optimiser imports, once for all forks
    finish([*words, str(whole)])
    state = tmp_path / "cut.partial" / "state.safetensors"
    kills = 0
    while kills < KILLS and not cut.exists() and killed([*words, str(cut)], state, moments.uniform(0.0, 0.2)):
        kills += 1
    assert kills >= 2
    if not cut.exists():  # a kill after the publication leaves cut.partial, which the next run names
        finish([*words, str(cut)])
        assert not (tmp_path / "cut.partial").exists()
    for name in ("model.safetensors", "config.json", "README.md"):
        assert (cut / name).read_bytes() == (whole / name).read_bytes()
