"""Messages between a bounded child process and its parent: a JSON header and raw bytes, never pickles.

On the pipe: header length and body length (two little-endian uint32), header, body. The reader trusts
nothing: it bounds the lengths and checks every field before it becomes a value.
"""

from __future__ import annotations

import json
import math
import re
import struct
from collections.abc import Callable, Mapping
from dataclasses import asdict
from fractions import Fraction

from mediaindex.media import (
    MAX_CUE_CHARACTERS,
    Cue,
    FrameTimes,
    MediaInfo,
    NotAVideo,
    Position,
    SampledFrame,
    Segment,
    Segmentation,
    StreamInfo,
)

LENGTHS = struct.Struct("<II")
MAX_HEADER_BYTES = 16 << 20
MAX_BODY_BYTES = 32 << 20
LARGEST = 2**63 - 1

MAX_FRACTION_CHARACTERS = 41
_FRACTION = re.compile(r"-?\d{1,19}(?:/0*[1-9]\d{0,18})?", re.ASCII)
MAX_STAMPS = MAX_BODY_BYTES // 8
_STAMP = "<{}q"

Value = MediaInfo | NotAVideo | SampledFrame | Cue | Position | Segmentation | FrameTimes
Message = tuple[dict[str, object], bytes]


class WireError(ValueError):
    """Bytes or fields that no honest peer sends."""


def frame(header: Mapping[str, object], body: bytes = b"") -> bytes:
    """The bytes of one message."""
    text = json.dumps(header, allow_nan=False).encode("ascii")
    if len(text) > MAX_HEADER_BYTES or len(body) > MAX_BODY_BYTES:
        raise WireError(f"a message of {len(text)} + {len(body)} bytes is over the limit")
    return LENGTHS.pack(len(text), len(body)) + text + body


def receive(read_exactly: Callable[[int], bytes]) -> Message:
    """The next message, read through `read_exactly`.

    Raises:
        WireError: lengths over the limit, or a header that is not a JSON object.
    """
    header_bytes, body_bytes = LENGTHS.unpack(read_exactly(LENGTHS.size))
    if header_bytes > MAX_HEADER_BYTES or body_bytes > MAX_BODY_BYTES:
        raise WireError(f"a message announces {header_bytes} + {body_bytes} bytes")
    try:
        header = json.loads(read_exactly(header_bytes))
    except (ValueError, RecursionError) as error:
        raise WireError("a message header is not JSON") from error
    if not isinstance(header, dict):
        raise WireError("a message header is not an object")
    return header, read_exactly(body_bytes)


def pack(value: Value) -> Message:
    """The message that carries `value`; `unpack` is its inverse."""
    if isinstance(value, SampledFrame):
        return {"kind": "SampledFrame", "seconds": value.seconds}, value.jpeg
    if isinstance(value, FrameTimes):
        return _packed_times(value)
    return {"kind": type(value).__name__, **asdict(value)}, b""


def unpack(header: Mapping[str, object], body: bytes) -> Value:
    """The value in a message.

    Raises:
        WireError: an unknown kind, or a field that is missing or of the wrong type.
    """
    try:
        return _READERS[str(header["kind"])](header, body)
    except (KeyError, TypeError, ValueError, struct.error) as error:
        raise WireError(f"a message cannot be read: {error!r}") from error


def _packed_times(times: FrameTimes) -> Message:
    header: dict[str, object] = {
        "kind": "FrameTimes",
        "tick": str(times.tick),
        "container_start": str(times.container_start),
        "first": times.first,
        "end": times.end,
        "count": times.count,
        "rate": None if times.rate is None else str(times.rate),
    }
    return header, struct.pack(_STAMP.format(len(times.stamps)), *times.stamps)


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TypeError(f"{value!r} is not a number")
    return float(value)


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not -LARGEST <= value <= LARGEST:
        raise TypeError(f"{value!r} is not a whole number")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not text")
    value.encode()  # halves of surrogate pairs, which no database stores, are a ValueError
    return value


def _optional_whole(value: object) -> int | None:
    return None if value is None else _whole(value)


def _optional_number(value: object) -> float | None:
    return None if value is None else _number(value)


def _optional_text(value: object) -> str | None:
    return None if value is None else _text(value)


def _fraction(value: object) -> Fraction:
    """A fraction that was written as text; SQLite and this program hold parts of 64 bits."""
    text = _text(value)
    if len(text) > MAX_FRACTION_CHARACTERS or not _FRACTION.fullmatch(text):
        raise ValueError(f"{text[:MAX_FRACTION_CHARACTERS]!r} is not a fraction")
    return Fraction(text)


