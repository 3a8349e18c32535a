"""A query image comes back as a small upright JPEG, or with a reason."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from mediaindex.decode import still_image
from mediaindex.decode.sandbox.limits import Limits
from mediaindex.decode.sandbox.process import Sandbox
from mediaindex.decode.still_image import SHORT_SIDE, ImageReader, handle, read_image
from mediaindex.errors import DecoderDied, MediaError, ProbeError
from mediaindex.media import MAX_FRAME_SIDE
from tests.support.media import Pixels, jpeg_pixels


def picture_here(path: Path) -> Pixels | None:
    """What the child gives for an image, given in this process."""
    replies = list(handle({"path": str(path)}))
    return jpeg_pixels(replies[0][1]) if replies else None


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


def test_a_strip_has_a_long_side_like_a_frame_of_a_film(tmp_path: Path) -> None:
    picture = picture_here(saved(tmp_path / "strip.png", (9000, 400)))
    assert picture is not None
    assert picture.shape == (182, MAX_FRAME_SIDE, 3)


def test_a_turned_photo_stands_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    picture = picture_here(saved(tmp_path / "turned.jpg", exif=exif))
    assert picture is not None
    assert picture.shape == (64, 48, 3)
    assert picture[8, 24, 2] > 150


def test_a_picture_with_transparency_is_read(tmp_path: Path) -> None:
    Image.new("RGBA", (9, 9), (10, 200, 10, 90)).save(tmp_path / "clear.png")
    assert picture_here(tmp_path / "clear.png") is not None


def test_what_is_no_image_is_none(tmp_path: Path) -> None:
    (tmp_path / "words.png").write_text("words")
    assert picture_here(tmp_path / "words.png") is None


def test_a_damaged_image_has_a_reason(tmp_path: Path) -> None:
    path = saved(tmp_path / "whole.png", (300, 300))
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(ProbeError, match="the image cannot be read"):
        picture_here(path)


def test_too_many_pixels_are_refused_undecoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(still_image, "MAX_PIXELS", 100)
    with pytest.raises(ProbeError, match="64x48 pixels are too many; scale the image down"):
        picture_here(saved(tmp_path / "image.png"))


def test_the_child_reads_many_images_and_outlives_a_damaged_one(tmp_path: Path) -> None:
    good, damaged = saved(tmp_path / "good.png"), saved(tmp_path / "damaged.png", (300, 300))
    damaged.write_bytes(damaged.read_bytes()[:200])
    (tmp_path / "words.png").write_text("words")
    reader = ImageReader()
    first = reader.read(good)
    with pytest.raises(MediaError, match="the image cannot be read"):
        reader.read(damaged)
    assert reader.read(tmp_path / "words.png") is None
    assert first is not None
    assert reader.read(good) == first
    reader.kill()
    with pytest.raises(DecoderDied, match="stopped"):
        reader.read(good)
    reader.close()


def test_what_the_child_sends_must_be_a_picture(hostile: Callable[[Limits], Sandbox]) -> None:
    reader = ImageReader()
    reader._sandbox = hostile(Limits())
    with pytest.raises(DecoderDied, match="nonsense: its picture is damaged"):
        reader.read(Path("/any.png"))
    reader.close()


def test_one_image_is_read_by_its_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved(tmp_path / "image.png")
    monkeypatch.chdir(tmp_path)
    picture = read_image(Path("image.png"))
    assert picture is not None
    with Image.open(io.BytesIO(picture)) as image:
        assert (image.format, image.size) == ("JPEG", (64, 48))
