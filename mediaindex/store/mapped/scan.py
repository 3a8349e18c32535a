"""Cosines of a query with stored rows, at memory speed, and their prefix sums.

Where torch is loaded its half-precision product reads each row once. Where it is not, importing it would cost
more than the product: the rows are converted in blocks that stay in the processor's cache.
"""

from __future__ import annotations

import functools
import sys

import numpy as np
from numpy.typing import NDArray

BLOCK_BYTES = 1 << 20
_FRACTION_BITS = 23 - 10
_OF_A_HALF = np.array(0x8FFFE000, np.uint32).view(np.int32)
"""The sign, and what a half has of exponent and fraction; between them lie copies of the sign."""
_EXPONENTS_APART = np.float32(2.0 ** (127 - 15))


def cosines(rows: NDArray[np.float16], query: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N, D) unit rows times a unit vector, (N,), to half precision at least."""
    if "torch" in sys.modules and len(rows):
        import torch

        matrix = torch.from_numpy(rows)
        vector = torch.from_numpy(query).to(matrix.dtype)
        if _has_half_precision():
            return torch.nn.functional.linear(vector[None], matrix)[0].float().numpy()
        return (matrix @ vector).float().numpy()
    values = np.empty(len(rows), np.float32)
    at_once = max(1, BLOCK_BYTES // (4 * max(1, rows.shape[1])))
    room = np.empty((min(at_once, len(rows)), rows.shape[1]), np.int32)
    for start in range(0, len(rows), at_once):
        block = rows[start : start + at_once]
        np.dot(single(block, room[: len(block)]), query, out=values[start : start + at_once])
    return values


@functools.cache
def _has_half_precision() -> bool:
    """Whether oneDNN computes in half precision here: its product then takes 0.7 of the time of torch's own.

    Told by the processor, not by a clock, so that all processes of a machine find the same order.
    """
    import torch

    supported = getattr(torch.ops.mkldnn, "_is_mkldnn_fp16_supported", None)
    return bool(supported is not None and supported())


def single(halves: NDArray[np.float16], room: NDArray[np.int32]) -> NDArray[np.float32]:
    """Finite half-precision numbers in single precision, exactly, in a seventh of the time of `astype`.

    The bits of a half, moved to where a single has its own, are the number times 2 ** -112.

    Args:
        room: of the same shape; the result lies in it.
    """
    np.copyto(room, halves.view(np.int16))
    np.left_shift(room, _FRACTION_BITS, out=room)
    np.bitwise_and(room, _OF_A_HALF, out=room)
    values = room.view(np.float32)
    return np.multiply(values, _EXPONENTS_APART, out=values)


def prefix_sums(values: NDArray[np.float32]) -> NDArray[np.float64]:
    """The sums of the first 0, 1, …, N values along the last axis, (..., N + 1)."""
    sums = np.zeros((*values.shape[:-1], values.shape[-1] + 1))
    if "torch" in sys.modules:  # a third of numpy's time, which converts the values one by one
        import torch

        torch.cumsum(torch.from_numpy(values), -1, out=torch.from_numpy(sums)[..., 1:])
    else:
        np.cumsum(values, axis=-1, dtype=np.float64, out=sums[..., 1:])
    return sums
