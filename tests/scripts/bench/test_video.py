"""The benchmark of films: ways to join frames, what is measured, and that it runs to its tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from bench._film_tables import BEST_THREE, JOINED, Asked
from builtin._captioned import read_captioned
from builtin._film_frames import read_actions
from builtin.train_on_films import Term, film_scorer_file

from mediaindex.embed.families.builtin import image_tower
from mediaindex.embed.families.builtin_files import FILES
from tests.support.benchmarks import run
from tests.support.late_interaction import write_untrained_scorers
from tests.support.paths import BENCH
from tests.support.prepared_films import write_prepared_films
from tests.support.prepared_photographs import Group, write_prepared

GROUPS = [
    Group("flickr8k", "train", 12),
    Group("flickr8k", "val", 8),
    Group("flickr8k", "val2", 12),
    Group("pascal", "train", 12),
    Group("pascal", "held", 10),
]


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prepared")
    write_prepared(folder, GROUPS)
    write_prepared_films(folder / "films", 20)
    read_captioned(folder)
    write_untrained_scorers(
        film_scorer_file(folder / "films", term, left_out=left_out, seed=0)
        for term in (Term("none", 0.0), Term("steady", 0.3))
        for left_out in (None, "pascal")
    )
    return folder


def test_frames_are_joined_as_their_names_say() -> None:
    logits = torch.tensor([[0.0, 1.0, 2.0, 3.0, 8.0, 0.0, 0.0, 0.0]])
    assert float(JOINED[BEST_THREE](logits)) == pytest.approx(13 / 3)
    assert float(JOINED["best frame"](logits)) == 8
    assert float(JOINED["mean of all"](logits)) == pytest.approx(14 / 8)
    soft = [float(JOINED[f"softmax, temperature {n}"](logits)) for n in (1, 2, 4)]
    assert 14 / 8 < soft[2] < soft[1] < soft[0] < 8


def test_films_are_asked_for_by_what_they_show(work: Path) -> None:
    asked = Asked.of_kinds(*read_actions(work / "films", work, image_tower(FILES)))
    assert asked.said.shape == (2, 384)
    assert asked.frames.shape == (20, 8, 384)
    right = np.array([np.arange(20) % 2 == 0, np.arange(20) % 2 == 1], dtype=np.float32)
    measures = asked.measures
    assert measures["AP"](right).tolist() == [100, 100]
    assert measures["own kind"](right).mean() == 100
    assert measures["own kind"](-right).mean() == 0
    assert len(set(asked.groups[1].tolist())) == 10


def test_the_tables_come_out(work: Path) -> None:
    arguments = ("--work", work, "--films", work / "films", "--quick")
    done = run(BENCH / "video.py", *arguments, "--terms", "steady:0.3", "--leave-out", "pascal")
    assert done.returncode == 0, done.stderr
    assert "| steady 0.3 | 12 | " in done.stdout
    assert "| steady 0.3 | pascal | 20 | 24 | " in done.stdout
    assert "| corrected similarity |  | " in done.stdout
    assert done.stdout.count("| none, softmax, temperature") == 6
    assert done.stdout.count("| steady 0.3, mean of the best three | ") == 2


def test_a_missing_scorer_is_named(work: Path) -> None:
    done = run(BENCH / "video.py", "--work", work, "--films", work / "films", "--terms", "paired:1")
    assert done.returncode == 1
    assert "scorer-paired-1-0.safetensors is missing: run scripts/builtin/train_on_films.py" in done.stderr
