"""Photographs become vectors beside the encoder: those of `train`, always the same, without a sentence."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from builtin import export_photographs
from builtin._photographs import read_items
from builtin.export_photographs import PHOTOGRAPHS, caption_of, chosen_items, main
from safetensors.numpy import load_file

from mediaindex.embed.families.builtin_files import FILES, head_of, photographs_of, scorer_of
from mediaindex.embed.families.builtin_text import BuiltinTexts
from mediaindex.learn.personal.rehearsal import shipped_photographs
from mediaindex.search.ranking.mixture import Mixture
from mediaindex_models.region_records import unpacked
from tests.support.prepared_photographs import Group, write_prepared

GROUPS = [
    Group("flickr8k", "train", 6),
    Group("aerial", "train", 3),
    Group("pascal", "held", 3),
    Group("pascal", "train", 4),
]


@pytest.fixture
def work(tmp_path: Path) -> Path:
    write_prepared(tmp_path / "work", GROUPS)
    return tmp_path / "work"


def test_only_photographs_that_were_trained_on_are_taken(work: Path) -> None:
    assert set(chosen_items(work, 100)) == {"flickr8k-train", "pascal-train"}
    some = chosen_items(work, 5)
    assert sum(map(len, some.values())) == 5
    assert some == chosen_items(work, 5)
    item = read_items(work)["pascal-train"][0]
    assert caption_of(item) in item.captions


def test_what_is_written_is_what_a_personal_training_reads(
    work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    files = shutil.copytree(FILES, tmp_path / "files")
    monkeypatch.setattr(
        sys, "argv", ["export_photographs.py", "--work", str(work), "--files", str(files), "--count", "8"]
    )
    main()
    content = (files / PHOTOGRAPHS).read_bytes()
    assert f"{PHOTOGRAPHS}: {len(content)} bytes" in capsys.readouterr().out
    known = photographs_of(files)
    assert known is not None
    assert known.digest == hashlib.sha256(content).hexdigest()
    stored = load_file(files / PHOTOGRAPHS)
    assert unpacked(stored["records"]).known.all()
    np.testing.assert_allclose(np.linalg.norm(stored["pictures"].astype(np.float32), axis=1), 1, atol=1e-3)
    assert stored["pieces"].sum() == len(stored["states"]) == len(stored["states#scale"])
    rows, items = chosen_items(work, 8), read_items(work)
    first = next(caption_of(items[chunk][row]) for chunk, own in rows.items() for row in own)
    states = stored["states"].astype(np.float32) * stored["states#scale"].astype(np.float32)[..., None]
    asked = BuiltinTexts(files).asked(first)
    np.testing.assert_allclose(states[: stored["pieces"][0], 1], asked.tokens, atol=0.05)
    scorer = scorer_of(files)
    assert scorer is not None
    mixture = Mixture(scorer.digest, (1.0,) * 5, 0.1)
    lists = shipped_photographs(head_of(files).digest, mixture, corrects_hubs=True, files=files)
    assert [len(one.numbers) for one in lists] == [8] * 8
    assert all(one.right.any() for one in lists)
    assert first not in json.dumps(json.loads((files / "config.json").read_text()))
    assert export_photographs.COUNT == 256
