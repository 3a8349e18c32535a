"""A folder as scripts/builtin/prepare.py leaves it, of a few photographs that were never taken.

Each shows one of some things: what its maps hold and what its captions' states hold follows from the thing,
so that a scorer can learn which captions belong to which photographs.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mediaindex_models.minilm import WIDTH

CHANNELS = {"low": 40, "middle": 112, "last": 1280, "colours": 17}
CELLS, PIECES, CLASS_TEXTS = 49, 5, 6000


@dataclass(frozen=True, slots=True)
class Group:
    """Photographs of one source in one split, with two captions each."""

    source: str
    split: str
    count: int


def write_prepared(work: Path, groups: list[Group], *, seed: int = 0) -> None:
    """items.json, maps/whole, sentences.npz and tokens.npz."""
    numbers = np.random.default_rng(seed)
    shown = {name: numbers.normal(size=(WIDTH, wide)) / 8 for name, wide in CHANNELS.items()}
    items: dict[str, list[dict[str, object]]] = {}
    captions: dict[str, NDArray[np.float64]] = {}
    (work / "maps" / "whole").mkdir(parents=True)
    for group in groups:
        chunk = f"{group.source}-{group.split}"
        things = numbers.normal(size=(group.count, WIDTH))
        items[chunk] = []
        for number, thing in enumerate(things):
            said = [f"{way} {chunk} {number}" for way in ("a", "one more")]
            captions.update((text, thing) for text in said)
            items[chunk].append(
                {
                    "name": f"{group.source}/{group.split}-{number}",
                    "split": group.split,
                    "captions": said,
                    "by_people": True,
                }
            )
        maps = {name: _maps(things @ basis, numbers) for name, basis in shown.items()}
        maps["colours"] = _shares(maps["colours"])
        hashes = np.random.default_rng([seed, len(items)]).integers(0, 2**64, group.count, dtype=np.uint64)
        np.savez(work / "maps" / "whole" / f"{chunk}.npz", allow_pickle=False, fingerprint=hashes, **maps)
    (work / "items.json").write_text(json.dumps(items), encoding="utf-8")
    _write_texts(work, dict(sorted(captions.items())), numbers)


def _maps(meant: NDArray[np.float64], numbers: np.random.Generator) -> NDArray[np.float16]:
    """(N, C) → (N, 49, C), every cell with noise of its own."""
    noise = numbers.normal(size=(len(meant), CELLS, meant.shape[1]))
    return (meant[:, None] + 0.3 * noise).astype(np.float16)


def _shares(colours: NDArray[np.float16]) -> NDArray[np.float16]:
    positive = np.exp(colours.astype(np.float32))
    shares: NDArray[np.float16] = (positive / positive.sum(-1, keepdims=True)).astype(np.float16)
    return shares


def _write_texts(work: Path, captions: dict[str, NDArray[np.float64]], numbers: np.random.Generator) -> None:
    meant = np.stack(list(captions.values()))
    pieces = meant[:, None, None] + 0.5 * numbers.normal(size=(len(meant), PIECES, 2, WIDTH))
    of_classes = numbers.normal(size=(CLASS_TEXTS, 2, WIDTH))
    means = np.concatenate([pieces.mean(1), of_classes]).astype(np.float32)
    np.savez(
        work / "tokens.npz",
        states=pieces.reshape(-1, 2, WIDTH).astype(np.float16),
        first=np.arange(len(meant) + 1) * PIECES,
    )
    np.savez(work / "sentences.npz", captions=np.array(list(captions)), shallow=means[:, 0], mean=means[:, 1])
