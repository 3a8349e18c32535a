"""Frames become pictures: upright, square pixels, scaled on demand."""

from __future__ import annotations

from fractions import Fraction

import av
import av.error
import numpy as np
import pytest

from mediaindex.decode.backends.decoder import THUMBNAIL_HEIGHT, THUMBNAIL_WIDTH
from mediaindex.decode.backends.pyav_picture import PictureMaker
from mediaindex.errors import DecodeError
from tests.support.media import Pixels, flat, number_in, numbered


def frame(picture: Pixels) -> av.VideoFrame:
    return av.VideoFrame.from_ndarray(picture, format="rgb24")


def test_a_picture_keeps_its_pixels_at_its_own_size() -> None:
    picture = PictureMaker(Fraction(1)).picture(frame(numbered(77)), 1.5, adjacent=True, keyframe=True)
    assert (picture.seconds, picture.adjacent, picture.keyframe, picture.fills) == (1.5, True, True, False)
    assert (picture.width, picture.height) == (128, 96)
    assert number_in(picture.scaled(128, 96)) == 77


def test_a_thumbnail_has_one_size_whatever_the_film_has() -> None:
    for width, height in ((128, 96), (96, 128), (16, 16)):
        pixels = flat(9, 99, 199, width=width, height=height)
        picture = PictureMaker(Fraction(1)).picture(frame(pixels), 0.0, adjacent=False)
        assert picture.thumbnail().shape == (THUMBNAIL_HEIGHT, THUMBNAIL_WIDTH, 3)
        assert np.abs(picture.thumbnail().astype(int) - (9, 99, 199)).max() <= 4


@pytest.mark.parametrize(("aspect", "size"), [(Fraction(2), (256, 96)), (Fraction(1, 2), (128, 192))])
def test_pixels_are_square_as_displayed(aspect: Fraction, size: tuple[int, int]) -> None:
    picture = PictureMaker(aspect).picture(frame(numbered(5)), 0.0, adjacent=False)
    assert (picture.width, picture.height) == size
    assert picture.scaled(*size).shape == (size[1], size[0], 3)


@pytest.mark.parametrize("matrix", [1, 5, 9])
@pytest.mark.parametrize("colour_range", [1, 2])
def test_scaling_planes_of_bytes_first_keeps_areas_and_colours(matrix: int, colour_range: int) -> None:
    levels = np.random.default_rng(3).integers(90, 160, (24, 40), np.uint8)
    luma = np.repeat(np.repeat(levels, 8, 0), 8, 1)
    colour = np.repeat(np.array([110, 150], np.uint8), 48 * 320).reshape(96, 320)
    stored = av.VideoFrame.from_ndarray(np.concatenate([luma, colour]), format="yuv420p")
    stored.colorspace, stored.color_range = matrix, colour_range
    exact = stored.reformat(format="rgb24").to_ndarray().reshape(24, 8, 40, 8, 3).mean((1, 3))
    scaled = PictureMaker(Fraction(1)).picture(stored, 0.0, adjacent=False).scaled(40, 24)
    assert np.abs(scaled - exact).max() <= 2


def test_a_film_may_change_its_size() -> None:
    maker = PictureMaker(Fraction(1))
    sizes = [(128, 96), (64, 48), (128, 96)]
    pictures = [maker.picture(frame(numbered(3, *size)), 0.0, adjacent=False) for size in sizes]
    assert [(picture.width, picture.height) for picture in pictures] == sizes
    assert [picture.scaled(32, 24).shape for picture in pictures] == [(24, 32, 3)] * 3


@pytest.mark.parametrize("pixel_format", ["bayer_rggb8", "yuv420p", "yuva420p"])
def test_pictures_that_ffmpeg_cannot_convert_have_a_reason(
    monkeypatch: pytest.MonkeyPatch, pixel_format: str
) -> None:
    """One of the kind that read like a broken disk: FFmpeg's error carries a number of the system's."""

    def refuse(*_: object, **__: object) -> None:
        raise av.error.OSError(95, "Operation not supported")

    monkeypatch.setattr("mediaindex.decode.backends.pyav_picture.VideoReformatter.reformat", refuse)
    monkeypatch.setattr("mediaindex.decode.backends.pyav_picture.Graph.push", refuse)
    picture = PictureMaker(Fraction(1)).picture(av.VideoFrame(32, 32, pixel_format), 0.0, adjacent=False)
    for make in (picture.thumbnail, lambda: picture.scaled(8, 8)):
        with pytest.raises(DecodeError, match=f"its pictures \\({pixel_format}\\) cannot be turned into RGB"):
            make()
