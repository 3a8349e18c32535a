"""The decoder of a film is bounded, and gives its transparency."""

from __future__ import annotations

from pathlib import Path

import av
import av.error
import numpy as np
import pytest

from mediaindex.decode.container.film_codec import alpha_decoder, alpha_is_padding, bounded_codec
from tests.support.media import flat, moving, write_clip
from tests.support.tagged_films import Coding, write_tagged

CLEAR = np.dstack([flat(20, 200, 20), np.zeros((96, 128), np.uint8)])


def first_frame(path: Path, max_pixels: int = 1 << 20) -> av.VideoFrame:
    with av.open(str(path)) as container:
        (film,) = container.streams.video
        codec = bounded_codec(film, max_pixels)
        assert codec.thread_count == 1
        return next(frame for packet in container.demux(film) for frame in codec.decode(packet))


def test_an_ordinary_film_has_its_own_decoder(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4", moving(3))
    with av.open(str(path)) as container:
        assert alpha_decoder(container.streams.video[0]) is None
    assert first_frame(path).format.name == "yuv420p"


@pytest.mark.parametrize(("pixel_format", "name"), [("yuva420p", "libvpx-vp9"), ("yuv420p", None)])
def test_transparent_webm_has_one_that_decodes_it(
    tmp_path: Path, pixel_format: str, name: str | None
) -> None:
    path = write_tagged(tmp_path / "clip.webm", CLEAR, Coding("libvpx-vp9", pixel_format))
    with av.open(str(path)) as container:
        assert alpha_decoder(container.streams.video[0]) == name
    assert first_frame(path).format.name == pixel_format


@pytest.mark.parametrize("codec", ["libx264", "libvpx-vp9"])
def test_pictures_over_the_limit_are_refused(tmp_path: Path, codec: str) -> None:
    pixel_format = "yuva420p" if codec == "libvpx-vp9" else "yuv420p"
    path = write_tagged(tmp_path / "clip.mkv", CLEAR, Coding(codec, pixel_format))
    with pytest.raises(av.error.FFmpegError):
        first_frame(path, max_pixels=128 * 96 - 1)


@pytest.mark.parametrize(
    ("name", "codec", "pixel_format", "expected"),
    [
        ("clip.avi", "rawvideo", "bgra", True),
        ("clip.avi", "utvideo", "gbrap", False),
        ("clip.mov", "rawvideo", "argb", False),
    ],
)
def test_only_raw_avi_has_a_byte_that_means_nothing(
    tmp_path: Path, name: str, codec: str, pixel_format: str, expected: bool
) -> None:
    path = write_tagged(tmp_path / name, CLEAR, Coding(codec, pixel_format))
    with av.open(str(path)) as container:
        assert alpha_is_padding(container, container.streams.video[0]) is expected
