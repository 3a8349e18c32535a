"""The scorer's training, from prepared photographs to its file."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from builtin import _regions
from builtin._captioned import Captioned, read_captioned
from builtin._regions import fitted
from builtin.train_scorer import main, neighbourhoods, scorer_file, trained
from safetensors import safe_open

from mediaindex_models.region_cells import PARTS
from tests.support.prepared_photographs import Group, write_prepared

GROUPS = [Group("flickr8k", "train", 24), Group("pascal", "train", 16), Group("pascal", "held", 8)]


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prepared")
    write_prepared(folder, GROUPS)
    return folder


@pytest.fixture(scope="module")
def data(work: Path) -> Captioned:
    return read_captioned(work)


def test_every_photograph_has_its_cells_and_captions(data: Captioned) -> None:
    assert data.cells.shape == (48, 16, 313)
    assert data.pictures.shape == (48, 384)
    assert [len(own) for own in data.captions_of] == [2] * 48
    assert np.isfinite(data.cells).all()
    torch.testing.assert_close(data.said.norm(dim=1), torch.ones(len(data.said)))


def test_states_of_captions_are_padded_and_masked(data: Captioned) -> None:
    captions = data.captions
    shorter = captions.first.copy()
    shorter[1:] -= 2  # the first caption lost two pieces
    cut = type(captions)(captions.mean, captions.shallow, captions.tokens, shorter)
    states, mask = cut.states(np.array([1, 0]))
    assert mask.tolist() == [[True] * 5, [True] * 3 + [False] * 2]
    expected = torch.from_numpy(captions.tokens[:3, 1]).float()
    torch.testing.assert_close(states.tokens[1, :3], expected)


def test_what_was_made_is_read_and_not_made_again(
    work: Path, data: Captioned, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(_regions, "raw_cells")
    assert np.array_equal(read_captioned(work).cells, data.cells)


def test_bases_centre_each_part_and_give_it_a_mean_square_of_one() -> None:
    parts = {name: 3 + torch.randn(40, 16, inside) for name, (inside, _) in PARTS.items()}
    network = fitted([parts], torch.randn(1000, 384))
    cells = torch.cat([parts[name] @ network.get_buffer(f"basis_{name}") for name in PARTS], dim=-1)
    cells = cells - network.offset
    for part in torch.split(cells, [width for _, width in PARTS.values()], dim=-1):
        assert float(part.mean((0, 1)).abs().max()) < 1e-3
        assert float(part.square().mean()) == pytest.approx(1.0, abs=1e-3)


def test_photographs_held_back_and_left_out_are_never_drawn(data: Captioned) -> None:
    batches = neighbourhoods(data, left_out="pascal", seed=0)
    for _ in range(20):
        places, captions = batches.draw()
        assert {data.items[place].source for place in places} == {"flickr8k"}
        assert all(
            caption in data.captions_of[place] for place, caption in zip(places, captions, strict=True)
        )
    everything = neighbourhoods(data, left_out=None, seed=0)
    drawn = {data.items[place].split for _ in range(20) for place in everything.draw()[0]}
    assert drawn == {"train"}


def test_nothing_left_to_train_on_is_said(data: Captioned) -> None:
    only_pascal = [place for place, item in enumerate(data.items) if item.source == "pascal"]
    some = Captioned(
        [data.items[place] for place in only_pascal],
        data.cells[only_pascal],
        [data.captions_of[place] for place in only_pascal],
        data.captions,
        data.pictures[only_pascal],
        data.said,
    )
    with pytest.raises(SystemExit, match="no training photograph is left without pascal"):
        neighbourhoods(some, left_out="pascal", seed=0)


def test_a_scorer_learns_which_captions_belong_to_photographs(data: Captioned) -> None:
    losses: list[float] = []
    scorer = trained(data, left_out=None, seed=0, steps=60, report=lambda _step, loss: losses.append(loss))
    assert len(losses) == 10
    assert losses[-1] < losses[0] - 0.5
    held = [place for place, item in enumerate(data.items) if item.split == "held"]
    states, mask = data.captions.states(np.array([data.captions_of[place][0] for place in held]))
    with torch.inference_mode():
        logits = scorer(scorer.words(states, mask), scorer.regions(data.cells_at(np.array(held))))
    ranks = (logits > logits.diagonal()[:, None]).sum(1)
    assert float(ranks.float().mean()) < 2.0  # of eight; by chance 3.5


def test_the_script_trains_what_is_missing_and_leaves_the_rest(
    work: Path, data: Captioned, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    del data  # it has made the cells
    monkeypatch.setattr(
        sys, "argv", ["train_scorer.py", "--work", str(work), "--steps", "2", "--leave-out", "pascal"]
    )
    main()
    file = scorer_file(work, left_out="pascal", seed=0)
    with safe_open(file, framework="pt") as stored:
        assert stored.metadata() == {"seed": "0", "steps": "2", "left out": "pascal"}
    assert "scorer-without-pascal-0: step 2, loss" in capsys.readouterr().out
    made_at = file.stat().st_mtime_ns
    main()
    assert file.stat().st_mtime_ns == made_at
