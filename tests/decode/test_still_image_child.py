"""A query image comes back as a small upright JPEG of eight bits without transparency, or with a reason."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mediaindex.decode import still_image_child
from mediaindex.decode.flattening import BACKGROUND
from mediaindex.decode.still_image_child import SHORT_SIDE, handle
from mediaindex.errors import ProbeError
from tests.support.deep_images import Order, png16, ramp, tiff
from tests.support.media import Pixels, flat, jpeg_pixels


def picture_here(path: Path) -> Pixels | None:
    """What the child gives for an image, given in this process."""
    replies = list(handle({"path": str(path)}))
    return jpeg_pixels(replies[0][1]) if replies else None


def seen(path: Path) -> np.ndarray[Any, np.dtype[np.int64]]:
    """The picture of a file that is an image."""
    picture = picture_here(path)
    assert picture is not None
    return picture.astype(int)


def assert_is_ramp(picture: np.ndarray[Any, np.dtype[np.int64]]) -> None:
    """Black on the left to white on the right, as `ramp` is."""
    expected = np.linspace(0, 255, picture.shape[1])[None, :, None]
    assert np.abs(picture - expected).max() <= 6


def saved(path: Path, size: tuple[int, int] = (64, 48), exif: Image.Exif | None = None) -> Path:
    image = Image.new("RGB", size, (200, 30, 30))
    image.paste((30, 30, 200), (0, 0, size[0] // 2, size[1]))
    if exif is None:
        image.save(path)
    else:
        image.save(path, exif=exif)
    return path


@pytest.mark.parametrize("kind", ["jpg", "png", "webp", "gif", "bmp", "tiff"])
def test_images_of_every_kind_are_read(tmp_path: Path, kind: str) -> None:
    picture = picture_here(saved(tmp_path / f"image.{kind}"))
    assert picture is not None
    assert picture.shape == (48, 64, 3)
    assert picture[24, 8, 2] > 150 > picture[24, 8, 0]
    assert picture[24, 56, 0] > 150 > picture[24, 56, 2]


def test_a_large_image_is_scaled_to_its_short_side(tmp_path: Path) -> None:
    picture = picture_here(saved(tmp_path / "large.png", (1536, 768)))
    assert picture is not None
    assert picture.shape == (SHORT_SIDE, 2 * SHORT_SIDE, 3)


def test_a_turned_photo_stands_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    picture = picture_here(saved(tmp_path / "turned.jpg", exif=exif))
    assert picture is not None
    assert picture.shape == (64, 48, 3)
    assert picture[8, 24, 2] > 150


def test_what_is_no_image_is_none(tmp_path: Path) -> None:
    (tmp_path / "words.png").write_text("words")
    assert picture_here(tmp_path / "words.png") is None


def test_a_damaged_image_has_a_reason(tmp_path: Path) -> None:
    path = saved(tmp_path / "whole.png", (300, 300))
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(ProbeError, match="the image cannot be read"):
        picture_here(path)


def test_too_many_pixels_are_refused_undecoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(still_image_child, "MAX_PIXELS", 100)
    with pytest.raises(ProbeError, match="64x48 pixels are too many; scale the image down"):
        picture_here(saved(tmp_path / "image.png"))


def test_an_image_of_absurd_size_is_refused_by_its_header(tmp_path: Path) -> None:
    header = bytearray(png16(ramp()))
    struct.pack_into(">II", header, 16, 60000, 60000)
    struct.pack_into(">I", header, 29, zlib.crc32(header[12:29]))
    (tmp_path / "bomb.png").write_bytes(header)
    with pytest.raises(ProbeError, match="far too many pixels; scale the image down"):
        picture_here(tmp_path / "bomb.png")


# More than eight bits


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_a_png_of_16_bits_keeps_its_tones(tmp_path: Path, channels: int) -> None:
    (tmp_path / "deep.png").write_bytes(png16(ramp(channels) * 65535))
    assert_is_ramp(seen(tmp_path / "deep.png"))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("kind", "white"),
    [("u2", 65535), ("i2", 32767), ("i4", 255), ("i4", 65535), ("i4", 2**31 - 1), ("f4", 1), ("f4", 255)],
)
def test_a_grey_tiff_keeps_its_tones(tmp_path: Path, kind: str, white: float, order: Order) -> None:
    (tmp_path / "deep.tif").write_bytes(tiff((ramp() * white).astype(kind), order=order))
    assert_is_ramp(seen(tmp_path / "deep.tif"))


def test_whole_numbers_that_pillow_takes_for_signed_are_not(tmp_path: Path) -> None:
    (tmp_path / "deep.tif").write_bytes(tiff((ramp() * (2**32 - 1)).astype("u4")))
    assert_is_ramp(seen(tmp_path / "deep.tif"))


@pytest.mark.parametrize("kind", ["u2", "f4"])
def test_a_tiff_whose_zero_is_white_is_turned_over(tmp_path: Path, kind: str) -> None:
    white = 65535 if kind == "u2" else 1
    (tmp_path / "deep.tif").write_bytes(tiff(((1 - ramp()) * white).astype(kind), white_is_zero=True))
    assert_is_ramp(seen(tmp_path / "deep.tif"))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("planes_apart", [False, True])
@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize(("kind", "white"), [("u2", 65535), ("f4", 1)])
def test_a_coloured_tiff_keeps_its_tones(
    tmp_path: Path, kind: str, white: float, channels: int, planes_apart: bool, order: Order
) -> None:
    values = (ramp(channels) * white).astype(kind)
    (tmp_path / "deep.tif").write_bytes(tiff(values, order=order, planes_apart=planes_apart))
    assert_is_ramp(seen(tmp_path / "deep.tif"))


@pytest.mark.parametrize(("kind", "channels"), [("f2", 1), ("f2", 3), ("f8", 1), ("f8", 3), ("u4", 3)])
def test_a_tiff_that_nothing_here_reads_has_a_remedy(tmp_path: Path, kind: str, channels: int) -> None:
    values = ramp(channels).astype(kind)
    (tmp_path / "deep.tif").write_bytes(tiff(values))
    with pytest.raises(ProbeError, match=r"a TIFF of .* cannot be read here: save it as PNG"):
        picture_here(tmp_path / "deep.tif")


def test_a_large_grey_image_of_16_bits_is_scaled(tmp_path: Path) -> None:
    (tmp_path / "large.png").write_bytes(png16(ramp(1, 1536, 768) * 65535))
    picture = seen(tmp_path / "large.png")
    assert picture.shape == (SHORT_SIDE, 2 * SHORT_SIDE, 3)
    assert_is_ramp(picture)


def test_a_turned_grey_image_of_16_bits_stands_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    image = Image.fromarray((ramp()[..., 0] * 65535).astype(np.uint16))
    image.save(tmp_path / "turned.png", exif=exif)
    assert_is_ramp(np.rot90(seen(tmp_path / "turned.png")))


# Transparency


def rgba(alpha: int) -> Image.Image:
    return Image.fromarray(np.dstack([flat(10, 200, 10), np.full((96, 128), alpha, np.uint8)]))


def paletted(**options: Any) -> tuple[Image.Image, dict[str, Any]]:
    image = Image.new("P", (128, 96), 1)
    image.putpalette([250, 0, 0, 10, 200, 10])
    return image, options


TRANSPARENT: dict[str, Callable[[Path], object]] = {
    "png RGBA": lambda path: rgba(0).save(path, "PNG"),
    "png LA": lambda path: Image.merge(
        "LA", (Image.new("L", (128, 96), 250), Image.new("L", (128, 96), 0))
    ).save(path, "PNG"),
    "png of 16 bits with alpha": lambda path: path.write_bytes(
        png16(np.tile([65535, 100, 100, 0], (96, 128, 1)))
    ),
    "png grey of 16 bits with alpha": lambda path: path.write_bytes(png16(np.tile([65535, 0], (96, 128, 1)))),
    "png palette, one colour": lambda path: paletted()[0].save(path, "PNG", transparency=1),
    "png palette, alpha of each": lambda path: paletted()[0].save(path, "PNG", transparency=b"\xff\x00"),
    "png RGB with a key": lambda path: Image.new("RGB", (128, 96), (9, 8, 7)).save(
        path, "PNG", transparency=(9, 8, 7)
    ),
    "png grey with a key": lambda path: Image.new("L", (128, 96), 7).save(path, "PNG", transparency=7),
    "png of 16 bits with a key": lambda path: path.write_bytes(png16(np.full((96, 128, 1), 300), (300,))),
    "gif": lambda path: paletted()[0].save(path, "GIF", transparency=1),
    "webp": lambda path: rgba(0).save(path, "WEBP", lossless=True, exact=True),
    "tiff": lambda path: rgba(0).save(path, "TIFF"),
    "tiff of 16 bits": lambda path: path.write_bytes(
        tiff(np.tile([65535, 100, 100, 0], (96, 128, 1)).astype("u2"))
    ),
    "tiff of floats": lambda path: path.write_bytes(tiff(np.tile([1.0, 0, 0, 0], (96, 128, 1)).astype("f4"))),
}


@pytest.mark.parametrize("name", TRANSPARENT)
def test_hidden_colours_are_not_seen(tmp_path: Path, name: str) -> None:
    TRANSPARENT[name](tmp_path / "clear")
    assert np.abs(seen(tmp_path / "clear") - BACKGROUND).max() <= 2


def test_what_is_half_transparent_is_mixed(tmp_path: Path) -> None:
    rgba(128).save(tmp_path / "half.png")
    assert np.abs(seen(tmp_path / "half.png") - (69, 164, 69)).max() <= 3


def test_an_opaque_colour_beside_the_key_stays(tmp_path: Path) -> None:
    (tmp_path / "key.png").write_bytes(png16(ramp() * 65535, (0,)))
    picture = seen(tmp_path / "key.png")
    assert np.abs(picture[:, 1:] - np.linspace(0, 255, 64)[None, 1:, None])[:, 8:].max() <= 6
