"""Pictures of a page: small, within a budget, and none where there is none."""

from __future__ import annotations

import base64
import io

from PIL import Image

from mediaindex.learn.report_page.page_data import Picture
from mediaindex.learn.report_page.thumbnails import SIDE, data_uris
from tests.support.made_pages import noise

START = "data:image/jpeg;base64,"


def opened(uri: str) -> Image.Image:
    assert uri.startswith(START)
    return Image.open(io.BytesIO(base64.b64decode(uri.removeprefix(START), validate=True)))


def test_a_picture_is_made_smaller_and_keeps_its_shape() -> None:
    (wide,) = data_uris([Picture("a", jpeg=noise(1, (640, 360)))], 1_000_000)
    assert opened(wide).size == (SIDE, SIDE * 360 // 640)
    (small,) = data_uris([Picture("a", jpeg=noise(1, (64, 48)))], 1_000_000)
    assert opened(small).size == (64, 48)


def test_what_else_the_file_told_is_gone() -> None:
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    written = io.BytesIO()
    Image.new("RGB", (600, 400), "teal").save(written, "JPEG", exif=exif, comment=b"at home")
    (uri,) = data_uris([Picture("a", jpeg=written.getvalue())], 1_000_000)
    assert b"home" in written.getvalue()
    assert b"home" not in base64.b64decode(uri.removeprefix(START))


def test_the_first_pictures_have_the_budget() -> None:
    pictures = [Picture("a", jpeg=noise(number)) for number in range(4)]
    (first,) = data_uris(pictures[:1], 1_000_000)
    uris = data_uris(pictures, int(2.5 * len(first)))
    assert [bool(uri) for uri in uris] == [True, True, False, False]
    assert sum(map(len, uris)) <= 2.5 * len(first)
    assert data_uris(pictures, 0) == [""] * 4


def test_what_is_no_picture_has_none() -> None:
    assert data_uris([None, Picture("a"), Picture("a", jpeg=b"no jpeg")], 1_000_000) == ["", "", ""]
