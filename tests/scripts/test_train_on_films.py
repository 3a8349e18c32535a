"""The scorer's training with films: its terms, and that it runs to its files."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from builtin._captioned import Captioned, read_captioned
from builtin._film_frames import Films, read_films
from builtin.train_on_films import (
    Shaken,
    Term,
    confusion,
    film_scorer_file,
    main,
    trained_with,
    unsteadiness,
)
from safetensors.torch import load_file

from mediaindex.embed.families.builtin import image_tower
from mediaindex.embed.families.builtin_files import FILES
from mediaindex.learn.scorer.training import new_scorer
from mediaindex_models.late_interaction import LateInteraction
from mediaindex_models.minilm import WIDTH
from tests.support.prepared_films import write_prepared_films
from tests.support.prepared_photographs import Group, write_prepared

GROUPS = [Group("flickr8k", "train", 24), Group("pascal", "train", 12)]


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prepared")
    write_prepared(folder, GROUPS)
    write_prepared_films(folder / "films", 20)
    return folder


@pytest.fixture(scope="module")
def data(work: Path) -> Captioned:
    return read_captioned(work)


@pytest.fixture(scope="module")
def films(work: Path, data: Captioned) -> Films:
    del data  # it has made the bases
    return read_films(work / "films", work, image_tower(FILES).backbone.classifier)


def test_actions_are_not_among_the_films_to_learn_from(films: Films) -> None:
    assert films.cells.shape == (20, 8, 16, 313)
    assert set(films.names[:, 2].tolist()) == {""}
    assert films.names[3, 0] == "pets/3.mp4"
    trained_on, held = films.halves()
    assert sorted([*trained_on.names[:, 0], *held.names[:, 0]]) == sorted(films.names[:, 0])
    assert len(held.names) < len(trained_on.names)


def test_neighbours_are_of_one_segment_and_pairs_of_two(films: Films) -> None:
    neighbours = films.neighbours()
    assert len(neighbours) == 20 * 6
    assert set((neighbours[:, 1] - neighbours[:, 0]).tolist()) == {1}
    assert {3, 4} not in [set(pair) for pair in neighbours.tolist()]
    pairs = films.drawn_pairs(16, np.random.default_rng(0))
    assert (pairs[:, 0] // 8).tolist() == (pairs[:, 1] // 8).tolist()
    assert len(set((pairs[:, 0] // 8).tolist())) == 16
    segments = films.segments.ravel()
    assert (segments[pairs[:, 0]] != segments[pairs[:, 1]]).all()
    one_shot = Films(films.names, films.cells, np.zeros_like(films.segments))
    halves = one_shot.drawn_pairs(16, np.random.default_rng(0)) % 8 // 4
    assert (halves[:, 0] != halves[:, 1]).all()


def test_a_film_that_stands_still_is_steady(films: Films) -> None:
    torch.manual_seed(0)
    scorer = LateInteraction(313).eval().requires_grad_(False)
    still = np.repeat(np.arange(0, 160, 8)[:, None], 2, axis=1)
    assert float(unsteadiness(scorer, films, still)) == pytest.approx(0, abs=0.01)
    assert float(unsteadiness(scorer, films, films.neighbours())) > 0.02
    strangers = np.stack([np.arange(0, 152, 8), np.arange(8, 160, 8)], axis=1)
    assert float(confusion(scorer, films, still)) < float(confusion(scorer, films, strangers))


def test_photographs_move_by_what_films_move(data: Captioned, films: Films) -> None:
    places = np.array([0, 5, 7])
    own = data.cells_at(places)
    moved = Shaken(data, films, 0.5, np.random.default_rng(1)).cells_at(places)
    assert moved.shape == own.shape
    rows = np.random.default_rng(1).choice(films.neighbours(), 3)
    before, after = films.cells_at(rows).unbind(1)
    torch.testing.assert_close(moved - own, (after - before) / 2)
    assert torch.equal(Shaken(data, films, 0.0, np.random.default_rng(1)).cells_at(places), own)


@pytest.mark.parametrize(("name", "measure"), [("steady", unsteadiness), ("paired", confusion)])
def test_a_term_does_to_films_what_it_says(data: Captioned, films: Films, name: str, measure) -> None:  # type: ignore[no-untyped-def]
    def trained(term: Term) -> float:
        scorer = new_scorer(313, state=WIDTH, seed=0)
        trained_with(
            term, scorer, data, films, left_out=None, seed=0, steps=40, report=lambda _step, _loss: None
        )
        rows = films.neighbours() if name == "steady" else films.drawn_pairs(20, np.random.default_rng(0))
        with torch.inference_mode():
            return float(measure(scorer, films, rows))

    assert trained(Term(name, 2.0)) < 0.9 * trained(Term("none", 0.0))


def test_a_term_is_a_name_and_a_weight() -> None:
    assert Term.of("steady:0.3") == Term("steady", 0.3)
    assert str(Term.of("none")) == "none"
    for wrong in ("calm:1", "steady:much"):
        with pytest.raises(argparse.ArgumentTypeError):
            Term.of(wrong)


def test_the_script_trains_what_is_missing_and_leaves_the_rest(
    work: Path, data: Captioned, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    del data  # it has made the cells
    films = work / "films"
    arguments = ["--work", str(work), "--films", str(films), "--steps", "2", "--leave-out", "pascal"]
    monkeypatch.setattr(sys, "argv", ["train_on_films.py", *arguments, "--terms", "shaken:0.5"])
    main()
    file = film_scorer_file(films, Term("shaken", 0.5), left_out="pascal", seed=0)
    assert file.name == "scorer-shaken-0.5-without-pascal-0.safetensors"
    assert "scorer-shaken-0.5-without-pascal-0: step 2, loss" in capsys.readouterr().out
    made_at = file.stat().st_mtime_ns
    main()
    assert file.stat().st_mtime_ns == made_at
    start = ["--terms", "none", "--start", str(file)]
    monkeypatch.setattr(sys, "argv", ["train_on_films.py", *arguments, "--steps", "1", *start])
    main()
    went_on = load_file(film_scorer_file(films, Term("none", 0.0), left_out="pascal", seed=0))
    # a step of Adam is no longer than its rate
    assert all(float((part - went_on[name]).abs().max()) < 2e-3 for name, part in load_file(file).items())


def test_no_films_are_said(work: Path, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"run scripts/builtin/prepare_films\.py first"):
        read_films(tmp_path, work, image_tower(FILES).backbone.classifier)
