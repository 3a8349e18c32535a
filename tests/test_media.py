"""The values that walk the corridor check themselves."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex import media
from mediaindex.media import SEGMENT_FRAMES, FileEvent, MediaInfo, Segment

INFO = MediaInfo(6.0, 64, 48, 25.0, "h264", 0, "mov", 0)


def test_a_file_event_needs_an_absolute_path() -> None:
    assert FileEvent(Path("/videos/a.mp4")).kind == "present"
    with pytest.raises(ValueError, match="absolute path"):
        FileEvent(Path("a.mp4"))


@pytest.mark.parametrize("change", [{"rotation": 45}, {"rotation": -90}, {"width": 0}, {"height": -1}])
def test_a_picture_has_a_size_and_a_right_angle(change: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"rotation|picture"):
        dataclasses.replace(INFO, **change)  # type: ignore[arg-type]


@given(st.integers(-2, SEGMENT_FRAMES + 2), st.floats(0, 1e6), st.floats(0, 1e6))
def test_a_segment_has_frames_and_does_not_end_before_it_starts(
    frame_count: int, start: float, end: float
) -> None:
    fits = 1 <= frame_count <= SEGMENT_FRAMES and end >= start
    try:
        made = Segment(start, end, 0, frame_count)
    except ValueError:
        assert not fits
    else:
        assert fits
        assert (made.start_seconds, made.end_seconds, made.frame_count) == (start, end, frame_count)


def test_every_value_is_frozen_and_has_slots() -> None:
    kinds = [kind for kind in vars(media).values() if dataclasses.is_dataclass(kind)]
    assert len(kinds) > 10
    for kind in kinds:
        assert "__slots__" in vars(kind), kind
        assert kind.__dataclass_params__.frozen, kind  # type: ignore[union-attr]


@given(st.integers(-(2**70), 2**70))
def test_every_modification_time_can_be_stored(nanoseconds: int) -> None:
    status = SimpleNamespace(st_size=1, st_mtime_ns=nanoseconds)
    event = FileEvent.of(Path("/a.mp4"), cast("os.stat_result", status))
    assert -(2**63) <= event.mtime_ns < 2**63
    assert event.mtime_ns == nanoseconds or abs(nanoseconds) >= 2**63
