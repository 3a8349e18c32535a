"""scripts/bench/feedback.py: its simulated user, its figures, and that it goes on from its pieces."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.support.paths import BENCH as PATHS_BENCH

if TYPE_CHECKING:
    from bench._feedback_lists import Questions

BENCH = PATHS_BENCH / "feedback.py"


@pytest.fixture
def questions(monkeypatch: pytest.MonkeyPatch) -> Questions:
    """Users over the bench's made-up world."""
    monkeypatch.syspath_prepend(str(BENCH.parents[1]))
    from bench._feedback_lists import lists_of, questions_of
    from bench._feedback_pictures import synthetic

    pictures = synthetic(0)
    lists = lists_of(pictures, "test", [pictures.parts["test"]], k=16, seed=1)
    return questions_of(lists, seed=2)


def test_a_user_has_one_intention_with_members_among_the_candidates(questions: Questions) -> None:
    count = questions.right.sum(1)
    assert len(count) > 20
    assert ((count >= 3) & (count <= 8)).all()
    assert questions.right[np.arange(len(count)), questions.example].all()
    assert (questions.lists.clusters[questions.right].reshape(-1) >= 0).all()
    assert (np.diff(questions.lists.scores, axis=1) <= 0).all()


def test_marks_of_training_tell_the_truth_and_leave_something_to_find(questions: Questions) -> None:
    from bench._feedback_trial import random_marks

    marks = random_marks(questions, np.random.default_rng(0))
    assert questions.right[marks == 1].all()
    assert not questions.right[marks == -1].any()
    assert set(np.abs(marks).sum(1).tolist()) == {0, 1, 2}


def test_figures_are_of_what_is_not_marked(questions: Questions) -> None:
    """One that knows the answer shows three right ones; one that only repeats marks gains nothing by them."""
    from bench._feedback_trial import SHOWN, outcome

    knowing = outcome(lambda lists, marks: questions.right.astype(np.float32), questions)
    assert {float(values.min()) for values in knowing.figures.values()} == {100.0}
    repeating = outcome(lambda lists, marks: lists.scores + 100 * (marks > 0), questions)
    ignoring = outcome(lambda lists, marks: lists.scores, questions)
    for name, values in ignoring.figures.items():
        np.testing.assert_array_equal(repeating.figures[name], values)
    first_three = questions.right[:, :3].any(1)
    np.testing.assert_array_equal(ignoring.figures[SHOWN] == 100.0, first_three)


def bench(work: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(BENCH), "--quick", "--work", str(work), *arguments]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})


@pytest.mark.slow
def test_the_bench_goes_on_from_its_pieces_to_the_same_figures(tmp_path: Path) -> None:
    whole = bench(tmp_path / "whole", "--json", str(tmp_path / "whole.json"))
    assert whole.returncode == 0, whole.stderr
    first = bench(tmp_path / "parts", "--pieces", "4")
    assert first.returncode == 75, first.stderr
    kept = {file.name: file.stat().st_mtime_ns for file in (tmp_path / "parts").iterdir()}
    assert len(kept) == 4
    second = bench(tmp_path / "parts", "--json", str(tmp_path / "parts.json"))
    assert second.returncode == 0, second.stderr
    assert all((tmp_path / "parts" / name).stat().st_mtime_ns == made for name, made in kept.items())
    reports = [json.loads((tmp_path / f"{name}.json").read_text()) for name in ("whole", "parts")]
    assert reports[0]["rows"] == reports[1]["rows"]
    rows = {row["what"]: row for row in reports[0]["rows"]}
    assert rows["test queries"]["value"] == 40
    # the order of search knows nothing of marks; where there is none, Rocchio is that order
    assert rows["similarity: AP, no mark"]["value"] == rows["Rocchio: AP, no mark"]["value"]
    assert (
        rows["Rocchio: AP, a given right one"]["value"] > rows["similarity: AP, a given right one"]["value"]
    )
    for what, row in rows.items():
        if row["unit"].startswith("%"):
            assert 0 <= row["value"] <= 100, what


def test_the_bench_names_the_folder_that_it_misses(tmp_path: Path) -> None:
    command = [sys.executable, str(BENCH), "--features", str(tmp_path), "--work", str(tmp_path / "work")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert "--features" in done.stderr
    assert len(done.stderr.splitlines()) == 1
