"""CMX 3600: columns as the standard has them, one list for a rate, drop-frame said where it begins."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

from mediaindex.export.cuts.source import Sound
from mediaindex.export.timelines.edl import Edl
from tests.support.cut_readers import EDIT
from tests.support.otio import read_by_otio
from tests.support.plain_cuts import plain_cut, plain_source

NTSC = Fraction(30000, 1001)


def lines_of(*cuts: object) -> list[str]:
    (document,) = Edl().documents(cuts, "cuts")  # type: ignore[arg-type]
    return document.content.decode().split("\r\n")


def test_the_columns_of_an_edit() -> None:
    camera = plain_source("/shoot/camera clock.mov", 25, start_timecode="10:20:30:00", sounds=())
    assert lines_of(plain_cut(camera, 100, 200, "red", note="why\nso")) == [
        "TITLE: cuts",
        "FCM: NON-DROP FRAME",
        "001  CAMERACL V     C        10:20:34:00 10:20:38:00 01:00:00:00 01:00:04:00",
        "* FROM CLIP NAME: camera clock.mov",
        "* SOURCE FILE: /shoot/camera clock.mov",
        "* COMMENT: red",
        "* COMMENT: why\\nso",
        "",
    ]


def test_channels_of_sound() -> None:
    for channels, column, note in (
        (0, "V", None),
        (1, "B", None),
        (2, "AA/V", None),
        (3, "AA/V", "3"),
        (6, "AA/V", "3    4"),
    ):
        sounds = (Sound(channels, 48_000),) if channels else ()
        lines = lines_of(plain_cut(plain_source("/a", sounds=sounds), 0, 9))
        edit = EDIT.fullmatch(lines[2])
        assert edit is not None
        assert edit["channels"] == column
        assert [line for line in lines if line.startswith("AUD")] == (
            [] if note is None else [f"AUD   {note}"]
        )


def test_drop_frame_is_said_before_the_edits_that_drop() -> None:
    dropping = plain_source("/a", NTSC, start_timecode="00:00:58;00")
    keeping = plain_source("/b", NTSC)
    lines = lines_of(plain_cut(dropping, 50, 70), plain_cut(keeping, 50, 70), plain_cut(keeping, 90, 95))
    told = [line for line in lines if line.startswith(("FCM", "0"))]
    assert told == [
        "FCM: DROP FRAME",
        "001  A        AA/V  C        00:00:59;20 00:01:00;12 01:00:00;00 01:00:00;20",
        "FCM: NON-DROP FRAME",
        "002  B        AA/V  C        00:00:01:20 00:00:02:10 01:00:00:20 01:00:01:10",
        "003  B        AA/V  C        00:00:03:00 00:00:03:05 01:00:01:10 01:00:01:15",
    ]


def test_a_list_for_each_rate_and_for_each_999_edits() -> None:
    cuts = [plain_cut(plain_source("/a"), number, number + 1) for number in range(1000)]
    cuts.append(plain_cut(plain_source("/b", 50), 0, 1))
    documents = Edl().documents(cuts, "cuts")
    assert [(one.stem, str(one.rate), one.cuts) for one in documents] == [
        ("cuts-25-1", "25", 999),
        ("cuts-25-2", "25", 1),
        ("cuts-50", "50", 1),
    ]
    assert re.search(rb"^001  A ", documents[1].content, flags=re.MULTILINE)


def test_faster_films_than_its_timecode_can_count_are_refused() -> None:
    assert Edl().refusal(plain_cut(plain_source("/a", 60), 0, 9)) is None
    assert "120" in (Edl().refusal(plain_cut(plain_source("/a", 120), 0, 9)) or "")


def test_the_adapter_of_opentimelineio_reads_the_same_timecode(tmp_path: Path) -> None:
    camera = plain_source("/camera.mov", 25, start_timecode="10:20:30:00")
    (document,) = Edl().documents([plain_cut(camera, 100, 200), plain_cut(camera, 5, 9)], "cuts")
    clips = read_by_otio(document.content, tmp_path / "cuts.edl", "cmx_3600", rate=25)
    spans = [clip.trimmed_range() for clip in clips]
    assert [(span.start_time.to_timecode(), span.duration.value) for span in spans] == [
        ("10:20:34:00", 100),
        ("10:20:30:05", 4),
    ]
