"""Perceptual hashes of pictures: 64 bits that scaling, compression and slight changes of colour hardly alter.

The picture is made grey and 32 × 32 pixels; of its cosine transform the 8 × 8 lowest frequencies are compared
with their median (Zauner 2010, pHash). Two pictures are probably the same where few of the bits differ.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from builtin._photographs import read_items
from numpy.typing import NDArray
from PIL import Image

SIDE, LOW = 32, 8
BITS = LOW * LOW

_PLACES = np.arange(SIDE)
_COSINES = np.cos(math.pi / SIDE * np.outer(np.arange(LOW), _PLACES + 0.5))  # (8, 32)
_AT_ONCE = 512


def fingerprint(picture: NDArray[np.uint8]) -> np.uint64:
    """Of an (H, W, 3) RGB picture; the lowest frequency is the highest bit."""
    grey = Image.fromarray(picture).convert("L").resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    low = _COSINES @ np.asarray(grey, np.float64) @ _COSINES.T
    return np.packbits(low > np.median(low)).view(">u8")[0].astype(np.uint64)  # type: ignore[no-any-return]


def nearest(
    some: NDArray[np.uint64], others: NDArray[np.uint64]
) -> tuple[NDArray[np.int64], NDArray[np.intp]]:
    """How many bits differ between each of (N,) and the nearest of (M,), and which that is."""
    distances, places = [], []
    for first in range(0, len(some), _AT_ONCE):
        differing = np.bitwise_count(some[first : first + _AT_ONCE, None] ^ others[None])
        places.append(differing.argmin(axis=1))
        distances.append(differing.min(axis=1).astype(np.int64))
    return np.concatenate(distances), np.concatenate(places)


def fingerprints_of(work: Path) -> NDArray[np.uint64]:
    """(N,) of all photographs that prepare.py left, in the order of items.json."""
    parts = []
    for chunk in read_items(work):
        with np.load(work / "maps" / "whole" / f"{chunk}.npz") as stored:
            parts.append(stored["fingerprint"])
    return np.concatenate(parts)
