"""A sampled frame is a JPEG within bounds; everything else is refused before it costs memory."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mediaindex.errors import DecodeError
from mediaindex.media import MAX_FRAME_SIDE, decoded
from tests.support.jpegs import encoded, with_size

FRAME = encoded(48, 32)


def test_a_frame_is_decoded_in_full() -> None:
    assert decoded(FRAME).size == (48, 32)
    assert decoded(FRAME, short_side=32).getpixel((0, 0)) is not None


@pytest.mark.parametrize(
    "harmed",
    [
        b"",
        b"rotten",
        FRAME[: len(FRAME) // 2],
        FRAME[:-100],
        b"rotten" * 9 + FRAME[54:],
        encoded(48, 32, form="PNG"),
        with_size(FRAME, 48, 0),
    ],
    ids=["nothing", "text", "half", "cut", "header", "PNG", "flat"],
)
def test_what_is_no_picture_is_refused(harmed: bytes) -> None:
    with pytest.raises(DecodeError, match="picture"):
        decoded(harmed)


@pytest.mark.parametrize(
    ("width", "height"),
    [(65_000, 65_000), (12_000, 12_000), (MAX_FRAME_SIDE + 1, 8), (8, MAX_FRAME_SIDE + 1)],
)
def test_a_picture_larger_than_any_frame_costs_no_memory(width: int, height: int) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(DecodeError, match=f"{width}x{height}"):
            decoded(with_size(FRAME, width, height))
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_a_smaller_picture_is_decoded_where_that_is_enough() -> None:
    large = encoded(400, 320)
    assert decoded(large, enough=(50, 40)).size == (50, 40)
    assert decoded(large, enough=(51, 40)).size == (100, 80)
    assert decoded(large, enough=(400, 320)).size == decoded(large, enough=(4000, 10)).size == (400, 320)
    with pytest.raises(DecodeError, match="damaged"):
        decoded(large[: len(large) // 2], enough=(50, 40))


def test_a_reader_who_knows_the_size_of_his_frames_refuses_larger_ones() -> None:
    with pytest.raises(DecodeError, match="48x32"):
        decoded(FRAME, short_side=31)


@given(places=st.lists(st.tuples(st.integers(0, len(FRAME) - 1), st.integers(0, 255)), max_size=60))
@example(places=[(number, 0) for number in range(20)])
def test_any_damage_gives_a_picture_or_the_one_error(places: list[tuple[int, int]]) -> None:
    harmed = bytearray(FRAME)
    for place, value in places:
        harmed[place] = value
    try:
        image = decoded(bytes(harmed))
    except DecodeError:
        return
    assert max(image.size) <= MAX_FRAME_SIDE
