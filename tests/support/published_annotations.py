"""The real annotation files, where they are beside the checkout, in their published shapes."""

from __future__ import annotations

import json
import pickle
import zipfile
from pathlib import Path

import pytest

from tests.support.paths import SHARED

ANNOTATIONS = SHARED / "annotations"
needs_annotations = pytest.mark.skipif(
    not ANNOTATIONS.is_dir(), reason="needs the shared folder of annotations"
)


def linked(folder: Path, source: Path) -> Path:
    """A folder with links to the files of another, to write beside them."""
    folder.mkdir(parents=True)
    for file in source.iterdir():
        (folder / file.name).symlink_to(file)
    return folder


def msrvtt(folder: Path) -> Path:
    """With MSRVTT_data.json, joined of the two archives that hold it."""
    made = linked(folder, ANNOTATIONS / "MSRVTT")
    joined: dict[str, list[object]] = {"videos": [], "sentences": []}
    for archive, name in (
        ("train_val_annotation.zip", "train_val_videodatainfo.json"),
        ("test_videodatainfo.json.zip", "test_videodatainfo.json"),
    ):
        with zipfile.ZipFile(made / archive) as opened:
            written = json.loads(opened.read(name))
        for key, rows in joined.items():
            rows += written[key]
    (made / "MSRVTT_data.json").write_text(json.dumps(joined))
    return made


def msvd(folder: Path) -> Path:
    """With raw-captions.pkl, made of the tables of captions."""
    made = linked(folder, ANNOTATIONS / "MSVD")
    captions = {}
    for split in ("train", "val", "test"):
        for line in (made / f"MSVD_{split}.tsv").read_text(encoding="utf-8").split("\n"):
            if line:
                text, name = line.rsplit("\t", 1)
                captions[name] = [one.split() for one in text.split(", ") if one.strip()]
    (made / "raw-captions.pkl").write_bytes(pickle.dumps(captions))
    return made
