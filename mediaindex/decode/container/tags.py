"""When, where and with what a recording was made: container tags, read with care.

A device, an editor or an attacker may have written them. A value that cannot be true is ignored; a bad
date or place never costs the file.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from mediaindex.decode.container.local_time import local_time

MAX_TAGS = 128
MAX_KEY_CHARACTERS = 64
MAX_VALUE_CHARACTERS = 1024

# Best first: what the device wrote comes before what an editor wrote at export.
_DATE_KEYS = (
    "com.apple.quicktime.creationdate",
    "date_recorded",
    "datetimeoriginal",
    "date/time original",
    "creation_time",
    "wm/encodingtime",
    "date",
)
_PLACE_KEYS = ("com.apple.quicktime.location.iso6709", "location", "recording_location", "xyz")
_MAKE_KEYS = ("com.apple.quicktime.make", "com.android.manufacturer", "make", "manufacturer")
_MODEL_KEYS = ("com.apple.quicktime.model", "com.android.model", "model", "camera_model")
_REEL_KEYS = ("reel_name", "com.apple.quicktime.reel_name")
_TITLE_KEYS = ("title", "com.apple.quicktime.displayname", "com.apple.quicktime.title")

# Days of clocks that were never set: day zero of QuickTime and of Unix, in any time zone.
_UNSET_DAYS = frozenset({dt.date(1903, 12, 31), dt.date(1904, 1, 1), dt.date(1904, 1, 2)}) | {
    dt.date(1969, 12, 31),
    dt.date(1970, 1, 1),
    dt.date(1970, 1, 2),
}
_EARLIEST_YEAR = 1888  # the oldest surviving film

_DATE = re.compile(
    r"(?P<year>\d{4})[-:./](?P<month>\d{1,2})[-:./](?P<day>\d{1,2})"
    r"(?:[T ]+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?"
    r"\s*(?P<zone>Z|UTC|[+-]\d{2}:?\d{2}|[+-]\d{2})?)?",
    re.ASCII,
)
_COORDINATE = r"([+-]\d{{{0}}}(?:\d{{2}}){{0,2}}(?:\.\d+)?)"
_PLACE = re.compile(_COORDINATE.format(2) + _COORDINATE.format(3) + r"([+-]\d+(?:\.\d+)?)?", re.ASCII)
_TIMECODE = re.compile(r"\d{2}:[0-5]\d:[0-5]\d[:;.]\d{2,3}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Place:
    """Degrees, and metres above the sea where known."""

    latitude: float
    longitude: float
    altitude: float | None = None


@dataclass(frozen=True, slots=True)
class Recording:
    """When, where and with what one file was recorded; fields as in MediaInfo."""

    recorded_at: str | None = None
    recorded_day: str | None = None
    place: Place | None = None
    timecode: str | None = None
    reel_name: str | None = None
    camera: str | None = None
    title: str | None = None


def clean(text: str, limit: int = MAX_VALUE_CHARACTERS) -> str:
    """Text as a person may read it: valid Unicode on one line, at most `limit` characters."""
    text = text[: 4 * limit].encode("utf-8", "replace").decode("utf-8")
    visible = (" " if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") else c for c in text)
    return " ".join("".join(visible).replace("�", "?").split())[:limit]


def clean_tags(*sources: Mapping[str, str]) -> dict[str, str]:
    """The tags of several places as one: keys in lower case, the first value of a key, cleaned, bounded."""
    tags: dict[str, str] = {}
    for source in sources:
        for raw_key, raw_value in source.items():
            key = clean(raw_key, MAX_KEY_CHARACTERS).lower()
            value = clean(raw_value)
            if key and value and key not in tags and len(tags) < MAX_TAGS:
                tags[key] = value
    return tags


def read_recording(container: Mapping[str, str], streams: Iterable[Mapping[str, str]] = ()) -> Recording:
    """The recording that cleaned tags describe; the container's tags come before those of streams."""
    sources = [container, *streams]
    moment = _first_date(sources)
    place = next(filter(None, map(parse_place, _values(sources, _PLACE_KEYS))), None)
    return Recording(
        recorded_at=moment.isoformat().replace("+00:00", "Z") if moment else None,
        recorded_day=_day(moment, sources, place),
        place=place,
        timecode=next(filter(_TIMECODE.fullmatch, _values(sources, ("timecode",))), None),
        reel_name=next(_values(sources, _REEL_KEYS), None),
        camera=_camera(sources),
        title=next(_values(sources, _TITLE_KEYS), None),
    )


