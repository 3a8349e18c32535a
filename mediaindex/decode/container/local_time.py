"""The time of day at a place on earth: which zone its clocks keep, found offline."""

from __future__ import annotations

import datetime as dt
import zoneinfo

import tzfpy


def load_zones() -> None:
    """Build the map of zones (30 MB), which the first question would do otherwise."""
    tzfpy.get_tz(0.0, 0.0)


def local_time(instant: dt.datetime, latitude: float, longitude: float) -> dt.datetime:
    """An instant by the clocks of a place, those at sea included.

    Args:
        instant: with a time zone.
        latitude, longitude: degrees, -90..90 and -180..180.
    """
    try:
        return instant.astimezone(_zone(latitude, longitude))
    except OverflowError:  # the last hours of the year 9999
        return instant


def _zone(latitude: float, longitude: float) -> dt.tzinfo:
    """The place's zone; by longitude alone where the map has a hole or a zone newer than this system's."""
    name = tzfpy.get_tz(longitude, latitude)
    try:
        if name:
            return zoneinfo.ZoneInfo(name)
    except zoneinfo.ZoneInfoNotFoundError:
        pass
    return dt.timezone(dt.timedelta(hours=round(longitude / 15)))
