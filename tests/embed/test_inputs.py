"""What an encoder is given: frames as arrays, sentences as a tokenizer can take them."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from mediaindex.embed.inputs import picture, readable
from mediaindex.errors import DecodeError


@given(st.text(max_size=2000), st.integers(1, 64))
def test_readable_text_is_bounded_and_without_control_characters(text: str, tokens: int) -> None:
    cleaned = readable(text, tokens=tokens)
    assert len(cleaned) <= 16 * tokens
    assert cleaned.isprintable() or all(ord(c) >= 32 and ord(c) != 127 for c in cleaned)
    cleaned.encode("utf-8")


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("a dog\x00\x1b[2J", "a dog  [2J"),
        ("half \ud800 pair", "half   pair"),
        ("\U0001f469\u200d\U0001f467", "\U0001f469\u200d\U0001f467"),
        ("caf\u00e9 \u72ac", "caf\u00e9 \u72ac"),
        ("\ue000private \U0010ffff", " private  "),
    ],
)
def test_what_no_tokenizer_reads_becomes_a_space_and_joiners_stay(text: str, cleaned: str) -> None:
    assert readable(text, tokens=64) == cleaned


def test_a_text_is_cut_at_sixteen_characters_a_token() -> None:
    assert readable("x" * 100_000, tokens=64) == "x" * 1024


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_cached_frame_is_an_rgb_array(mode: str) -> None:
    file = io.BytesIO()
    Image.new(mode, (6, 4), 200 if mode == "L" else (200, 200, 200)).save(file, "JPEG")
    pixels = picture(file.getvalue())
    assert pixels.shape == (4, 6, 3)
    assert pixels.dtype == np.uint8
    assert np.abs(pixels.astype(int) - 200).max() <= 2


def test_only_a_jpeg_is_a_cached_frame() -> None:
    file = io.BytesIO()
    Image.new("RGB", (6, 4)).save(file, "PNG")
    with pytest.raises(DecodeError):
        picture(file.getvalue())
