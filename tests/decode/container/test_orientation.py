"""A display matrix mirrors and turns by quarters; anything else leaves the picture as it is stored."""

from __future__ import annotations

import gc
import io
import math
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from mediaindex.decode.container.orientation import (
    UPRIGHT,
    Orientation,
    orientation_by_matrix,
    orientation_of,
)
from tests.support.media import flat, write_clip
from tests.support.tagged_films import EIGHT_MATRICES, display_matrix, set_display_matrix

INT32 = st.integers(-(2**31), 2**31 - 1)


def moved(stored: np.ndarray, a: int, b: int, c: int, d: int) -> np.ndarray:
    """Each pixel (p, q) put at (a p + c q, b p + d q), the corner of the result moved to (0, 0)."""
    rows, columns = np.indices(stored.shape)
    x, y = a * columns + c * rows, b * columns + d * rows
    x, y = x - x.min(), y - y.min()
    shown = np.zeros((y.max() + 1, x.max() + 1), stored.dtype)
    shown[y, x] = stored
    return shown


@pytest.mark.parametrize("name", EIGHT_MATRICES)
def test_each_pixel_goes_where_the_matrix_puts_it(name: str) -> None:
    stored = np.arange(12, dtype=np.uint8).reshape(3, 4)
    orientation = orientation_by_matrix(display_matrix(*EIGHT_MATRICES[name]))
    upright = orientation.upright(stored[..., None])[..., 0]
    np.testing.assert_array_equal(upright, moved(stored, *EIGHT_MATRICES[name]))
    assert orientation.is_sideways == (upright.shape == (4, 3))


@given(
    st.sampled_from(sorted(EIGHT_MATRICES)),
    st.integers(1, 2**30),
    st.integers(1, 2**30),
    st.lists(INT32, min_size=5, max_size=5),
)
def test_scale_and_shift_change_no_orientation(name: str, wide: int, tall: int, other: list[int]) -> None:
    a, b, c, d = EIGHT_MATRICES[name]
    u, v, x, y, w = other
    matrix = (a * wide, b * wide, u, c * tall, d * tall, v, x, y, w)
    assert orientation_by_matrix(matrix) == orientation_by_matrix(display_matrix(a, b, c, d))


@pytest.mark.parametrize("degrees", [3, 30, 45, 88, 135, -60, 200])
@pytest.mark.parametrize("mirror", [1, -1])
def test_an_odd_turn_leaves_the_picture_as_it_is_stored(degrees: int, mirror: int) -> None:
    cosine, sine = (
        round(65536 * value) for value in (math.cos(math.radians(degrees)), math.sin(math.radians(degrees)))
    )
    matrix = (mirror * cosine, mirror * sine, 0, -sine, cosine, 0, 0, 0, 1 << 30)
    assert orientation_by_matrix(matrix) == UPRIGHT


def test_a_quarter_turn_need_not_be_exact() -> None:
    assert orientation_by_matrix((300, -65536, 0, 65536, 300, 0, 0, 0, 1 << 30)) == Orientation(rotation=90)


@given(st.lists(INT32, min_size=9, max_size=9))
def test_garbage_is_one_of_the_eight(matrix: list[int]) -> None:
    assert orientation_by_matrix(matrix).rotation in (0, 90, 180, 270)


@pytest.mark.parametrize("matrix", [(0,) * 9, (-(2**31),) * 9])
def test_a_matrix_that_squeezes_the_picture_to_nothing_is_ignored(matrix: tuple[int, ...]) -> None:
    assert orientation_by_matrix(matrix) == UPRIGHT


def test_the_matrix_is_read_from_a_frame(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4", [flat(9, 9, 9)])
    for name, expected in (("as stored", UPRIGHT), ("mirrored", Orientation(mirrored=True))):
        set_display_matrix(path, display_matrix(*EIGHT_MATRICES[name]))
        with av.open(str(path)) as container:
            assert orientation_of(next(container.decode(video=0))) == expected


def test_a_frame_that_was_looked_at_goes_at_once(tmp_path: Path) -> None:
    """Its pixels are memory that Python's garbage collector does not see, and would not hurry for."""
    path = write_clip(tmp_path / "film.mp4", [flat(9, 9, 9)] * 5)
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
    gc.collect()
    assert {orientation_of(frame) for frame in frames} == {UPRIGHT}
    frames.clear()
    assert gc.collect() == 0


def test_motion_jpeg_with_exif_is_turned_too(tmp_path: Path) -> None:
    """Its frames carry side data of a kind that PyAV 18 does not know."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Maker"  # to be turned by 90 degrees clockwise
    encoded = io.BytesIO()
    Image.fromarray(flat(90, 90, 90)).save(encoded, "JPEG", exif=exif)
    path = tmp_path / "clip.mov"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=5)
        stream.height, stream.width, stream.pix_fmt = 96, 128, "yuvj420p"
        for index in range(3):
            packet = av.Packet(encoded.getvalue())
            packet.pts = packet.dts = index
            packet.time_base, packet.stream, packet.is_keyframe = Fraction(1, 5), stream, True
            container.mux(packet)
    with av.open(str(path)) as container:
        assert orientation_of(next(container.decode(video=0))) == Orientation(rotation=270)
