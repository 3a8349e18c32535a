"""Whether two pictures of a film show the same, to the eye and to an encoder.

Compared are the mean colours of small cells of the pictures as the frame cache would keep them: a word that
comes onto a slide or a bird into a corner changes a cell, the noise of a sensor or of a codec's next keyframe
does not.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

# Pixels on each side of a cell, of a picture whose short side is a few hundred.
CELL = 8
# Levels of 256 by which a cell may differ: half of what moves least in films that are watched, and a little
# more than what H.264 and VP9 make of one picture at their usual qualities.
SAME_LEVELS = 4.0

Cells = NDArray[np.int16]


def cell_means(pixels: NDArray[np.uint8]) -> Cells:
    """(height, width, 3) RGB → (rows, columns, 3), the mean colour of each cell, to a level.

    The last cells may be narrower.
    """
    return np.asarray(Image.fromarray(pixels).reduce(CELL), np.int16)


def show_the_same(one: Cells, other: Cells) -> bool:
    """Whether no cell differs visibly; pictures of different sizes never show the same."""
    return one.shape == other.shape and float(np.abs(one - other).max()) <= SAME_LEVELS