def _optional_fraction_text(value: object) -> str | None:
    return None if value is None else str(_fraction(value))


def _rows(value: object) -> list[Mapping[str, object]]:
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise TypeError(f"{value!r} is not a list of objects")
    return value


def _stream(row: Mapping[str, object]) -> StreamInfo:
    return StreamInfo(
        index=_whole(row["index"]),
        kind=_text(row["kind"]),
        codec=_text(row["codec"]),
        language=_optional_text(row["language"]),
        title=_optional_text(row["title"]),
        default=bool(row["default"]),
        forced=bool(row["forced"]),
        attached_picture=bool(row["attached_picture"]),
        channels=_optional_whole(row["channels"]),
        sample_rate=_optional_whole(row["sample_rate"]),
    )


def _media_info(row: Mapping[str, object], _: bytes) -> MediaInfo:
    tags = row["tags"]
    if not isinstance(tags, dict):
        raise TypeError("tags are not an object")
    return MediaInfo(
        duration_seconds=_optional_number(row["duration_seconds"]),
        width=_whole(row["width"]),
        height=_whole(row["height"]),
        fps=_optional_number(row["fps"]),
        codec=_text(row["codec"]),
        rotation=_whole(row["rotation"]),
        container=_text(row["container"]),
        video_stream=_whole(row["video_stream"]),
        streams=tuple(_stream(stream) for stream in _rows(row["streams"])),
        recorded_at=_optional_text(row["recorded_at"]),
        recorded_day=_optional_text(row["recorded_day"]),
        latitude=_optional_number(row["latitude"]),
        longitude=_optional_number(row["longitude"]),
        altitude=_optional_number(row["altitude"]),
        timecode=_optional_text(row["timecode"]),
        camera=_optional_text(row["camera"]),
        title=_optional_text(row["title"]),
        frame_rate=_optional_fraction_text(row["frame_rate"]),
        variable_rate=None if row["variable_rate"] is None else bool(row["variable_rate"]),
        film_start=_optional_fraction_text(row["film_start"]),
        pixel_aspect=_optional_fraction_text(row["pixel_aspect"]),
        reel_name=_optional_text(row["reel_name"]),
        tags={_text(key): _text(value) for key, value in tags.items()},
    )


def _cue(row: Mapping[str, object], _: bytes) -> Cue:
    if len(_text(row["text"])) > MAX_CUE_CHARACTERS:
        raise ValueError("a cue is too long")
    return Cue(
        start_seconds=_number(row["start_seconds"]),
        end_seconds=_number(row["end_seconds"]),
        text=_text(row["text"]),
        source=_text(row["source"]),
        language=_optional_text(row["language"]),
        forced=bool(row["forced"]),
    )


def _segment(row: Mapping[str, object]) -> Segment:
    return Segment(
        start_seconds=_number(row["start_seconds"]),
        end_seconds=_number(row["end_seconds"]),
        first_frame=_whole(row["first_frame"]),
        frame_count=_whole(row["frame_count"]),
    )


def _segmentation(row: Mapping[str, object], _: bytes) -> Segmentation:
    cuts = row["cuts"]
    if not isinstance(cuts, list):
        raise TypeError("cuts are not a list")
    return Segmentation(
        duration_seconds=_number(row["duration_seconds"]),
        cuts=tuple(_number(cut) for cut in cuts),
        segments=tuple(_segment(segment) for segment in _rows(row["segments"])),
        damaged_packets=_whole(row["damaged_packets"]),
    )


def _frame_times(row: Mapping[str, object], body: bytes) -> FrameTimes:
    stamps = struct.unpack(_STAMP.format(len(body) // 8), body)
    return FrameTimes(
        tick=_fraction(row["tick"]),
        container_start=_fraction(row["container_start"]),
        first=_whole(row["first"]),
        end=_whole(row["end"]),
        count=_whole(row["count"]),
        rate=None if row["rate"] is None else _fraction(row["rate"]),
        stamps=stamps,
    )


_READERS: dict[str, Callable[[Mapping[str, object], bytes], Value]] = {
    "MediaInfo": _media_info,
    "NotAVideo": lambda row, _: NotAVideo(_text(row["reason"])),
    "SampledFrame": lambda row, body: SampledFrame(_number(row["seconds"]), body),
    "Cue": _cue,
    "Position": lambda row, _: Position(_whole(row["bytes"]), _number(row["seconds"])),
    "Segmentation": _segmentation,
    "FrameTimes": _frame_times,
}
