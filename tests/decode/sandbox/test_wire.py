"""Messages on the pipe: what comes back as it was, and what is refused."""

from __future__ import annotations

import io
import os
import struct
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.decode.sandbox import wire
from mediaindex.media import (
    MAX_FRAMES,
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

INFO = MediaInfo(
    1.5,
    640,
    480,
    25.0,
    "h264",
    90,
    "mp4",
    0,
    streams=(
        StreamInfo(0, "video", "h264", "en", "t", True, False, False),
        StreamInfo(1, "audio", "aac", channels=6, sample_rate=48_000),
    ),
    frame_rate="30000/1001",
    variable_rate=False,
    film_start="1/3",
    pixel_aspect="16/15",
    reel_name="A001",
    tags={"a": "b"},
)


EVEN = FrameTimes(Fraction(1, 25), Fraction(0), 0, 3, 3, Fraction(25))
VALUES = [
    INFO,
    NotAVideo("no picture stream"),
    SampledFrame(1.0, b"\xff\xd8"),
    Cue(0.0, 1.0, "héllo", "stream 1", "en", True),
    Position(17),
    Segmentation(3.0, (1.0,), (Segment(0.0, 1.0, 0, 1), Segment(1.0, 3.0, 1, 2)), 4),
    FrameTimes(Fraction(1, 600), Fraction(7, 5), 3, 93, 3, None, (3, 33, 63)),
    FrameTimes(Fraction(1, 30_000), Fraction(0), 0, 3003, 3, Fraction(30_000, 1001)),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_values_come_back_from_the_wire(value: wire.Value) -> None:
    stream = io.BytesIO(wire.frame(*wire.pack(value)))
    assert wire.unpack(*wire.receive(stream.read)) == value


@pytest.mark.parametrize(
    "header",
    [
        {},
        {"kind": "Pickle"},
        {"kind": "Position", "bytes": "many"},
        {"kind": "Position", "bytes": True},
        {"kind": "SampledFrame", "seconds": None},
        {"kind": "NotAVideo", "reason": 3},
        {"kind": "Segmentation", "duration_seconds": 1, "cuts": 3, "segments": [], "damaged_packets": 0},
        {"kind": "Segmentation", "duration_seconds": 1, "cuts": [], "segments": 3, "damaged_packets": 0},
        {**wire.pack(INFO)[0], "tags": []},
        {**wire.pack(INFO)[0], "rotation": 45},
        {**wire.pack(INFO)[0], "frame_rate": "1/0"},
        {**wire.pack(INFO)[0], "film_start": "9" * 100},
        {**wire.pack(EVEN)[0], "count": 0},
        {**wire.pack(EVEN)[0], "rate": "0"},
        {**wire.pack(EVEN)[0], "rate": None},
        {**wire.pack(EVEN)[0], "tick": "-1/5"},
    ],
)
def test_fields_of_the_wrong_type_are_refused(header: dict[str, object]) -> None:
    with pytest.raises(wire.WireError):
        wire.unpack(header, b"")


@pytest.mark.parametrize("stamps", [(3, 3), (5, 4), (1,)])
def test_frames_that_are_not_in_order_or_not_all_there_are_refused(stamps: tuple[int, ...]) -> None:
    header = wire.pack(FrameTimes(Fraction(1, 25), Fraction(0), 0, 3, 2, None, (0, 1)))[0]
    with pytest.raises(wire.WireError):
        wire.unpack(header, struct.pack(f"<{len(stamps)}q", *stamps))
    with pytest.raises(wire.WireError):
        wire.unpack(header, b"odd")


@given(st.binary(max_size=64))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    def read_exactly(size: int) -> bytes:
        return (data * 2 + bytes(1 << 16))[: min(size, 1 << 16)]

    try:
        wire.receive(read_exactly)
    except wire.WireError as error:
        assert str(error)


def test_a_message_over_the_limit_is_not_sent() -> None:
    with pytest.raises(wire.WireError, match="limit"):
        wire.frame({}, bytes(wire.MAX_BODY_BYTES + 1))


def test_nonsense_from_the_child_is_a_death() -> None:
    read_end, write_end = os.pipe()
    with os.fdopen(read_end, "rb") as reader, os.fdopen(write_end, "wb") as writer:
        writer.write(b"\xff" * 64)
        writer.flush()
        with pytest.raises(wire.WireError, match="announces"):
            wire.receive(reader.read)


def test_the_longest_outline_fits_into_one_message() -> None:
    times = [86400.0 + number / 3 for number in range(MAX_FRAMES)]
    segments = tuple(Segment(time, time + 1 / 3, number, 1) for number, time in enumerate(times))
    outline = Segmentation(times[-1] + 1, tuple(times), segments, 7)
    assert len(wire.frame(*wire.pack(outline))) < wire.MAX_HEADER_BYTES


@pytest.mark.parametrize(
    "header",
    [{"kind": "NotAVideo", "reason": "half \udcff"}, {"kind": "Position", "bytes": 2**63}],
    ids=["half a surrogate pair", "over 64 bits"],
)
def test_what_no_database_stores_is_nonsense(header: dict[str, object]) -> None:
    with pytest.raises(wire.WireError):
        wire.unpack(header, b"")
