"""HDR and wide-gamut levels become those of BT.709."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.decode.backends.colour_conversion import (
    UNSPECIFIED,
    Primaries,
    Transfer,
    is_bt709,
    to_bt709,
)

GREYS = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)
PRIMARIES = st.sampled_from([*map(int, Primaries), UNSPECIFIED, 5, 200])
TRANSFERS = st.sampled_from([*map(int, Transfer), UNSPECIFIED, 1, 13, 14])


@pytest.mark.parametrize(
    ("transfer", "white", "grey"),
    # levels of white paper (203 nits) and of a twentieth of its light, by BT.2408 and the curves themselves
    [(Transfer.PQ, 148, 74), (Transfer.HLG, 191, 67)],
)
def test_white_paper_is_light_and_grey_stays_dark(transfer: int, white: int, grey: int) -> None:
    shown = to_bt709(GREYS, Primaries.BT2020, transfer)[:, 0].astype(int)
    assert 215 <= shown[white] <= 235
    assert 55 <= shown[grey] <= 80
    assert shown[white] - shown[grey] >= 140


@given(PRIMARIES, TRANSFERS)
def test_greys_stay_grey_and_in_order(primaries: int, transfer: int) -> None:
    shown = to_bt709(GREYS, primaries, transfer).astype(int)
    assert np.ptp(shown, axis=1).max() <= 1
    assert np.diff(shown[:, 0]).min() >= 0
    assert shown[0, 0] == 0
    assert shown[-1, 0] >= 245


@given(st.lists(st.integers(0, 255), min_size=3, max_size=3), TRANSFERS)
def test_pictures_of_any_shape_are_converted_pixel_by_pixel(levels: list[int], transfer: int) -> None:
    pixel = np.array(levels, np.uint8)
    one = to_bt709(pixel[None], Primaries.BT2020, transfer)
    many = to_bt709(np.tile(pixel, (4, 5, 1)), Primaries.BT2020, transfer)
    assert many.shape == (4, 5, 3)
    np.testing.assert_array_equal(many, np.tile(one[0], (4, 5, 1)))


def test_colours_of_bt709_come_back_from_wider_primaries() -> None:
    """Red of BT.709 in BT.2020 is (0.627, 0.069, 0.016) of light, by ITU-R BT.2087."""
    levels = np.rint(255 * np.array([[0.6274, 0.0691, 0.0164]]) ** (1 / 2.4)).astype(np.uint8)
    red, green, blue = to_bt709(levels, Primaries.BT2020, 14)[0]
    assert red >= 250
    assert max(green, blue) <= 40


def test_a_saturated_highlight_keeps_its_hue() -> None:
    levels = np.array([[200, 120, 120]], np.uint8)
    red, green, blue = to_bt709(levels, Primaries.BT709, Transfer.PQ)[0].astype(int)
    assert red > 240
    assert abs(green - blue) <= 1
    assert red - green > 80


@pytest.mark.parametrize(
    ("primaries", "transfer", "expected"),
    [
        (Primaries.BT709, 1, True),
        (UNSPECIFIED, UNSPECIFIED, True),
        (5, 6, True),
        (200, 200, True),
        (Primaries.BT2020, 14, False),
        (Primaries.DISPLAY_P3, 13, False),
        (Primaries.BT709, Transfer.PQ, False),
        (UNSPECIFIED, Transfer.HLG, False),
    ],
)
def test_ordinary_films_are_left_alone(primaries: int, transfer: int, expected: bool) -> None:
    assert is_bt709(primaries, transfer) is expected


def test_the_gamut_of_high_dynamic_range_is_wide_where_none_is_stated() -> None:
    colours = np.array([[150, 60, 60], [60, 150, 60]], np.uint8)
    np.testing.assert_array_equal(
        to_bt709(colours, UNSPECIFIED, Transfer.PQ), to_bt709(colours, Primaries.BT2020, Transfer.PQ)
    )
