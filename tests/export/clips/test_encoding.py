"""The commands for ffmpeg: which times of the file are asked for, and that no name becomes an option."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from mediaindex.export.clips.encoding import (
    contact_sheet,
    copying,
    encoding,
    packet_list,
    suffix_of_copy,
    window_of,
)
from mediaindex.export.cuts.source import Shape, Sound
from tests.support.media import has_ffmpeg
from tests.support.plain_cuts import plain_cut, plain_source

pytestmark = pytest.mark.skipif(not has_ffmpeg(), reason="there is no ffmpeg binary")
PART = Path("/out/.part")


def test_the_window_lies_halfway_between_frames() -> None:
    window = window_of(plain_cut(plain_source(rate=25, container_start=Fraction(2)), 100, 200))
    assert (window.start, window.end) == (Fraction(6), Fraction(10))
    assert (window.first, window.behind) == (Fraction("5.98"), Fraction("9.98"))
    assert window_of(plain_cut(plain_source(rate=25), 0, 1)).first == Fraction("-0.02")
    uneven = window_of(plain_cut(plain_source(stamps=[0, 10, 100, 120]), 2, 3))
    assert (uneven.first, uneven.behind) == (Fraction("0.055"), Fraction("0.11"))


def test_a_clip_is_read_from_a_while_before_it() -> None:
    source = plain_source("/a.mov", sounds=(Sound(1, 8000), Sound(6, 8000)), stream=3)
    command = encoding(plain_cut(source, 500, 600), PART, ".mp4", 10)
    assert command[command.index("-ss") + 1] == "10.000000"
    assert command[command.index("-i") + 1] == "file:/a.mov"
    assert command[-1] == "file:/out/.part" or "file:/out/.part" in command
    graph = command[command.index("-filter_complex") + 1]
    assert "[0:3]trim=end=23.980000:start=19.980000" in graph
    assert "[0:a:0]atrim" in graph
    assert "[0:a:1]atrim" in graph
    assert command[command.index("-b:a:1") + 1] == "576k"
    assert command[command.index("-f") + 1] == "mp4"


def test_a_clip_has_a_timecode_of_its_own() -> None:
    source = plain_source("/a.mov", start_timecode="10:20:30:00")
    command = encoding(plain_cut(source, 100, 200), PART, ".mov", 10)
    assert "timecode=10:20:34:00" in command
    assert "timecode=" in encoding(plain_cut(plain_source(), 100, 200), PART, ".mov", 10)


def test_odd_sides_keep_their_colours() -> None:
    command = encoding(plain_cut(plain_source(shape=Shape(101, 100)), 0, 9), PART, ".mp4", 10)
    assert command[command.index("-pix_fmt") + 1] == "yuv444p"


def test_names_stay_names() -> None:
    cut = plain_cut(plain_source("/-i $(x) %d caf\udce9.mov"), 0, 9)
    for command in (
        encoding(cut, PART, ".mp4", 10),
        copying(cut, PART, ".mov", 0),
        packet_list(cut, 0),
        contact_sheet(cut, PART, 10),
    ):
        assert command.count("file:/-i $(x) %d caf\udce9.mov") == 1
        assert command[command.index("-protocol_whitelist") + 1] == "file"


def test_a_copy_stays_in_a_container_that_holds_it() -> None:
    paths = ("/a.MOV", "/a.mts", "/a.mxf", "/a")
    assert [suffix_of_copy(plain_cut(plain_source(path), 0, 1)) for path in paths] == [
        ".mov",
        ".mts",
        ".mkv",
        ".mkv",
    ]
