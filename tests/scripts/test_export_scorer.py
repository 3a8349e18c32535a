"""From a trained scorer to the files that ship: what is written is what the encoder and the search read."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from builtin._captioned import read_captioned
from builtin.export_scorer import export_scorer, main
from builtin.train_scorer import scorer_file, trained
from safetensors.torch import load_file, save_file

from mediaindex.embed.families.builtin import region_network
from mediaindex.embed.families.builtin_files import FILES, head_of, scorer_digest, scorer_of
from mediaindex.embed.families.builtin_text import text_scorer
from mediaindex_models.late_interaction import LateInteraction, hubness
from mediaindex_models.region_cells import CELL, RegionCells
from tests.support.late_interaction import random_states
from tests.support.prepared_photographs import Group, write_prepared


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A copy of the files of the built-in encoder."""
    return shutil.copytree(FILES, tmp_path / "files")


def test_what_is_exported_is_what_both_sides_read(files: Path) -> None:
    torch.manual_seed(0)
    scorer, cells = LateInteraction(CELL).eval(), RegionCells()
    states, mask = random_states([3, 5, 2])
    with torch.no_grad():
        bank = scorer.words(states, mask)
    digest = export_scorer(scorer, cells, bank, files)
    shipped = scorer_of(files)
    assert shipped is not None
    assert (shipped.digest, scorer_digest(files, shipped.file)) == (digest, digest)
    assert scorer_of(files, "builtin-free") is None, "its frames have no evidence"
    assert head_of(files).digest == head_of(FILES).digest, "the spaces of libraries stay"
    network, pictures = region_network(files, shipped), torch.randn(4, 16, CELL)
    with torch.no_grad():
        regions = scorer.regions(pictures)
        expected = hubness(scorer(bank, regions), beta=0.5)
        found = network.evidence(pictures)
    torch.testing.assert_close(found[:, -1], expected, atol=0.05, rtol=0.01)
    text = text_scorer(files)
    words = text.words(states.tokens[1].numpy(), states.shallow_tokens[1].numpy())
    np.testing.assert_allclose(words.directions, bank.directions[1], atol=0.01)


def test_a_trained_scorer_is_exported_with_the_bank_of_its_training(
    tmp_path: Path, files: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_prepared(tmp_path / "work", [Group("flickr8k", "train", 12), Group("pascal", "train", 8)])
    data = read_captioned(tmp_path / "work")
    scorer = trained(data, left_out=None, seed=0, steps=1, report=lambda _step, _loss: None)
    save_file(scorer.state_dict(), scorer_file(tmp_path / "work", left_out=None, seed=0))
    words = ["export_scorer.py", "--work", str(tmp_path / "work"), "--files", str(files)]
    monkeypatch.setattr(sys, "argv", words)
    main()
    shipped = scorer_of(files)
    assert shipped is not None
    assert shipped.digest in capsys.readouterr().out
    assert len(load_file(files / shipped.file)["hubs.pieces"]) == 20, "one caption of each photograph"
