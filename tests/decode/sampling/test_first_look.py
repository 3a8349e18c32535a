"""The first look at a film: one frame, one segment."""

from __future__ import annotations

from pathlib import Path

import pytest

from mediaindex.decode.sampling.first_look import first_look
from mediaindex.decode.sampling.policy import Sampling
from mediaindex.errors import DecodeError
from mediaindex.media import SampledFrame, Segment, Segmentation
from tests.support.media import Clip, cut_off, film, flat, jpeg_pixels, moving, number_in, write_clip


def look(path: Path, sampling: Sampling | None = None) -> tuple[SampledFrame, Segmentation]:
    frame, segmentation = first_look(path, film(path), sampling or Sampling())
    assert isinstance(frame, SampledFrame)
    assert isinstance(segmentation, Segmentation)
    return frame, segmentation


def test_one_frame_near_the_middle_stands_for_the_whole_film(tmp_path: Path) -> None:
    frame, segmentation = look(write_clip(tmp_path / "clip.mp4", moving(100), Clip(gop=10)))
    assert number_in(jpeg_pixels(frame.jpeg)) == round(frame.seconds * 10)
    assert 2.0 <= frame.seconds <= 7.0
    assert segmentation == Segmentation(10.0, (), (Segment(0.0, 10.0, 0, 1),))


def test_the_policy_bounds_its_size(tmp_path: Path) -> None:
    frame, _ = look(write_clip(tmp_path / "clip.mp4", moving(10)), Sampling(short_side=48))
    assert jpeg_pixels(frame.jpeg).shape == (48, 64, 3)


def test_a_film_whose_pictures_are_gone_gives_an_error(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mkv", [flat(9, 9, 9)] * 30)
    info = film(path)
    path.write_bytes(path.read_bytes()[:600] + bytes(3000))
    with pytest.raises(DecodeError, match="no picture was found at a first look"):
        list(first_look(path, info, Sampling()))


def test_a_film_cut_off_before_its_middle_shows_its_start(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.ts", moving(100), Clip(gop=10))
    info = film(path)
    frame, *_ = first_look(cut_off(path, 0.3), info, Sampling())
    assert isinstance(frame, SampledFrame)
    assert frame.seconds < 5.0
