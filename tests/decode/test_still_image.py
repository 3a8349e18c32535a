"""A query image is read in a bounded child process, or refused with a reason."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mediaindex.decode.still_image import ImageReader, read_image
from mediaindex.errors import DecoderDied, MediaError
from tests.support.deep_images import ramp, tiff


def saved(path: Path, size: tuple[int, int] = (64, 48)) -> Path:
    Image.new("RGB", size, (200, 30, 30)).save(path)
    return path


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


def test_one_image_is_read_by_its_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved(tmp_path / "image.png")
    monkeypatch.chdir(tmp_path)
    picture = read_image(Path("image.png"))
    assert picture is not None
    with Image.open(io.BytesIO(picture)) as image:
        assert (image.format, image.size) == ("JPEG", (64, 48))


def test_ffmpeg_is_loaded_within_the_limits_where_an_image_needs_it(tmp_path: Path) -> None:
    (tmp_path / "deep.tif").write_bytes(tiff(ramp(3).astype(np.float32)))
    assert read_image(tmp_path / "deep.tif") is not None
