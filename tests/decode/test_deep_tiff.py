"""TIFF files of deep colours are read by FFmpeg's decoder, or refused with a remedy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.decode.deep_tiff import read_deep_tiff
from mediaindex.errors import ProbeError
from tests.support.deep_images import ramp, tiff

LIMIT = 1 << 20
GOOD = tiff(ramp(3, 8, 6).astype(np.float32))


@pytest.mark.parametrize("channels", [3, 4])
def test_floats_come_as_they_are(tmp_path: Path, channels: int) -> None:
    values = ramp(channels).astype(np.float32) * 7 - 2
    (tmp_path / "deep.tif").write_bytes(tiff(values))
    np.testing.assert_array_equal(read_deep_tiff(tmp_path / "deep.tif", max_pixels=LIMIT), values)


def test_whole_numbers_come_with_an_alpha_channel(tmp_path: Path) -> None:
    values = (ramp(3) * 65535).astype(np.uint16)
    (tmp_path / "deep.tif").write_bytes(tiff(values, planes_apart=True))
    read = read_deep_tiff(tmp_path / "deep.tif", max_pixels=LIMIT)
    np.testing.assert_array_equal(read[..., :3], values)
    assert (read[..., 3] == 65535).all()


def test_too_many_pixels_are_refused(tmp_path: Path) -> None:
    (tmp_path / "deep.tif").write_bytes(GOOD)
    with pytest.raises(ProbeError, match="cannot be read here"):
        read_deep_tiff(tmp_path / "deep.tif", max_pixels=8 * 6 - 1)


@pytest.mark.parametrize("kind", ["f2", "f8", "u4", "i2"])
def test_numbers_that_ffmpeg_takes_for_others_are_refused(tmp_path: Path, kind: str) -> None:
    (tmp_path / "deep.tif").write_bytes(tiff(ramp(3).astype(kind)))
    with pytest.raises(ProbeError, match=r"a TIFF of \d+ bits a colour that cannot be read here: save it as"):
        read_deep_tiff(tmp_path / "deep.tif", max_pixels=LIMIT)


@given(st.integers(0, len(GOOD) - 1), st.binary(min_size=1, max_size=12), st.integers(5, len(GOOD)))
def test_damage_has_a_reason(
    tmp_path_factory: pytest.TempPathFactory, at: int, noise: bytes, length: int
) -> None:
    path = tmp_path_factory.mktemp("damaged") / "deep.tif"
    path.write_bytes((GOOD[:at] + noise + GOOD[at + len(noise) :])[:length])
    try:
        values = read_deep_tiff(path, max_pixels=LIMIT)
    except ProbeError as refusal:
        assert "save it as PNG" in refusal.reason
    else:
        assert values.shape[2] in (3, 4)
