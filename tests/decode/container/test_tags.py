"""Tags → dates, places, cameras, time codes."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.decode.container.tags import (
    MAX_TAGS,
    MAX_VALUE_CHARACTERS,
    clean,
    clean_tags,
    parse_date,
    parse_place,
    read_recording,
)


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("2023-05-20T08:15:00.000000Z", "2023-05-20T08:15:00+00:00"),
        ("2023-05-20T08:15:00.000000Z;2023-05-20T08:15:00Z", "2023-05-20T08:15:00+00:00"),
        ("2023-05-14T21:40:12+0900", "2023-05-14T12:40:12+00:00"),
        ("2023-05-14T21:40:12-07:30", "2023-05-15T05:10:12+00:00"),
        ("2024-02-28 23:41:07", "2024-02-28T23:41:07"),
        ("2024:02:28 23:41", "2024-02-28T23:41:00"),
        ("1970-01-01T00:00:00Z", None),
        ("1904-01-01T00:00:00Z", None),
        ("0000-00-00T00:00:00Z", None),
        ("2024-13-41T25:61:61Z", None),
        ("2024", None),
        ("0001-01-01T00:00:00+23:59", None),
        ("", None),
    ],
)
def test_dates_are_instants_with_a_zone_and_wall_clock_without(text: str, right: str | None) -> None:
    assert parse_date(text) == (None if right is None else dt.datetime.fromisoformat(right))


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("+48.8577+002.2950/", (48.8577, 2.2950, None)),
        ("+4851.462+00217.700+035.000/", (48.8577, 2.2950, 35.0)),
        ("-335124.0+1511254.0/", (-33.85667, 151.21500, None)),
        ("+00.0000+000.0000/", None),
        ("+91.0000+181.0000/", None),
        ("+4861.0+00217.7/", None),
        ("+48.8577+002.2950+9999999/", (48.8577, 2.2950, None)),
        ("Paris", None),
    ],
)
def test_places_in_every_form_of_iso_6709(text: str, right: tuple[float, float, float | None] | None) -> None:
    place = parse_place(text)
    if right is None:
        assert place is None
    else:
        assert place is not None
        assert (place.latitude, place.longitude) == pytest.approx(right[:2], abs=1e-4)
        assert place.altitude == right[2]


@given(st.text())
def test_no_text_breaks_a_parser(text: str) -> None:
    parse_date(text)
    parse_place(text)
    clean(text).encode("utf-8")


@given(st.floats(-90, 90), st.floats(-180, 180))
def test_decimal_degrees_come_back(latitude: float, longitude: float) -> None:
    place = parse_place(f"{latitude:+09.5f}{longitude:+010.5f}/")
    if place is not None:
        assert (place.latitude, place.longitude) == pytest.approx((latitude, longitude), abs=1e-4)


def test_tags_are_bounded_and_readable() -> None:
    tags = clean_tags({f"Key-{i}": "x" * 9000 for i in range(500)}, {"bell": "a\x07\x1b[31mb\udce9\u2028c"})
    assert len(tags) == MAX_TAGS
    assert all(len(value) <= MAX_VALUE_CHARACTERS for value in tags.values())
    assert all(key == key.lower() for key in tags)
    assert clean_tags({"bell": "a\x07\x1b[31mb\udce9\u2028c"})["bell"] == "a [31mb? c"


def test_the_camera_clock_comes_before_the_export() -> None:
    tags = {
        "creation_time": "2023-05-20T08:15:00Z",
        "com.apple.quicktime.creationdate": "2023-05-14T23:40:12+0900",
    }
    recording = read_recording(tags)
    assert (recording.recorded_at, recording.recorded_day) == ("2023-05-14T14:40:12Z", "2023-05-14")


def test_the_day_is_the_one_of_the_recordings_own_zone() -> None:
    recording = read_recording({"date": "2024-01-01T03:00:00+09:00"})
    assert (recording.recorded_at, recording.recorded_day) == ("2023-12-31T18:00:00Z", "2024-01-01")


@pytest.mark.parametrize(
    ("date", "place", "day"),
    [
        ("2022-03-12T04:10:00Z", "+33.4484-112.0740/", "2022-03-11"),
        ("2024-05-31T22:30:00.000000Z", "+35.6595+139.7005/", "2024-06-01"),
        ("2024-05-31 22:30:00 UTC", "+35.6595+139.7005/", "2024-06-01"),
        ("2024-05-31T22:30:00+00:00", "+35.6595+139.7005/", "2024-06-01"),
        ("2024-06-01T12:00:00Z", "+51.5007-000.1246/", "2024-06-01"),
        ("2024-05-31T22:30:00Z", "+00.0000+000.0000/", "2024-05-31"),
        ("2024-05-31T22:30:00Z", "+91.0000+181.0000/", "2024-05-31"),
        ("2024-05-31T22:30:00Z", None, "2024-05-31"),
        ("2024-05-31T22:30:00+0200", "+35.6595+139.7005/", "2024-05-31"),
        ("2024-05-31 22:30:00", "+35.6595+139.7005/", "2024-05-31"),
    ],
)
@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo"])
def test_an_instant_in_utc_has_the_day_of_its_place(
    date: str, place: str | None, day: str, zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", zone)
    tags = {"creation_time": date, **({} if place is None else {"location": place})}
    assert read_recording({}, [tags]).recorded_day == day
    own = {"com.apple.quicktime.creationdate": "2020-01-02T03:04:05+0900"}
    assert read_recording({**tags, **own}).recorded_day == "2020-01-02", (
        "the recording's own clock comes first"
    )


def test_an_unset_clock_gives_way_to_a_later_field() -> None:
    recording = read_recording({"creation_time": "1970-01-01T00:00:00Z", "date": "2020-06-01 10:00:00"})
    assert recording.recorded_at == "2020-06-01T10:00:00"


def test_camera_timecode_title_and_localised_keys() -> None:
    recording = read_recording(
        {"make-fra": "Apple", "com.apple.quicktime.model": "Apple iPhone 15", "title": "Sea"},
        [{"timecode": "no"}, {"timecode": "10:20:30;00", "location-eng": "+10.0+010.0/"}],
    )
    assert (recording.camera, recording.title) == ("Apple iPhone 15", "Sea")
    assert recording.timecode == "10:20:30;00"
    assert read_recording({}, [{}, {"reel_name": "A001C002"}]).reel_name == "A001C002"
    assert recording.place is not None
    assert read_recording({"make": "Sony", "model": "A7"}).camera == "Sony A7"
    assert read_recording({}).camera is None
