"""The pictures around one moment: the right ones, and few of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from mediaindex.decode.backends.decoder import Picture
from mediaindex.decode.backends.picture_at import pictures_until
from mediaindex.decode.sampling.policy import MAX_PIXELS
from tests.support.media import Clip, cut_off, film, moving, number_in, write_clip
from tests.support.paths import REPORTED

RATE = 10
LENGTH = 250
GOP = 20


def pictures(path: Path, seconds: float) -> list[Picture]:
    items = pictures_until(path, film(path), seconds, max_pixels=MAX_PIXELS)
    return [item for item in items if isinstance(item, Picture)]


def number_of(picture: Picture) -> int:
    return number_in(picture.scaled(picture.width, picture.height))


@pytest.mark.parametrize(
    ("container", "codec"),
    [
        ("mp4", "libx264"),
        ("mkv", "libx264"),
        ("ts", "libx264"),
        ("avi", "mpeg4"),
        ("webm", "libvpx"),
        ("mov", "mjpeg"),
    ],
)
@pytest.mark.parametrize("seconds", [0.0, 7.34, 18.0, 24.9])
def test_no_more_than_the_stretch_between_two_keyframes_is_decoded(
    tmp_path: Path, container: str, codec: str, seconds: float
) -> None:
    path = write_clip(tmp_path / f"film.{container}", moving(LENGTH), Clip(codec, rate=RATE, gop=GOP))
    found = pictures(path, seconds)
    assert 1 <= len(found) <= GOP + 3
    times = [picture.seconds for picture in found]
    assert times == sorted(times)
    shown = [picture for picture in found if picture.seconds <= seconds + 0.01][-1]
    assert shown.seconds == pytest.approx(seconds, abs=1.01 / RATE)
    assert number_of(shown) == round(shown.seconds * RATE) % 256


def test_a_time_behind_the_end_has_the_last_picture(tmp_path: Path) -> None:
    for name in ("film.mkv", "film.ts", "film.mp4"):
        path = write_clip(tmp_path / name, moving(LENGTH), Clip(rate=RATE, gop=GOP))
        found = pictures(path, 900.0)
        assert found[-1].seconds == pytest.approx((LENGTH - 1) / RATE, abs=0.01)
        assert len(found) <= GOP


def test_one_keyframe_costs_the_film_up_to_the_time(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "film.mkv", moving(LENGTH), Clip(rate=RATE, gop=1000))
    found = pictures(path, 12.0)
    assert number_of(found[-2]) == 120
    assert len(found) <= 122


def test_a_film_that_is_cut_off_before_the_time_has_its_last_picture(tmp_path: Path) -> None:
    path = cut_off(write_clip(tmp_path / "film.mkv", moving(LENGTH), Clip(rate=RATE, gop=GOP)), 0.5)
    (*_, last) = pictures(path, 24.0)
    assert 5.0 < last.seconds < 20.0


@pytest.mark.parametrize("name", ["starts_at_5000.ts", "joined_clock_restarts.ts"])
@pytest.mark.parametrize(("seconds", "colour"), [(1.0, "blue"), (3.9, "blue"), (4.5, "red"), (7.5, "red")])
def test_times_of_a_clock_that_starts_late_or_again(name: str, seconds: float, colour: str) -> None:
    path = REPORTED / "03-ts-offset" / name
    shown = min(pictures(path, seconds), key=lambda picture: abs(picture.seconds - seconds))
    assert shown.seconds == pytest.approx(seconds, abs=0.05)
    red, _green, blue = shown.thumbnail().mean(axis=(0, 1))
    assert ("red" if red > blue else "blue") == colour


def test_what_cannot_be_decoded_gives_nothing(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "film.mkv", moving(30))
    info = film(path)
    path.write_bytes(path.read_bytes()[:600] + bytes(3000))
    assert list(pictures_until(path, info, 1.0, max_pixels=MAX_PIXELS)) == []
