"""Values of every depth become levels of eight bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mediaindex.decode.bit_depth import eight_bits

RAMP = np.linspace(0.0, 1.0, 256)


@pytest.mark.parametrize(
    ("kind", "white"),
    [
        ("u1", 255),
        ("u2", 65535),
        (">u2", 65535),
        ("i2", 32767),
        ("i4", 255),
        ("i4", 65535),
        ("i4", 2**31 - 1),
        ("u4", 2**32 - 1),
        ("f4", 1),
        ("f4", 255),
        ("f4", 65535),
    ],
)
def test_white_is_what_is_usual_for_the_kind(kind: str, white: float) -> None:
    levels = eight_bits((RAMP * white).astype(kind))
    assert levels.dtype == np.uint8
    assert np.abs(levels.astype(int) - np.arange(256)).max() <= 1


@pytest.mark.parametrize(("kind", "white"), [("u2", 65535), ("i4", 65535), ("f4", 1), ("f4", 255)])
def test_a_dark_picture_stays_dark(kind: str, white: float) -> None:
    levels = eight_bits((RAMP * 0.2 * white).astype(kind))
    assert levels.max() == pytest.approx(51, abs=1)


def test_highlights_beyond_white_are_cut_off() -> None:
    values = np.append(RAMP[:-1], 40.0).astype(np.float32)
    np.testing.assert_array_equal(eight_bits(values), eight_bits(np.append(RAMP[:-1], 1.0)))


@pytest.mark.parametrize(("least", "greatest"), [(-1.0, 1.0), (1000.0, 3000.0), (-5e6, 5e6), (0.0, 7.0)])
def test_measurements_are_stretched(least: float, greatest: float) -> None:
    levels = eight_bits((least + RAMP * (greatest - least)).astype(np.float32)).astype(int)
    assert np.diff(levels).min() >= 0
    if least < 0 or greatest < 16:
        assert (levels[0], levels[-1]) == (0, 255)


def test_what_is_no_number_is_black() -> None:
    values = np.array([np.nan, 0.0, 1.0, np.inf, -np.inf], np.float32)
    np.testing.assert_array_equal(eight_bits(values), [0, 0, 255, 255, 0])
    assert not eight_bits(np.full(9, np.nan, np.float32)).any()


@given(
    arrays.arrays(
        st.sampled_from([np.uint16, np.int16, np.int32, np.uint32, np.float32]),
        arrays.array_shapes(max_dims=3, max_side=5),
    )
)
def test_any_values_are_levels(values: np.ndarray[Any, Any]) -> None:
    levels = eight_bits(values)
    assert levels.shape == values.shape
    assert levels.dtype == np.uint8
