"""A picture as cells: the right quarters, the right colours, whatever its shape."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from mediaindex.errors import DecodeError
from mediaindex_tui.finder.quadrants import UPPER_HALF, cells_of
from mediaindex_tui.messages import GLYPHS, Style

RED, BLUE = (255, 0, 0), (0, 0, 255)


def jpeg(pixels: NDArray[np.uint8], scale: int = 16, *, tall: int = 1) -> bytes:
    """A picture in which each pixel is a square, or so many high, so that JPEG changes little of it."""
    large = pixels.repeat(tall * scale, axis=0).repeat(scale, axis=1)
    file = io.BytesIO()
    Image.fromarray(large).save(file, "JPEG", quality=95, subsampling=0)
    return file.getvalue()


def pixels_of(cells: bytes, columns: int, rows: int, across: int = 2) -> NDArray[np.uint8]:
    """What a terminal shows: (2·rows, across·columns, 3)."""
    shown = np.zeros((2 * rows, across * columns, 3), np.uint8)
    for place in range(columns * rows):
        glyph, *colours = cells[7 * place : 7 * place + 7]
        y, x = divmod(place, columns)
        for quarter in range(4):
            colour = colours[:3] if glyph >> quarter & 1 else colours[3:]
            shown[2 * y + quarter // 2, across * x + min(quarter % 2, across - 1)] = colour
    return shown


def test_two_colours_in_a_cell_are_shown_as_they_are() -> None:
    for mask in range(16):
        flat = [RED if mask >> quarter & 1 else BLUE for quarter in range(4)]
        picture = np.array(flat, np.uint8).reshape(2, 2, 3)
        cells = cells_of(jpeg(np.tile(picture, (2, 4, 1)), tall=2), 4, 2, "quadrant")
        shown = pixels_of(cells, 4, 2).astype(int)
        assert np.abs(shown - np.tile(picture, (2, 4, 1))).max() < 40, mask


def test_half_blocks_have_two_colours_one_above_the_other() -> None:
    picture = np.array([[RED, RED], [BLUE, BLUE]], np.uint8)
    cells = cells_of(jpeg(picture, 64), 2, 1, "half")
    assert len(cells) == 14
    assert cells[0] == UPPER_HALF
    assert GLYPHS[UPPER_HALF] == "▀"
    assert np.abs(pixels_of(cells, 2, 1, across=1).astype(int) - picture).max() < 20


@pytest.mark.parametrize("style", ["quadrant", "half"])
def test_a_film_that_stands_has_bars_beside_it_and_a_wide_one_above(style: Style) -> None:
    white = np.full((1, 1, 3), 255, np.uint8)
    tall = pixels_of(cells_of(jpeg(white.repeat(8, 0)), 16, 5, style), 16, 5, 2 if style == "quadrant" else 1)
    assert tall[:, 0].max() == tall[:, -1].max() == 0
    assert tall.min(axis=(0, 2)).max() > 240
    wide = pixels_of(cells_of(jpeg(white.repeat(8, 1)), 16, 5, style), 16, 5, 2 if style == "quadrant" else 1)
    assert wide[0].max() == wide[-1].max() == 0
    assert wide[5].min() > 240


@given(
    width=st.integers(1, 60),
    height=st.integers(1, 60),
    columns=st.integers(1, 40),
    rows=st.integers(1, 20),
    style=st.sampled_from(("quadrant", "half")),
)
def test_every_picture_fills_its_cells(
    width: int, height: int, columns: int, rows: int, style: Style
) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    cells = cells_of(jpeg(noise, 4), columns, rows, style)
    assert len(cells) == 7 * columns * rows
    assert max(cells[::7]) < len(GLYPHS)


def test_what_is_no_jpeg_is_said() -> None:
    whole = jpeg(np.zeros((8, 8, 3), np.uint8))
    for damaged in (b"", b"no picture", whole[:40], whole[: len(whole) // 2]):
        with pytest.raises(DecodeError):
            cells_of(damaged, 4, 4, "quadrant")
