"""OpenTimelineIO and its adapters, as second readers of what `export` writes; not every system has them."""

from __future__ import annotations

import warnings
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest


def read_by_otio(content: bytes, path: Path, adapter: str | None = None, **options: Any) -> list[Any]:
    """The clips of the picture tracks that it reads; the test is skipped where it is not installed."""
    otio = pytest.importorskip("opentimelineio")
    path.write_bytes(content)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own
        read = otio.adapters.read_from_file(str(path), adapter_name=adapter, **options)
    timeline = (
        next(iter(read.find_children(descended_from_type=otio.schema.Timeline)))
        if _is_collection(read)
        else read
    )
    return [clip for track in timeline.video_tracks() for clip in track.find_clips()]


def _is_collection(read: Any) -> bool:
    return bool(type(read).__name__ == "SerializableCollection")


def frames_in(clip: Any) -> tuple[int, int]:
    """The frames of a clip, counted from the start of its media, in its media's rate."""
    start, span = clip.available_range().start_time, clip.trimmed_range()
    rate = Fraction(start.rate).limit_denominator(1001)
    first = Fraction(span.start_time.value) / Fraction(span.start_time.rate).limit_denominator(1001) * rate
    length = Fraction(span.duration.value) / Fraction(span.duration.rate).limit_denominator(1001) * rate
    first -= Fraction(start.value)
    return round(first), round(first + length)
