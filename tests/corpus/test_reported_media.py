"""Small files behind public bug reports: each shows what its report asked for."""

from __future__ import annotations

import numpy as np
import pytest

from mediaindex.media import NotAVideo
from tests.support.media import Extraction, extract_here, film, jpeg_pixels, probe_here
from tests.support.paths import REPORTED


def colours(extraction: Extraction) -> list[tuple[float, str]]:
    """Time and strongest colour of each frame; yellow is red with green."""
    named = []
    for frame in extraction.frames:
        red, green, blue = jpeg_pixels(frame.jpeg).mean(axis=(0, 1))
        strongest = ("red", "green", "blue")[int(np.argmax([red, green, blue]))]
        name = "yellow" if min(red, green) > 150 else strongest
        named.append((frame.seconds, name))
    return named


@pytest.mark.parametrize(
    "name",
    [
        "01-image-track/picture_first.mkv",
        "01-image-track/cover_attached.mp4",
        "03-ts-offset/starts_at_5000.ts",
        "03-ts-offset/joined_clock_restarts.ts",
        "05-interlaced/says_50_is_25.ts",
        "05-interlaced/plain_interlaced.mkv",
    ],
)
def test_blue_for_four_seconds_then_red(name: str) -> None:
    extraction = extract_here(REPORTED / name)
    assert extraction.outline.duration_seconds == pytest.approx(8.0, abs=0.1)
    assert extraction.outline.cuts == pytest.approx([4.0], abs=0.05)
    assert len(extraction.frames) == 4
    for seconds, colour in colours(extraction):
        assert colour == ("blue" if seconds < 3.95 else "red")
        assert seconds < 8.0


@pytest.mark.parametrize("name", ["says_50_is_25.ts", "plain_interlaced.mkv"])
def test_the_rate_counts_pictures_not_fields(name: str) -> None:
    assert film(REPORTED / "05-interlaced" / name).fps == 25.0


def test_a_song_with_a_cover_is_skipped() -> None:
    path = REPORTED / "01-image-track" / "song_with_cover.mp4"
    assert probe_here(path) == NotAVideo("no picture stream")


def test_one_keyframe_in_ten_minutes() -> None:
    extraction = extract_here(REPORTED / "06-one-keyframe" / "ten_minutes.mp4")
    found = colours(extraction)
    assert any(420 <= seconds < 480 for seconds, colour in found if colour == "red")
    assert any(seconds >= 480 for seconds, colour in found if colour == "green")
    assert all((420 <= seconds < 480) == (colour == "red") for seconds, colour in found)
    assert extraction.outline.cuts == pytest.approx([420.0, 480.0], abs=0.25)


@pytest.mark.parametrize(("name", "size"), [("sar_16_9.mp4", (512, 288)), ("sar_16_9_rot90.mp4", (288, 512))])
def test_a_circle_stays_round(name: str, size: tuple[int, int]) -> None:
    path = REPORTED / "07-anamorphic" / name
    assert (film(path).width, film(path).height) == size
    for frame in extract_here(path).frames:
        picture = jpeg_pixels(frame.jpeg)
        assert picture.shape[1] / picture.shape[0] == pytest.approx(size[0] / size[1], abs=0.01)
        rows, columns = np.nonzero(picture.mean(axis=2) > 128)
        assert np.ptp(columns) / np.ptp(rows) == pytest.approx(1.0, abs=0.03)


@pytest.mark.parametrize(
    ("name", "recorded_at", "day", "place"),
    [
        ("zero_date.mp4", None, None, None),
        ("epoch_1970.mp4", None, None, None),
        ("exported_later.mov", "2023-05-14T12:40:12Z", "2023-05-14", None),
        ("date_twice.mov", "2023-05-20T08:15:00Z", "2023-05-20", None),
        ("wall_clock_no_zone.mkv", "2024-02-28T23:41:07", "2024-02-28", None),
        ("utc.mp4", "2024-02-28T23:41:07Z", "2024-02-28", None),
        ("place_null_island.mp4", "2024-02-01T10:00:00Z", "2024-02-01", None),
        ("place_degrees.mp4", "2024-02-02T10:00:00Z", "2024-02-02", (48.8577, 2.2950, None)),
        ("place_deg_minutes.mov", None, None, (48.8577, 2.2950, 35.0)),
        ("place_deg_min_sec.mov", None, None, (-33.85667, 151.21500, None)),
        ("place_impossible.mov", None, None, None),
    ],
)
@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/Los_Angeles"])
def test_dates_and_places(
    name: str,
    recorded_at: str | None,
    day: str | None,
    place: tuple[float, float, float | None] | None,
    zone: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TZ", zone)
    info = film(REPORTED / "09-dates-places" / name)
    assert info.duration_seconds == pytest.approx(1.0)
    assert (info.recorded_at, info.recorded_day) == (recorded_at, day)
    if place is None:
        assert (info.latitude, info.longitude) == (None, None)
    else:
        assert (info.latitude, info.longitude) == pytest.approx(place[:2], abs=1e-4)
        assert info.altitude == place[2]


@pytest.mark.parametrize(
    ("name", "fps", "cuts", "timecode"),
    [
        ("film_23_976.mp4", 24000 / 1001, [250.25, 270.27], None),
        ("video_29_97.mp4", 30000 / 1001, [60.06, 90.09], None),
        ("camera_clock_10h.mov", 25.0, [4.0, 8.0], "10:20:30:00"),
    ],
)
def test_rates_time_codes_and_the_red_moment(
    name: str, fps: float, cuts: list[float], timecode: str | None
) -> None:
    path = REPORTED / "14-edl-timecode" / name
    info = film(path)
    assert info.fps == pytest.approx(fps, abs=1e-9)
    assert info.timecode == timecode
    assert extract_here(path).outline.cuts == pytest.approx(cuts, abs=0.15)
