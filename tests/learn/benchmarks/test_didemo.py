"""DiDeMo: all descriptions of a video are one paragraph, seconds 0 to 31 of it are looked at."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mediaindex.errors import UsageError
from mediaindex.learn.benchmarks.didemo import DIDEMO
from tests.support.published_annotations import ANNOTATIONS, needs_annotations


@pytest.mark.corpus
@needs_annotations
def test_the_published_counts() -> None:
    test, val = DIDEMO.read(ANNOTATIONS / "DiDeMo", "test"), DIDEMO.read(ANNOTATIONS / "DiDeMo", "val")
    assert (len(test), sum(len(clip.captions) for clip in test)) == DIDEMO.published == (1004, 1004)
    assert len(val) == 1065


def test_descriptions_are_one_paragraph_in_their_order(folder: Path) -> None:
    (folder / "val_list.txt").write_text("a@N1.mov\nb@N2.\nc@N3.mp4\n")
    rows = [("b@N2.", "first"), ("a@N1.mp4", "alone"), ("b@N2.", "second")]
    (folder / "val_data.json").write_text(json.dumps([{"video": v, "description": d} for v, d in rows]))
    clips = DIDEMO.read(folder, "val")
    assert [(clip.id, clip.captions, clip.end_seconds) for clip in clips] == [
        ("a@N1", ("alone",), 31.0),
        ("b@N2", ("first second",), 31.0),
    ]
    assert clips[0].names == ("a@N1.mov",)


@pytest.mark.parametrize("rows", [[1], [{"video": 1, "description": "a"}], [{"video": "a.mp4"}], []])
def test_another_version(rows: object, folder: Path) -> None:
    (folder / "val_list.txt").write_text("a.mp4\n")
    (folder / "val_data.json").write_text(json.dumps(rows))
    with pytest.raises(UsageError, match=r"val_data\.json is of another version"):
        DIDEMO.read(folder, "val")
