"""Cells of the prepared photographs, and the bases that make them of maps.

Writes to --work, and goes on where it was stopped:
    region_cells.safetensors   the bases, fitted on a sample of training photographs
    cells/CHUNK.npy            (photographs, 16, 313) float16
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from builtin._photographs import Item, fraction_of, read_items
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from mediaindex_models.efficientnet import FeatureMaps
from mediaindex_models.principal_basis import principal_basis
from mediaindex_models.region_cells import FINE_SIDE, PARTS, RegionCells, raw_cells

BASES = "region_cells.safetensors"
SAMPLE = 1500
AT_ONCE = 50


def cells_of(work: Path, classifier: nn.Linear, class_vectors: Tensor) -> NDArray[np.float16]:
    """(N, 16, 313) of all photographs in the order of items.json; what is missing is made first.

    Args:
        classifier: of the backbone. class_vectors: (1000, D) of a sentence encoder.
    """
    chunks = read_items(work)
    (work / "cells").mkdir(exist_ok=True)
    network = _bases(work, chunks, classifier, class_vectors)
    cells = []
    for chunk in chunks:
        path = work / "cells" / f"{chunk}.npy"
        if not path.exists():
            unfinished = path.with_suffix(".new.npy")
            np.save(unfinished, _cells_of_chunk(work, chunk, network, classifier))
            unfinished.rename(path)
        cells.append(np.load(path))
    return np.concatenate(cells)


@torch.inference_mode()
def fitted(parts: Sequence[dict[str, Tensor]], class_vectors: Tensor) -> RegionCells:
    """The bases for pictures whose `raw_cells` are given, by `principal_basis` of each part."""
    state, offsets = {}, []
    for name, (_, width) in PARTS.items():
        cells = torch.cat([part[name].flatten(0, 1) for part in parts]).double()
        meaning = (class_vectors if name == "classes" else torch.eye(cells.shape[1])).double()
        seen = cells @ meaning
        basis, offset = principal_basis(seen, width)
        state[f"basis_{name}"] = (meaning @ basis).float()
        offsets.append(offset.float())
    network = RegionCells()
    network.load_state_dict(state | {"offset": torch.cat(offsets)})
    return network


def _bases(
    work: Path, chunks: dict[str, list[Item]], classifier: nn.Linear, class_vectors: Tensor
) -> RegionCells:
    path = work / BASES
    if not path.exists():
        training = [item.name for items in chunks.values() for item in items if item.split == "train"]
        chosen = set(sorted(training, key=lambda name: fraction_of(name, "bases"))[:SAMPLE])
        parts = [
            raw_cells(*maps_of_chunk(work, chunk, rows), classifier)
            for chunk, items in chunks.items()
            if (rows := [row for row, item in enumerate(items) if item.name in chosen])
        ]
        save_file(fitted(parts, class_vectors).state_dict(), path)
    network = RegionCells()
    network.load_state_dict(load_file(path))
    return network


@torch.inference_mode()
def _cells_of_chunk(
    work: Path, chunk: str, network: RegionCells, classifier: nn.Linear
) -> NDArray[np.float16]:
    maps, colours = maps_of_chunk(work, chunk)
    parts = [
        network(FeatureMaps(*(part[rows] for part in maps)), colours[rows], classifier)
        for rows in (slice(first, first + AT_ONCE) for first in range(0, len(colours), AT_ONCE))
    ]
    cells: NDArray[np.float16] = torch.cat(parts).half().numpy()
    return cells


def maps_of_chunk(work: Path, chunk: str, rows: Sequence[int] | None = None) -> tuple[FeatureMaps, Tensor]:
    """The stored maps and shares of colours of some photographs of a chunk, (·, C, 7, 7) float16."""
    with np.load(work / "maps" / "whole" / f"{chunk}.npz") as stored:
        low, middle, last, colours = (
            _squares(stored[name] if rows is None else stored[name][rows])
            for name in ("low", "middle", "last", "colours")
        )
    return FeatureMaps(low, middle, last), colours


def _squares(cells: NDArray[np.float16]) -> Tensor:
    """(B, 49, C) → (B, C, 7, 7)."""
    return torch.from_numpy(cells).mT.reshape(len(cells), -1, FINE_SIDE, FINE_SIDE)
