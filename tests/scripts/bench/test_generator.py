"""scripts/bench/generator.py: what it leaves out, what it chooses by, and that its pieces are made once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mediaindex.learn.features.feature_set import Features
from mediaindex.learn.training.data import TrainingData
from tests.support.benchmarks import REPORT_KEYS, ROW_KEYS, run
from tests.support.paths import BENCH
from tests.support.training_features import clips, write

pytestmark = pytest.mark.timeout(400)

QUICK = (BENCH / "generator.py", "--quick")


@pytest.fixture(autouse=True)
def scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCH.parent))


def rows_in(file: Path) -> dict[str, dict[str, Any]]:
    report = json.loads(file.read_text(encoding="utf-8"))
    assert report.keys() == REPORT_KEYS
    assert all(row.keys() == ROW_KEYS for row in report["rows"])
    rows = {row["what"]: row for row in report["rows"]}
    assert len(rows) == len(report["rows"])
    return rows


def files(folder: Path) -> tuple[list[Path], list[Path], list[Path]]:
    """Feature files of three roles; the header of all says train, one picture is in two roles."""
    made = {
        "train": clips(80, seed=1, sources=("sea", "alps")),
        "validation": clips(96, seed=2, sources=("sea", "alps", "moon"), prefix="v"),
        "test": [*clips(70, seed=3, sources=("sea",), prefix="t"), clips(1, seed=1, sources=("sea",))[0]],
    }
    roles = [[write(folder / f"{role}.parquet", held)] for role, held in made.items()]
    return roles[0], roles[1], roles[2]


def test_a_picture_of_two_roles_is_left_out_of_training(tmp_path: Path) -> None:
    from bench._generator_folds import read_shares, sources_to_leave_out

    data = read_shares(*files(tmp_path))
    assert (len(data.train.paths), data.overlap) == (79, 1)
    assert data.test is not None
    assert len(data.test.paths) == 71
    assert not set(data.train.groups) & set(data.test.groups)
    assert sorted(sources_to_leave_out(data)) == ["alps", "moon", "sea"]


def test_a_left_out_source_is_only_asked(tmp_path: Path) -> None:
    from bench._generator_folds import fold_of, read_shares

    data = read_shares(*files(tmp_path))
    whole, without, moon = (fold_of(data, source) for source in (None, "alps", "moon"))
    assert whole.pairs.clips == 79
    assert all(set(trial.sources) == {"sea", "alps"} for trial in whole.validation), "moon is not trained on"
    assert without.pairs.clips == 39, "those of the sea"
    for trial in without.evaluation:
        assert set(trial.sources) == {"alps"}
        assert len(trial.rows) == 96, "the whole gallery of validation, for the test has too few"
    assert moon.pairs.fingerprint == whole.pairs.fingerprint
    assert (moon.blend, moon.beta) == (whole.blend, whole.beta)


def test_twins_have_as_many_parameters() -> None:
    from bench import _generator_recipes as names

    from mediaindex_models.control import parameters
    from mediaindex_models.generator import Generator

    made = {
        name: parameters(Generator(recipe.spec))
        for name, recipe in names.recipes(384, 256, names.Size(1)).items()
    }
    assert made[names.MINED] == made[names.MINED_TWIN] == made[names.EXACT]
    assert made[names.MINED_POINTWISE] == pytest.approx(made[names.MINED], rel=0.01)
    assert made[names.RESIDUAL] == made[names.RESIDUAL_TWIN]
    assert made[names.RESIDUAL_POINTWISE] == pytest.approx(made[names.RESIDUAL], rel=0.01)


def test_c_is_that_of_the_worst_source(tmp_path: Path) -> None:
    import torch
    from bench._generator_answers import Answers
    from bench._generator_folds import fold_of, read_shares
    from bench._generator_recipes import RESIDUAL, Size, recipes
    from bench._generator_results import tuned, validation_gains

    from mediaindex.learn.evaluation.generator_trial import WEIGHTS, CandidateLists

    data = read_shares(*files(tmp_path))
    fold = fold_of(data, None)

    def said(sign: float) -> Answers:
        """A network that is right of every query, or wrong of every one."""
        made = []
        for trial in fold.validation:
            score = torch.from_numpy(trial.score(0.0))
            right = torch.from_numpy(np.eye(score.shape[1])[trial.right])
            made.append(
                CandidateLists(trial, score, sign * right.float(), trial.right, trial.ranks(score.numpy()))
            )
        return Answers(tuple(made), (), 0.0, 0.0)

    recipe = recipes(data.width, data.evidence_width, Size(1))[RESIDUAL]
    good, bad = [said(1.0)], [said(-1.0)]
    assert min(validation_gains(tuned(recipe, good, []), [good])) > 0
    assert tuned(recipe, good, [bad]).weight == max(WEIGHTS), "the more careful for it"


def test_a_weaker_encoder_keeps_its_first_directions_the_texts_and_the_evidence(tmp_path: Path) -> None:
    from bench._generator_folds import read_shares
    from bench._generator_poorer import weakened

    data = read_shares(*files(tmp_path))
    whole, two = weakened(data, data.width), weakened(data, 2)
    for before, same, after in zip(_shares(data), _shares(whole), _shares(two), strict=True):
        np.testing.assert_allclose(same.frames, before.frames, atol=0.01)
        sizes = np.linalg.svd(after.frames[after.mask].astype(np.float64), compute_uv=False)
        assert sizes[1] > 0.1 * sizes[0]
        assert sizes[2] < 0.01 * sizes[0], "two directions, but for rounding to float16"
        assert after.evidence is before.evidence
        assert after.text is before.text, "a network may read what the ranking lost"


def test_fewer_clips_to_train_on_leave_the_rest_as_it_is(tmp_path: Path) -> None:
    from bench._generator_folds import read_shares
    from bench._generator_poorer import thinned

    data = read_shares(*files(tmp_path))
    half, other = (thinned(data, 0.5, seed=seed) for seed in (0, 1))
    assert len(half.train.paths) == 40
    assert set(half.train.paths) < set(data.train.paths)
    assert set(half.train.paths) != set(other.train.paths)
    assert half.validation is data.validation
    assert half.test is data.test


def _shares(data: TrainingData) -> list[Features]:
    assert data.test is not None
    return [data.train, data.validation, data.test]


@pytest.mark.slow
def test_one_network_alone_on_poorer_data() -> None:
    done = run(*QUICK, "--only", "residual", "--dimensions", 2, "--share", 0.5, "--left-out-seeds", 0)
    assert done.returncode == 0, done.stderr
    assert "40 clips" in done.stdout
    assert "| residual |" in done.stdout
    assert "pointwise" not in done.stdout
    refused = run(*QUICK, "--only", "residual", "--ablate")
    assert (refused.returncode, refused.stdout) == (2, "")


@pytest.mark.slow
def test_every_ranking_stands_beside_the_corrected_one_and_pieces_are_made_once(tmp_path: Path) -> None:
    work, file = tmp_path / "work", tmp_path / "rows.json"
    late = run(*QUICK, "--work", work, "--minutes", 0)
    assert (late.returncode, late.stdout) == (1, "")
    assert "the same command goes on" in late.stderr
    first = run(*QUICK, "--ablate", "--work", work, "--json", file)
    assert first.returncode == 0, first.stderr
    rows = rows_in(file)
    for ranking in ("paper, exact", "paper, mined", "residual", "residual, without diffusion", "pointwise"):
        what = f"all, t2v, {ranking}: R@1"
        gain = [rows[f"{what} less that of corrected{end}"]["value"] for end in _ENDS]
        assert rows[what]["baseline"] == rows["all, t2v, corrected: R@1"]["value"]
        assert gain[0] == pytest.approx(rows[what]["value"] - rows[what]["baseline"])
        assert gain[1] <= gain[0] <= gain[2]
    for source in ("alps", "sea", "moon"):
        assert f"{source}, left out: R@1" in first.stdout
    for title in ("generator alone", "1 steps from zero", "1000 steps from noise", "stages"):
        assert f"| {title} |" in first.stdout
    again = run(*QUICK, "--ablate", "--work", work, "--so-far")
    assert (again.stdout, again.stderr) == (first.stdout, ""), "nothing is trained or asked anew"


@pytest.mark.slow
def test_features_are_needed_for_more_than_a_try() -> None:
    done = run(BENCH / "generator.py")
    assert done.returncode == 2
    assert "--train, --validation and --test are needed" in done.stderr


_ENDS = ("", ", lower 95 % bound", ", upper 95 % bound")
