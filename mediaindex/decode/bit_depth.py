"""Pictures of more than eight bits a colour, or of floats, as eight bits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# What floats and wide whole numbers are white at, by custom; a file does not say.
USUAL_WHITES = (255.0, 65535.0, 2.0**31 - 1, 2.0**32 - 1)
# So many values tell the range of all.
SAMPLE_VALUES = 1 << 18
# Converted at a time.
ROWS = 64


def eight_bits(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Values of any shape, whole numbers or floats of 32 bits at most, as levels 0..255.

    Whole numbers of 16 bits use their whole range. Others are seldom stored so: the range is a usual one
    that they fill to a sixteenth at least, else what lies between the least and the greatest value.
    """
    black, white = _range(values)
    levels = np.empty(values.shape, np.uint8)
    for row in range(0, len(values), ROWS):  # or the floats would need more memory than the picture
        with np.errstate(over="ignore", invalid="ignore"):  # infinite values, and nearly so
            share = (values[row : row + ROWS].astype(np.float32) - np.float32(black)) / np.float32(
                white - black
            )
        levels[row : row + ROWS] = np.rint(np.clip(np.nan_to_num(share), 0, 1) * 255)
    return levels


def _range(values: NDArray[Any]) -> tuple[float, float]:
    if values.dtype.kind in "ui" and values.dtype.itemsize <= 2:
        return 0.0, float(np.iinfo(values.dtype).max)
    sample = values.reshape(-1)[:: max(values.size // SAMPLE_VALUES, 1)].astype(np.float64)
    sample = sample[np.isfinite(sample)]
    if not sample.size:
        return 0.0, 1.0
    # Some pixels may lie outside: overshoot of a filter, a glint brighter than white.
    low, high = np.percentile(sample, (1, 99))
    if low >= 0:
        if high <= 1 and values.dtype.kind == "f":
            return 0.0, 1.0
        for white in USUAL_WHITES:
            if white / 16 < high <= white:
                return 0.0, white
    least, greatest = float(sample.min()), float(sample.max())
    return (least, greatest) if greatest > least else (0.0, max(abs(greatest), 1.0))
