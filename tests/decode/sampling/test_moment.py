"""One moment of a film: what is seen at a time."""

from __future__ import annotations

from pathlib import Path

import pytest

from mediaindex.decode.sampling.moment import moment
from mediaindex.decode.sampling.policy import Sampling
from mediaindex.errors import DecodeError
from mediaindex.media import Position, SampledFrame, Segmentation
from tests.support.media import Clip, collect, film, jpeg_pixels, moving, number_in, numbered, write_clip


def seen(path: Path, seconds: float) -> SampledFrame:
    (frame,) = collect(moment(path, film(path), Sampling(), seconds)).frames
    return frame


@pytest.mark.parametrize(("seconds", "number"), [(0.0, 0), (3.14, 31), (9.9, 99), (500.0, 99)])
def test_the_frame_is_the_one_that_is_seen(tmp_path: Path, seconds: float, number: int) -> None:
    path = write_clip(tmp_path / "clip.mp4", moving(100), Clip(gop=30))
    assert number_in(jpeg_pixels(seen(path, seconds).jpeg)) == number


def test_a_picture_that_stands_is_seen_until_the_next(tmp_path: Path) -> None:
    pictures = [numbered(number) for number in range(3)]
    path = write_clip(
        tmp_path / "slow.mkv", pictures, Clip(rate=1, gop=1, stamps=[0, 3600, 7200], b_frames=0)
    )
    assert seen(path, 3599.0).seconds == 0.0
    assert seen(path, 3600.0).seconds == 3600.0
    assert seen(path, 5000.0).seconds == 3600.0


def test_a_long_way_from_the_keyframe_shows_that_it_is_being_decoded(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "long.mkv", [numbered(1)] * 200, Clip(rate=1, gop=1000))
    items = list(moment(path, film(path), Sampling(), 190.0))
    assert sum(isinstance(item, Position) for item in items) >= 15
    assert isinstance(items[-1], Segmentation)


def test_where_nothing_can_be_decoded_the_error_says_so(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mkv", moving(30))
    info = film(path)
    path.write_bytes(path.read_bytes()[:600] + bytes(3000))
    with pytest.raises(DecodeError, match="no picture was found at this time"):
        list(moment(path, info, Sampling(), 1.0))
