"""What the scorer reads of a frame as 2 340 bytes.

    directions  int8 (17, 128)     of 16 cells and their mean, each scaled to its largest number
    weights     float16 (17)       summing to one
    pooled      int8 (128)         scaled likewise
    hub         float16            how near the frame is to every sentence

A direction is made unit again when it is read, so its scale is not kept. A record of zeros says nothing: so
is what was no number stored.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

WIDTH = 128
REGIONS = 17
RECORD = np.dtype(
    [
        ("directions", "i1", (REGIONS, WIDTH)),
        ("weights", "<f2", (REGIONS,)),
        ("pooled", "i1", (WIDTH,)),
        ("hub", "<f2"),
    ]
)
RECORD_BYTES = RECORD.itemsize
FLAT = (REGIONS + 1) * WIDTH + REGIONS + 1
"""Numbers of a frame as `region_evidence` gives them: directions, pooled, weights and hub, in this order."""

_LARGEST = 127.0
_SHORTEST = 1e-12

Array = NDArray[np.float32]


class FrameRegions(NamedTuple):
    """N frames as they were stored.

    Attributes:
        directions: (N, 17, 128), unit. weights: (N, 17). pooled: (N, 128), unit. hubs: (N,).
        known: (N,) bool, False where the record says nothing; the other parts are zeros there.
    """

    directions: Array
    weights: Array
    pooled: Array
    hubs: Array
    known: NDArray[np.bool_]


def packed(flat: Array) -> NDArray[np.uint8]:
    """(N, `FLAT`) numbers of N frames → their records, (N, 2340)."""
    flat = np.array(flat, np.float32)
    # float16 ends at 65504: what lies beyond is damage too
    flat[~(np.abs(flat) < np.finfo(np.float16).max).all(axis=1)] = 0
    vectors = flat[:, : (REGIONS + 1) * WIDTH].reshape(-1, REGIONS + 1, WIDTH)
    largest = np.abs(vectors).max(axis=2, keepdims=True)
    rounded = np.rint(vectors * (_LARGEST / np.maximum(largest, _SHORTEST))).astype(np.int8)
    records = np.zeros(len(flat), RECORD)
    records["directions"], records["pooled"] = rounded[:, :REGIONS], rounded[:, REGIONS]
    records["weights"], records["hub"] = flat[:, -REGIONS - 1 : -1], flat[:, -1]
    return records.view(np.uint8).reshape(len(flat), RECORD_BYTES)


def unpacked(records: NDArray[np.uint8]) -> FrameRegions:
    """(N, 2340) bytes → N frames; bytes that are no such record, as damage leaves them, say nothing."""
    frames = np.ascontiguousarray(records).view(RECORD)[:, 0]
    weights, hubs = frames["weights"].astype(np.float32), frames["hub"].astype(np.float32)
    known = np.isfinite(weights).all(axis=1) & np.isfinite(hubs) & frames["pooled"].any(axis=1)
    weights[~known], hubs[~known] = 0, 0
    directions, pooled = _unit(frames["directions"]), _unit(frames["pooled"])
    directions[~known], pooled[~known] = 0, 0
    return FrameRegions(directions, weights, pooled, hubs, known)


def _unit(stored: NDArray[np.int8]) -> Array:
    vectors = stored.astype(np.float32)
    squares = np.einsum("...d,...d->...", vectors, vectors)[..., None]
    vectors /= np.sqrt(np.maximum(squares, np.float32(_SHORTEST)))
    return vectors
