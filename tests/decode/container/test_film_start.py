"""The start of a film: which stream it is, its times, its first frame."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mediaindex.decode.container import film_start
from mediaindex.decode.container.film_start import read_start
from mediaindex.decode.container.opening import open_container
from mediaindex.errors import ProbeError
from tests.support.media import Clip, cut_off, moving, number_in, numbered, write_clip, write_films


def test_times_ascend_though_packets_are_stored_out_of_order(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4", moving(30), Clip(b_frames=2))
    with open_container(path) as container:
        start = read_start(container, container.streams.video, max_pixels=10**6)
    assert np.diff(np.array(start.frame_times, float)) == pytest.approx(np.full(29, 0.1), abs=1e-6)
    assert start.frame is not None
    assert number_in(np.asarray(start.frame.to_ndarray(format="rgb24"), np.uint8)) == 0


@pytest.mark.parametrize("container_format", ["mp4", "mkv"])
def test_the_stream_with_most_frames_is_the_film(tmp_path: Path, container_format: str) -> None:
    few, many = (moving(3), Clip(codec="mpeg4")), ([numbered(9)] * 30, Clip(codec="mpeg4"))
    with open_container(write_films(tmp_path / f"both.{container_format}", few, many)) as container:
        assert read_start(container, container.streams.video, max_pixels=10**6).film.index == 1


def test_no_more_is_read_than_a_start_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(film_start, "MAX_FILM_PACKETS", 12)
    with open_container(write_clip(tmp_path / "clip.mkv", moving(60))) as container:
        assert len(read_start(container, container.streams.video, max_pixels=10**6).frame_times) == 12


def test_a_film_that_is_cut_off_starts_all_the_same(tmp_path: Path) -> None:
    with open_container(cut_off(write_clip(tmp_path / "clip.mkv", moving(80)), 0.6)) as container:
        start = read_start(container, container.streams.video, max_pixels=10**6)
    assert 0 < len(start.frame_times) < 80
    assert start.frame is not None


def test_a_film_over_the_limit_is_refused(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4", moving(3))
    with (
        open_container(path) as container,
        pytest.raises(ProbeError, match="128x96 pixels are over"),
    ):
        read_start(container, container.streams.video, max_pixels=99)
