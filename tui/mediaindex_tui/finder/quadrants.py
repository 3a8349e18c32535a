"""A picture → cells of a terminal: in each, quarters of two colours, as `messages.GLYPHS` draws them.

A cell shows four pixels with two colours. Of the eight ways to part four pixels in two, that one is taken
whose two mean colours are nearest to the pixels.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image, Resampling, new

from mediaindex.media import decoded
from mediaindex_tui.messages import Style

CELL_ASPECT = 2.0
"""Height of a cell by its width."""
MOST_STRETCHED = 1.15
"""A picture is stretched by so much at the most; else bars stand beside it."""
PARTS = np.array(
    [[mask >> quarter & 1 for quarter in range(4)] for mask in (0, 1, 2, 3, 4, 5, 6, 7)], np.float32
)
"""(8, 4) the ways to part four quarters in two: 1 for the foreground. The other masks swap the colours."""
_COUNT = PARTS.sum(axis=1)
UPPER_HALF = 3


def cells_of(jpeg: bytes, columns: int, rows: int, style: Style) -> bytes:
    """A picture in `columns` × `rows` cells, 7 bytes a cell as `messages.Picture` says.

    Raises:
        DecodeError: it is no JPEG, or damaged.
    """
    across = 2 if style == "quadrant" else 1
    width, height = across * columns, 2 * rows
    image = decoded(jpeg, enough=(width, height))
    pixels = np.asarray(fitted(image, width, height, aspect=CELL_ASPECT * rows / columns))
    quarters = pixels.reshape(rows, 2, columns, across, 3).transpose(0, 2, 1, 3, 4).reshape(-1, 2 * across, 3)
    cells = np.empty((len(quarters), 7), np.uint8)
    if style == "quadrant":
        cells[:, 0], cells[:, 1:4], cells[:, 4:] = _parted(quarters)
    else:
        cells[:, 0], cells[:, 1:4], cells[:, 4:] = UPPER_HALF, quarters[:, 0], quarters[:, 1]
    return cells.tobytes()


def _parted(quarters: NDArray[np.uint8]) -> tuple[NDArray[np.intp], NDArray[np.uint8], NDArray[np.uint8]]:
    """The mask (C,), foreground and background (C, 3) of each cell of four pixels, (C, 4, 3)."""
    values = quarters.astype(np.float32)
    inside = PARTS @ values
    outside = values.sum(axis=1, keepdims=True) - inside
    counts, others = np.maximum(_COUNT, 1.0)[:, None], (4.0 - _COUNT)[:, None]
    foreground, background = inside / counts, outside / others
    # What two means leave of the pixels' squares is least where these are greatest.
    kept = (foreground * inside + background * outside).sum(axis=2)
    best = kept.argmax(axis=1)
    cell = np.arange(len(best))
    colours = (np.rint(side[cell, best]).astype(np.uint8) for side in (foreground, background))
    return best, *colours


def fitted(
    image: Image, width: int, height: int, *, aspect: float, resampling: Resampling = Resampling.BOX
) -> Image:
    """A picture in so many pixels, with black bars where it has another shape.

    Args:
        aspect: height by width of the place that the pixels fill.
    """
    share = image.height / image.width / aspect
    inner = (width, height)
    if share > MOST_STRETCHED:
        inner = (max(1, round(width / share)), height)
    elif share < 1 / MOST_STRETCHED:
        inner = (width, max(1, round(height * share)))
    small = image.convert("RGB").resize(inner, resampling)
    if inner == (width, height):
        return small
    framed = new("RGB", (width, height))
    framed.paste(small, ((width - inner[0]) // 2, (height - inner[1]) // 2))
    return framed
