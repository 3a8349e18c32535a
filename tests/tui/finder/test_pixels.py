"""Pictures of pixels: as large as their cells, in their own shape."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
from PIL import Image

from mediaindex.errors import DecodeError
from mediaindex_tui.finder.pixels import png_of, sixels_of

SIZE = re.compile(rb'^\x1bP[0-9;]*q"1;1;(\d+);(\d+)')


def jpeg(width: int, height: int) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (width, height), (220, 30, 30)).save(written, "JPEG")
    return written.getvalue()


@pytest.mark.parametrize(
    ("picture", "cells", "size"),
    [
        ((320, 180), (160, 90), (160, 90)),
        ((320, 180), (1600, 900), (320, 180)),  # the terminal makes it larger itself
        ((320, 180), (160, 160), (160, 160)),
        ((90, 160), (1600, 900), (284, 160)),
    ],
)
def test_a_png_has_the_shape_of_its_cells_and_no_more_pixels_than_the_picture(
    picture: tuple[int, int], cells: tuple[int, int], size: tuple[int, int]
) -> None:
    shown = Image.open(io.BytesIO(png_of(jpeg(*picture), *cells)))
    assert (shown.format, shown.size) == ("PNG", size)
    pixels = np.asarray(shown.convert("RGB"))
    middle = pixels[size[1] // 2, size[0] // 2]
    assert middle[0] > 180
    has_bars = abs(picture[0] / picture[1] / (cells[0] / cells[1]) - 1) > 0.2
    assert (pixels.sum(axis=2) == 0).any() == has_bars


def test_sixels_are_as_large_as_their_cells() -> None:
    pytest.importorskip("textual_image")
    sixels = sixels_of(jpeg(64, 36), 160, 90)
    size = SIZE.match(sixels)
    assert size is not None
    assert (int(size[1]), int(size[2])) == (160, 90)
    assert sixels.endswith(b"\x1b\\")
    assert not re.search(rb"[\x00-\x1f\x7f-\xff]", sixels[2:-2])  # nothing in it can steer the terminal


@pytest.mark.parametrize("make", [png_of, sixels_of])
def test_what_is_no_jpeg_is_said(make: object) -> None:
    if make is sixels_of:
        pytest.importorskip("textual_image")
    with pytest.raises(DecodeError):
        make(b"no picture", 10, 10)  # type: ignore[operator]
