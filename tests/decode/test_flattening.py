"""Transparent pictures lie on one background."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from mediaindex.decode.flattening import BACKGROUND, flattened


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize(("alpha", "seen"), [(255, (200, 0, 40)), (0, BACKGROUND), (128, (164, 64, 84))])
def test_a_picture_covers_the_background_by_its_alpha(
    mode: str, alpha: int, seen: tuple[int, int, int]
) -> None:
    colours = Image.new("RGB", (3, 2), (200, 0, 40)).convert(mode)
    flat = flattened(colours, Image.new("L", (3, 2), alpha))
    assert flat.mode == "RGB"
    assert np.abs(np.asarray(flat).astype(int) - seen).max() <= 1


@pytest.mark.parametrize("ink", [(0, 0, 0), (255, 255, 255)])
def test_black_and_white_letters_stand_out(ink: tuple[int, int, int]) -> None:
    assert abs(ink[0] - BACKGROUND[0]) > 100
