"""A query moves towards what was marked as right, away from what is wrong; its bench compares it honestly."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from mediaindex.search.feedback import (
    RIGHT_WEIGHT,
    WRONG_WEIGHT,
    moved_query,
)
from mediaindex.search.similarity import unit
from tests.support.paths import BENCH as PATHS_BENCH

if TYPE_CHECKING:
    from bench._feedback_lists import Questions

BENCH = PATHS_BENCH / "feedback.py"


def directions(count: int, *, seed: int, width: int = 8) -> NDArray[np.float32]:
    return unit(np.random.default_rng(seed).normal(size=(count, width)))


def test_a_query_without_marks_stays() -> None:
    query = directions(1, seed=0)[0]
    np.testing.assert_allclose(moved_query(query), query, atol=1e-6)
    np.testing.assert_allclose(moved_query(query, right=np.empty((0, 8)), wrong=[]), query, atol=1e-6)


def test_the_formula_is_rocchios() -> None:
    query, right, wrong = np.eye(3)
    moved = moved_query(query, right=[right], wrong=[wrong], right_weight=2.0, wrong_weight=0.5)
    np.testing.assert_allclose(moved, np.array([1.0, 2.0, -0.5]) / np.sqrt(5.25), atol=1e-6)
    assert moved.dtype == np.float32


@given(st.integers(0, 2**32), st.integers(1, 4), st.integers(1, 4))
def test_marks_draw_and_push(seed: int, right_count: int, wrong_count: int) -> None:
    query, *marks = directions(1 + right_count + wrong_count, seed=seed)
    right, wrong = np.array(marks[:right_count]), np.array(marks[right_count:])
    drawn, pushed = moved_query(query, right=right), moved_query(query, wrong=wrong)
    assert drawn @ right.mean(0) >= query @ right.mean(0) - 1e-5
    assert pushed @ wrong.mean(0) <= query @ wrong.mean(0) + 1e-5
    both = moved_query(query, right=right, wrong=wrong)
    assert np.linalg.norm(both) == pytest.approx(1.0, abs=1e-5)
    np.testing.assert_allclose(both, moved_query(query, right=right[::-1], wrong=wrong[::-1]), atol=1e-5)
    expected = query + RIGHT_WEIGHT * right.mean(0) - WRONG_WEIGHT * wrong.mean(0)
    np.testing.assert_allclose(both * np.linalg.norm(expected), expected, atol=1e-4)


def test_what_is_wrong_may_be_all_that_was_asked_for() -> None:
    query = directions(1, seed=1)[0]
    moved = moved_query(query, wrong=[query], wrong_weight=1.0)
    np.testing.assert_allclose(moved, query, atol=1e-6)


def test_a_mark_makes_its_kind_come_first() -> None:
    kind, other = np.eye(4)[:2]
    gallery = unit(np.array([kind + 0.2, other + 0.2, kind - 0.1, other - 0.1]))
    moved = moved_query(unit(kind + 1.2 * other), right=gallery[:1], wrong=gallery[1:2])
    assert gallery[2] @ moved > gallery[3] @ moved


@pytest.mark.parametrize(
    ("bad", "named"),
    [
        ({"query": np.eye(3)}, "one vector"),
        ({"right": np.eye(4)}, "right marks"),
        ({"wrong": np.ones(3)}, "wrong marks"),
        ({"query": [np.nan, 0.0, 1.0]}, "finite"),
        ({"right": [[np.inf, 0.0, 0.0]]}, "finite"),
        ({"right_weight": -1.0}, "right"),
        ({"wrong_weight": np.nan}, "wrong"),
        ({"wrong_weight": np.inf}, "wrong"),
    ],
)
def test_what_is_no_query_and_no_mark_is_refused(bad: dict[str, object], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        moved_query(**{"query": np.eye(3)[0], **bad})


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
