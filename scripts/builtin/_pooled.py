"""What a head reads of the prepared photographs: one row of numbers a view, and the sentences about them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from builtin._photographs import Item, read_items
from numpy.typing import NDArray
from torch import Tensor

from mediaindex_models.builtin_head import CELLS, SEEN, Cells, depths, pooled
from mediaindex_models.efficientnet import FEATURES

VIEWS = ("whole", "crop")

Half = NDArray[np.float16]


@dataclass(frozen=True, slots=True, eq=False)
class Photographs:
    """Photographs with what a head reads of them.

    Attributes:
        views: rows of `seen` that show each photograph, the whole first.
        seen: (V, SEEN) float16: the pooled features, then what `builtin_head.depths` adds.
        has_depths: (N,) whether more than the pooled features is there of a photograph.
    """

    items: list[Item]
    views: list[list[int]]
    seen: Half
    has_depths: NDArray[np.bool_]

    def where(self, wanted: Callable[[Item], bool]) -> Photographs:
        """Those of some items; `seen` is shared."""
        kept = [place for place, item in enumerate(self.items) if wanted(item)]
        items, views = [self.items[place] for place in kept], [self.views[place] for place in kept]
        return Photographs(items, views, self.seen, self.has_depths[kept])


@dataclass(frozen=True, slots=True, eq=False)
class Sentences:
    """States of MiniLM.

    Attributes:
        states: (C, 1152): the unit vector of a text, then its mean states after layers 4 and 6.
        place: row of each caption. classes: (6, 1000) rows of the texts about the ImageNet classes.
    """

    states: Tensor
    place: dict[str, int]
    classes: Tensor


def read_sentences(work: Path) -> Sentences:
    """Those that prepare.py left."""
    with np.load(work / "sentences.npz") as stored:
        captions: list[str] = stored["captions"].tolist()
        shallow, mean = stored["shallow"], stored["mean"]
    unit = mean / np.linalg.norm(mean, axis=1, keepdims=True)
    states = torch.from_numpy(np.concatenate([unit, shallow, mean], axis=1))
    classes = torch.arange(len(captions), len(states)).view(-1, 1000)
    return Sentences(states, {caption: place for place, caption in enumerate(captions)}, classes)


def read_photographs(work: Path, builtin: Path) -> Photographs:
    """Every prepared photograph, and those of which `builtin`/features holds the pooled features alone."""
    rows, names = _prepared_rows(work)
    items = [item for own in read_items(work).values() for item in own]
    row_of: dict[str, list[int]] = {item.name: [] for item in items}
    for row, name in enumerate(names):
        row_of[name].append(row)
    features, others = _pooled_alone(builtin)
    seen = np.zeros((len(rows) + len(features), SEEN), np.float16)
    seen[: len(rows)] = rows
    seen[len(rows) :, :FEATURES] = features
    views = [row_of[item.name] for item in items]
    views += [[len(rows) + number] for number in range(len(others))]
    has_depths = np.arange(len(items) + len(others)) < len(items)
    return Photographs(items + others, views, seen, has_depths)


def _prepared_rows(work: Path) -> tuple[Half, list[str]]:
    """(V, SEEN) of all views, and the photograph that each shows."""
    rows, names = [], []
    for view in VIEWS:
        for chunk, items in read_items(work).items():
            file = work / "maps" / view / f"{chunk}.npz"
            if file.exists():
                rows.append(_seen(file))
                names += [item.name for item in items if view == "whole" or item.trains_heads]
    return np.concatenate(rows), names


def _seen(file: Path) -> Half:
    """The rows of a chunk."""
    with np.load(file) as maps:
        low, middle, colours, last = (
            torch.from_numpy(maps[name].astype(np.float32)).mT.reshape(len(maps[name]), -1, CELLS, CELLS)
            for name in ("low", "middle", "colours", "last")
        )
    seen = torch.cat([pooled(last), depths(Cells(low, middle, colours, last))], dim=1)
    return seen.half().numpy()


def _pooled_alone(builtin: Path) -> tuple[Half, list[Item]]:
    folder = builtin / "features"
    with np.load(folder / "features.npz") as stored:
        pooled = (stored["q"].astype(np.float32) * stored["scale"].astype(np.float32)).astype(np.float16)
    with gzip.open(folder / "features.jsonl.gz", "rt", encoding="utf-8") as lines:
        entries = [json.loads(line) for line in lines]
    items = [
        Item(f"{e['source']}/{e['path_in_source']}", "train", tuple(e["captions"]), e["kind"] == "caption")
        for e in entries
    ]
    return pooled, items
