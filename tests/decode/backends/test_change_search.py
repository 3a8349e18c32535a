"""The largest change is found with few pictures decoded."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.decode.backends.change_search import NEIGHBOURS, pictures_around_change
from mediaindex.decode.backends.decoder import Picture


def picture(place: int) -> Picture:
    nothing = np.zeros((1, 1, 3), np.uint8)
    return Picture(float(place), 64, 36, False, False, lambda _width, _height: nothing, lambda: nothing)


def search(count: int, cut: int, damaged: frozenset[int] = frozenset()) -> tuple[list[Picture], list[int]]:
    """Search `count` places for the cut before place `cut`; the pictures, and which places were decoded."""
    decoded: list[int] = []

    def decode(place: int) -> Picture | None:
        decoded.append(place)
        return None if place in damaged else picture(place)

    def difference(one: Picture, other: Picture) -> float:
        return float((one.seconds < cut) != (other.seconds < cut))

    return pictures_around_change(decode, count, picture(0), picture(count), difference), decoded


@given(st.data(), st.integers(2, 4000))
def test_the_first_picture_after_the_cut_is_given_beside_its_predecessor(
    data: st.DataObject, count: int
) -> None:
    cut = data.draw(st.integers(1, count))
    pictures, decoded = search(count, cut)
    (first,) = (one for one in pictures if one.seconds == cut)
    assert first.adjacent
    assert [one.seconds for one in pictures] == sorted({one.seconds for one in pictures})
    assert pictures[-1].seconds == count
    assert len(decoded) == len(set(decoded)) <= count.bit_length() + 2 * NEIGHBOURS + 1


def test_a_picture_that_cannot_be_decoded_ends_the_halving() -> None:
    pictures, _ = search(100, 70, damaged=frozenset({50}))
    assert pictures[-1].seconds == 100
    assert all(one.seconds != 50 for one in pictures)


def test_a_picture_out_of_place_in_time_is_left_out() -> None:
    def decode(place: int) -> Picture | None:
        return picture(place + 1000)

    (last,) = pictures_around_change(decode, 8, picture(0), picture(8), lambda _one, _other: 0.0)
    assert (last.seconds, last.adjacent) == (8.0, False)