def parse_date(text: str) -> dt.datetime | None:
    """A date of a tag: an instant in UTC where a zone is stated, else wall-clock time, else None.

    A date without a time of day gives None: `DATE=2024` is when something was published.
    """
    moment = _parse_local(text)
    return moment.astimezone(dt.UTC) if moment is not None and moment.tzinfo else moment


def parse_place(text: str) -> Place | None:
    """The place of an ISO 6709 text (degrees, with or without minutes and seconds), None where it has none.

    0, 0 gives None: devices write it while they have no satellite fix.
    """
    match = _PLACE.match(text.strip())
    if match is None:
        return None
    latitude = _degrees(match[1], whole_digits=2)
    longitude = _degrees(match[2], whole_digits=3)
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:
        return None
    if latitude == 0 and longitude == 0:
        return None
    altitude = float(match[3]) if match[3] else None
    return Place(latitude, longitude, altitude if altitude is None or abs(altitude) < 100_000 else None)


def _values(sources: Iterable[Mapping[str, str]], keys: tuple[str, ...]) -> Iterator[str]:
    """Values under the keys, best key first, also with a language after it (`location-eng`)."""
    sources = list(sources)
    for key in keys:
        for tags in sources:
            if key in tags:
                yield tags[key]
        localised = re.compile(re.escape(key) + r"-[a-z]{3}")
        for tags in sources:
            yield from (value for name, value in tags.items() if localised.fullmatch(name))


def _first_date(sources: list[Mapping[str, str]]) -> dt.datetime | None:
    return next(filter(None, map(parse_date, _values(sources, _DATE_KEYS))), None)


def _day(moment: dt.datetime | None, sources: list[Mapping[str, str]], place: Place | None) -> str | None:
    """The day in the recording's own zone; what is stated in UTC has that of its place, where known."""
    if moment is None:
        return None
    local = next(m for m in map(_parse_local, _values(sources, _DATE_KEYS)) if m is not None)
    if place is not None and local.utcoffset() == dt.timedelta(0):
        local = local_time(local, place.latitude, place.longitude)
    return local.date().isoformat()


def _parse_local(text: str) -> dt.datetime | None:
    match = _DATE.match(text.strip())
    if match is None or match["hour"] is None:
        return None
    try:
        moment = dt.datetime(
            int(match["year"]),
            int(match["month"]),
            int(match["day"]),
            int(match["hour"]),
            int(match["minute"]),
            int(match["second"] or 0),
            tzinfo=_zone(match["zone"]),
        )
        moment.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None
    plausible = moment.year >= _EARLIEST_YEAR and moment.date() not in _UNSET_DAYS
    return moment if plausible else None


def _zone(text: str | None) -> dt.tzinfo | None:
    if text is None:
        return None
    if text in ("Z", "UTC"):
        return dt.UTC
    sign = -1 if text[0] == "-" else 1
    digits = text[1:].replace(":", "")
    return dt.timezone(sign * dt.timedelta(hours=int(digits[:2]), minutes=int(digits[2:] or 0)))


def _degrees(text: str, *, whole_digits: int) -> float | None:
    """Decimal degrees of ±D.D, ±DM.M or ±DMS.S, told apart by the digits before the point.

    "+4851.462" is 48 degrees and 51.462 minutes.
    """
    sign = -1 if text[0] == "-" else 1
    whole, _, fraction = text[1:].partition(".")
    parts = [whole[:whole_digits], *re.findall("..", whole[whole_digits:])]
    parts[-1] += f".{fraction or 0}"
    degrees, minutes, seconds = [float(part) for part in (*parts, "0", "0")[:3]]
    if minutes >= 60 or seconds >= 60:
        return None
    return sign * (degrees + minutes / 60 + seconds / 3600)


def _camera(sources: list[Mapping[str, str]]) -> str | None:
    make = next(_values(sources, _MAKE_KEYS), "")
    model = next(_values(sources, _MODEL_KEYS), "")
    if model.lower().startswith(make.lower()):
        make = ""
    return clean(f"{make} {model}", 128) or None
