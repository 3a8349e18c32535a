"""Centre squares agree with Pillow's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from mediaindex.embed.preprocess import centre_squares


def _smooth(height: int, width: int) -> NDArray[np.uint8]:
    """A picture of gradients and edges, upright differs from every mirror image."""
    y, x = np.mgrid[0:height, 0:width]
    red = 255 * x / max(1, width - 1)
    green = 255 * y / max(1, height - 1)
    blue = 255 * ((x // 16 + y // 24) % 2)
    return np.stack([red, green, blue], axis=2).astype(np.uint8)


def _pillow(picture: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    height, width = picture.shape[:2]
    scale = size / min(height, width)
    scaled = (max(size, round(width * scale)), max(size, round(height * scale)))
    image = Image.fromarray(picture).resize(scaled, Image.Resampling.BICUBIC)
    left, top = (scaled[0] - size) // 2, (scaled[1] - size) // 2
    return np.asarray(image.crop((left, top, left + size, top + size)))


@pytest.mark.parametrize("shape", [(384, 683), (683, 384), (180, 320), (224, 224), (225, 301), (100, 70)])
def test_it_is_pillows_bicubic_and_crop(shape: tuple[int, int]) -> None:
    picture = _smooth(*shape)
    ours = centre_squares([picture], 224)[0].numpy().astype(int)
    off = np.abs(ours - _pillow(picture, 224))
    assert off.max() <= 2
    assert off.mean() < 0.5


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 600), st.integers(1, 600))
def test_any_shape_becomes_a_square(height: int, width: int) -> None:
    squares = centre_squares([np.zeros((height, width, 3), np.uint8), np.zeros((7, 9, 3), np.uint8)], 32)
    assert tuple(squares.shape) == (2, 32, 32, 3)


def test_a_strip_does_not_grow() -> None:
    picture = np.zeros((1, 100_000, 3), np.uint8)
    picture[:, 50_000:] = 255
    square = centre_squares([picture], 64)[0].numpy()
    assert square[:, 0].max() < square[:, -1].min()
