"""An instant by the clocks of a place."""

from __future__ import annotations

import datetime as dt
import zoneinfo

import pytest
import tzfpy
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.decode.container.local_time import load_zones, local_time


@pytest.mark.parametrize(
    ("instant", "place", "local"),
    [
        ("2022-03-12T04:10:00Z", (33.4484, -112.0740), "2022-03-11T21:10:00-07:00"),
        ("2024-05-31T22:30:00Z", (35.6595, 139.7005), "2024-06-01T07:30:00+09:00"),
        ("2024-01-15T12:00:00Z", (51.5007, -0.1246), "2024-01-15T12:00:00+00:00"),
        ("2024-06-01T23:30:00Z", (51.5007, -0.1246), "2024-06-02T00:30:00+01:00"),
        ("2024-06-01T20:00:00Z", (28.6, 77.2), "2024-06-02T01:30:00+05:30"),
        # both sides of the date line, an hour apart by flight
        ("2024-06-01T10:30:00Z", (-21.13, -175.2), "2024-06-01T23:30:00+13:00"),
        ("2024-06-01T10:30:00Z", (-14.28, -170.7), "2024-05-31T23:30:00-11:00"),
        # an hour that the clocks show twice, and one that they leave out
        ("2024-11-03T05:30:00Z", (40.71, -74.0), "2024-11-03T01:30:00-04:00"),
        ("2024-11-03T06:30:00Z", (40.71, -74.0), "2024-11-03T01:30:00-05:00"),
        ("2024-03-10T07:00:00Z", (40.71, -74.0), "2024-03-10T03:00:00-04:00"),
        # Samoa left out a day
        ("2011-12-30T10:00:00Z", (-13.83, -171.76), "2011-12-31T00:00:00+14:00"),
        ("2024-06-01T23:00:00Z", (40.0, -30.0), "2024-06-01T21:00:00-02:00"),  # at sea
        ("2024-06-01T12:00:00Z", (0.0, 180.0), "2024-06-02T00:00:00+12:00"),
        ("9999-12-31T23:00:00Z", (35.6595, 139.7005), "9999-12-31T23:00:00+00:00"),
    ],
)
def test_the_clocks_of_a_place(instant: str, place: tuple[float, float], local: str) -> None:
    assert local_time(dt.datetime.fromisoformat(instant), *place).isoformat() == local


@given(st.floats(-90, 90), st.floats(-180, 180), st.datetimes(timezones=st.just(dt.UTC)))
def test_every_place_has_a_clock_within_a_day_of_utc(
    latitude: float, longitude: float, instant: dt.datetime
) -> None:
    local = local_time(instant, latitude, longitude)
    assert local == instant
    assert abs((local.replace(tzinfo=dt.UTC) - instant).total_seconds()) <= 16 * 3600


def test_every_zone_of_the_map_is_known_without_the_systems_tables() -> None:
    load_zones()
    zoneinfo.ZoneInfo.clear_cache()
    zoneinfo.reset_tzpath(())
    try:
        assert zoneinfo.TZPATH == ()
        for name in tzfpy.timezonenames():
            zoneinfo.ZoneInfo.no_cache(name)
    finally:
        zoneinfo.reset_tzpath()


@pytest.mark.parametrize("name", ["", "Mars/Olympus_Mons"])
def test_longitude_tells_where_the_map_does_not(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tzfpy, "get_tz", lambda _longitude, _latitude: name)
    instant = dt.datetime(2024, 6, 1, 20, tzinfo=dt.UTC)
    assert local_time(instant, 10.0, 139.7).isoformat() == "2024-06-02T05:00:00+09:00"
    assert local_time(instant, 10.0, -180.0).isoformat() == "2024-06-01T08:00:00-12:00"
