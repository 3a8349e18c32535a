"""The least that the scripts of the built-in encoder take as their `--builtin`."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np


def without_pairs(folder: Path) -> None:
    """What --builtin needs at least: no photograph with pixels, one pooled row."""
    (folder / "features").mkdir(parents=True)
    with gzip.open(folder / "features" / "flickr8k.jsonl.gz", "wt", encoding="utf-8"):
        pass
    entry = {"captions": ["a labelled thing"], "source": "pacs", "kind": "label", "path_in_source": "1.jpg"}
    entry["phash"] = f"{1:016x}"
    with gzip.open(folder / "features" / "features.jsonl.gz", "wt", encoding="utf-8") as lines:
        lines.write(json.dumps(entry) + "\n")
    np.savez(folder / "features" / "features.npz", q=np.ones((1, 1280), np.int8), scale=np.ones(1280))
