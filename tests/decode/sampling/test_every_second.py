"""One frame a second by frame number, on films whose frames show their number."""

from __future__ import annotations

from pathlib import Path

import pytest

from mediaindex.decode.sampling.every_second import every_second
from mediaindex.decode.sampling.policy import Sampling
from mediaindex.errors import DecodeError
from tests.support.media import Clip, collect, film, jpeg_pixels, number_in, numbered, write_clip


def numbers(path: Path, last_second: int | None = None) -> list[int]:
    frames = collect(every_second(path, film(path), Sampling(), last_second)).frames
    return [number_in(jpeg_pixels(frame.jpeg)) for frame in frames]


@pytest.mark.parametrize(
    ("count", "last_second", "expected"),
    [(47, None, [0, 10, 20, 30, 40]), (47, 2, [0, 10, 20]), (47, 99, [0, 10, 20, 30, 40]), (5, None, [0])],
)
def test_frame_n_times_the_rate_is_second_n(
    tmp_path: Path, count: int, last_second: int | None, expected: list[int]
) -> None:
    path = write_clip(tmp_path / "clip.mp4", [numbered(n) for n in range(count)], Clip(gop=7))
    assert numbers(path, last_second) == expected


def test_a_broken_rate_is_rounded_down_as_the_published_code_does(tmp_path: Path) -> None:
    """At 12.5 frames a second, the frame of second n is 12 n, a little before it."""
    stamps = [2 * n for n in range(60)]
    path = write_clip(tmp_path / "odd.mkv", [numbered(n) for n in range(60)], Clip(rate=25, stamps=stamps))
    assert film(path).fps == pytest.approx(12.5, abs=0.1)
    assert numbers(path) == [0, 12, 24, 36, 48]


def test_what_holds_no_picture(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4", [numbered(1)] * 3)
    info = film(path)
    data = bytearray(path.read_bytes())
    start = data.index(b"mdat") + 4
    end = start - 8 + int.from_bytes(data[start - 8 : start - 4])
    data[start:end] = bytes(end - start)
    path.write_bytes(bytes(data))
    with pytest.raises(DecodeError):
        list(every_second(path, info, Sampling(), None))
