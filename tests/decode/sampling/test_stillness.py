"""Whether two pictures show the same."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from mediaindex.decode.sampling.stillness import CELL, cell_means, show_the_same
from tests.support.media import Pixels, flat, jpeg_pixels, numbered


def photograph(seed: int = 0, noise: float = 0.0) -> Pixels:
    chance = np.random.default_rng(seed)
    large = chance.integers(80, 170, (12, 20, 3), np.uint8)
    picture = np.asarray(Image.fromarray(large).resize((640, 384), Image.Resampling.BICUBIC), np.float32)
    noisy = picture + noise * chance.standard_normal(picture.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)


def same(one: Pixels, other: Pixels) -> bool:
    return show_the_same(cell_means(one), cell_means(other))


@given(st.integers(1, 40), st.integers(1, 40))
def test_cells_are_means_and_cover_the_picture(width: int, height: int) -> None:
    picture = np.random.default_rng(width).integers(0, 256, (height, width, 3), np.uint8)
    means = cell_means(picture)
    assert means.shape == (-(-height // CELL), -(-width // CELL), 3)
    assert means[0, 0] == pytest.approx(picture[:CELL, :CELL].reshape(-1, 3).mean(axis=0), abs=1.0)
    last = picture[(height - 1) // CELL * CELL :, (width - 1) // CELL * CELL :]
    assert means[-1, -1] == pytest.approx(last.reshape(-1, 3).mean(axis=0), abs=1.0)


def test_noise_and_the_codec_change_nothing() -> None:
    picture = photograph()
    assert same(picture, photograph(noise=4.0))
    encoded = io.BytesIO()
    Image.fromarray(picture).save(encoded, "JPEG", quality=85)
    assert same(picture, jpeg_pixels(encoded.getvalue()))


def test_something_small_that_comes_in_changes_it() -> None:
    picture = photograph()
    bird = picture.copy()
    bird[100:108, 300:308] = 255 - bird[100:108, 300:308] // 2
    assert not same(picture, bird)
    word = flat(250, 250, 250, width=640, height=384)
    word[200:210:2, 50:90] = 0
    assert not same(flat(250, 250, 250, width=640, height=384), word)


def test_other_pictures_and_other_sizes_are_not_the_same() -> None:
    assert not same(photograph(1), photograph(2))
    assert not same(numbered(1), numbered(2))
    assert not same(flat(9, 9, 9), flat(9, 9, 9, width=64))
