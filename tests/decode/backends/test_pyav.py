"""The decoder over PyAV: what is its own, beside the contract of test_decoder.py."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from mediaindex.decode.backends import gop_buffer
from mediaindex.decode.backends.decoder import Picture
from mediaindex.decode.backends.pyav import PyavDecoder
from mediaindex.decode.sampling.policy import Sampling
from mediaindex.decode.sampling.sampler import demand
from tests.support.media import Clip, cut_off, extract_here, film, moving, number_in, numbered, write_clip


def decoder_of(path: Path, sampling: Sampling | None = None) -> PyavDecoder:
    info = film(path)
    return PyavDecoder(path, info, demand(sampling or Sampling(), info.duration_seconds))


def pictures_of(path: Path) -> list[Picture]:
    return [item for item in decoder_of(path).scan() if isinstance(item, Picture)]


def number_of(picture: Picture) -> int:
    return number_in(picture.scaled(128, 96))


def test_positions_tell_how_far_the_file_was_read(tmp_path: Path) -> None:
    pictures = [numbered(index, 1280, 720) for index in range(200)]
    path = write_clip(tmp_path / "big.avi", pictures, Clip(codec="ffv1", gop=1))
    path_bytes = path.stat().st_size
    positions = [position.bytes for position in extract_here(path).positions]
    assert positions == sorted(positions)
    assert all(isinstance(position, int) for position in positions)
    edges = [0, *positions, path_bytes]
    assert max(after - before for before, after in pairwise(edges)) <= 8 << 20


def test_keyframes_alone_are_decoded_where_they_are_near_enough(tmp_path: Path) -> None:
    pictures = pictures_of(write_clip(tmp_path / "near.mp4", moving(80), Clip(gop=20)))
    assert [(picture.seconds, picture.keyframe) for picture in pictures] == [
        (0.0, True),
        (2.0, True),
        (4.0, True),
        (6.0, True),
    ]
    assert not any(picture.fills for picture in pictures)


def test_open_gops_of_x265_at_its_usual_interval_are_due(tmp_path: Path) -> None:
    """Pictures before a keyframe are stored after it, so that the first interval has fewer packets."""
    path = tmp_path / "open.mp4"
    with av.open(str(path), "w") as container:
        parameters = {"x265-params": "open-gop=1:keyint=250:scenecut=0:log-level=none", "preset": "ultrafast"}
        stream = container.add_stream("libx265", rate=25, options=parameters)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        for picture in moving(560):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    told = [picture.left_out for picture in pictures_of(path) if picture.left_out is not None]
    assert len(told) == 2
    assert len(told[0].sizes) < 249
    assert all(left_out.is_regular for left_out in told)


def test_packets_tell_of_what_was_left_out(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "near.mp4", moving(100), Clip(gop=20, b_frames=0))
    first, *others = pictures_of(path)[:5]
    assert first.left_out is None
    for before, picture in pairwise([first, *others]):
        left_out = picture.left_out
        assert left_out is not None
        assert len(left_out.sizes) == 19
        assert before.seconds < min(left_out.seconds) < max(left_out.seconds) < picture.seconds
        assert left_out.keyframe_bytes > 0
    assert [picture.left_out is not None and picture.left_out.is_regular for picture in others] == [
        False,
        False,
        True,
        True,
    ]


def test_a_gop_over_the_bounds_is_decoded_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_clip(tmp_path / "one.mp4", moving(200), Clip(gop=1000))
    monkeypatch.setattr(gop_buffer, "MAX_PACKETS", 8)
    pictures = pictures_of(path)
    steps = np.diff([picture.seconds for picture in pictures if picture.fills or picture.keyframe])
    assert len(steps) >= 4
    assert steps.max() <= Sampling().gap_seconds + 0.31


def test_keyframes_alone_over_the_bounds_are_thinned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_clip(tmp_path / "intra.mov", moving(120), Clip(codec="mjpeg", gop=1))
    monkeypatch.setattr(gop_buffer, "MAX_PACKETS", 4)
    pictures = pictures_of(path)
    assert np.diff([picture.seconds for picture in pictures]).max() <= Sampling().gap_seconds + 0.2
    assert all(number_of(picture) == round(picture.seconds * 10) for picture in pictures)


def test_a_gap_is_decoded_from_memory(tmp_path: Path) -> None:
    decoder = decoder_of(write_clip(tmp_path / "near.mp4", moving(80), Clip(gop=20, b_frames=0)))
    before: Picture | None = None
    for item in decoder.scan():
        if isinstance(item, Picture):
            if before is not None:
                inside = list(decoder.between(before, item, lambda _one, _other: 0.0))
                assert [number_of(one) for one in inside[:-1]] == list(
                    range(number_of(before) + 1, number_of(item))
                )
                assert all(one.adjacent for one in inside)
                assert inside[-1].seconds == item.seconds
            before = item


@pytest.mark.parametrize("container", ["mp4", "mkv", "ts"])
def test_a_first_look_seeks_to_the_middle(tmp_path: Path, container: str) -> None:
    path = write_clip(tmp_path / f"clip.{container}", moving(100), Clip(gop=10))
    picture = decoder_of(path).first_look()
    assert picture is not None
    assert 2.0 <= picture.seconds <= 7.0
    assert number_of(picture) == round(picture.seconds * 10)


def test_a_first_look_at_a_film_without_its_second_half_takes_the_start(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.ts", moving(100), Clip(gop=10))
    decoder = decoder_of(path)
    cut_off(path, 0.3)
    picture = decoder.first_look()
    assert picture is not None
    assert picture.seconds < 5.0
