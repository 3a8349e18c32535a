"""Cosines of a query with stored rows, at memory speed.

Where torch is loaded its half-precision product reads each row once. Where it is not, importing it would cost
more than the product: numpy converts the rows in blocks that stay in the processor's cache.
"""

from __future__ import annotations

import sys

import numpy as np
from numpy.typing import NDArray

BLOCK_BYTES = 1 << 20


def cosines(rows: NDArray[np.float16], query: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N, D) unit rows times a unit vector, (N,), to half precision at least."""
    if "torch" in sys.modules and len(rows):
        import torch

        matrix = torch.from_numpy(rows)
        return (matrix @ torch.from_numpy(query).to(matrix.dtype)).float().numpy()
    values = np.empty(len(rows), np.float32)
    at_once = max(1, BLOCK_BYTES // (4 * max(1, rows.shape[1])))
    for start in range(0, len(rows), at_once):
        block = rows[start : start + at_once]
        np.dot(block.astype(np.float32), query, out=values[start : start + at_once])
    return values
