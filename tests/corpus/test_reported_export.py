"""Case 14 of the public reports: times of EDL, FCPXML and OTIO at 23.976, 29.97 and with a camera's clock."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.support.commands import Commands

pytestmark = [pytest.mark.corpus, pytest.mark.usefixtures("kept_decoders")]
FILES = {
    "film_23_976.mp4": ("250.25-270.27", "00:04:10:00 00:04:30:00", 480),
    "video_29_97.mp4": ("60.06-90.09", "00:01:00:00 00:01:30:00", 900),
    "camera_clock_10h.mov": ("4-8", "10:20:34:00 10:20:38:00", 100),
}


@pytest.fixture
def commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Commands:
    return Commands(tmp_path / "library", capsys)


def cuts(shared: Path) -> list[str]:
    folder = shared / "corpus/reported/14-edl-timecode"
    return [f"--cut={folder / name}@{span}" for name, (span, *_) in FILES.items()]


def test_edit_decision_lists(shared: Path, commands: Commands, tmp_path: Path) -> None:
    answer = commands("export", "--format", "edl", "--out", tmp_path / "lists", *cuts(shared))
    texts = [Path(row["path"]).read_text() for row in answer["files"]]
    for name, (_span, source, length) in FILES.items():
        (text,) = (text for text in texts if name in text)
        assert "FCM: NON-DROP FRAME" in text
        assert source in text
        base = 24 if "film" in name else 25 if "camera" in name else 30
        record = f"01:00:{length // base:02}:{length % base:02}"
        assert text.splitlines()[2].endswith(f" 01:00:00:00 {record}")


def test_fcpxml(shared: Path, commands: Commands, tmp_path: Path) -> None:
    commands("export", "--format", "fcpxml", "--out", tmp_path / "a.fcpxml", *cuts(shared))
    root = ElementTree.parse(tmp_path / "a.fcpxml").getroot()
    durations = {one.attrib["id"]: one.attrib["frameDuration"] for one in root.iter("format")}
    assert set(durations.values()) == {"1001/24000s", "1001/30000s", "1/25s"}
    film, video, camera = root.iter("asset-clip")
    assert [clip.attrib["start"] for clip in (film, video, camera)] == [
        "6006000/24000s",
        "1801800/30000s",
        "37234s",
    ]
    seconds = [Fraction(clip.attrib["duration"][:-1]) for clip in (film, video, camera)]
    assert [
        round(length * rate)
        for length, rate in zip(
            seconds, (Fraction(24000, 1001), Fraction(30000, 1001), Fraction(25)), strict=True
        )
    ] == [480, 900, 100]
    assets = [one.attrib["start"] for one in root.iter("asset")]
    assert assets == ["0s", "0s", "37230s"]
    assert film.attrib["offset"] == "0s"


def test_otio(shared: Path, commands: Commands, tmp_path: Path) -> None:
    commands("export", "--format", "otio", "--out", tmp_path / "a.otio", *cuts(shared))
    clips = json.loads((tmp_path / "a.otio").read_bytes())["tracks"]["children"][0]["children"]
    spans = [clip["source_range"] for clip in clips]
    assert [(span["start_time"]["value"], span["duration"]["value"]) for span in spans] == [
        (6000, 480),
        (1800, 900),
        (930_850, 100),
    ]
    assert spans[0]["start_time"]["rate"] == pytest.approx(24000 / 1001)
    available = clips[2]["media_references"]["DEFAULT_MEDIA"]["available_range"]["start_time"]
    assert (available["value"], available["rate"]) == (930_750, 25)


def test_every_other_format_takes_the_same_frames(shared: Path, commands: Commands, tmp_path: Path) -> None:
    commands("export", "--format", "csv", "--out", tmp_path / "a.csv", *cuts(shared))
    rows = [line.split(",") for line in (tmp_path / "a.csv").read_text().splitlines()[1:]]
    assert [(int(row[3]), int(row[4])) for row in rows] == [(6000, 6480), (1800, 2700), (100, 200)]
    by_timecode = f"--cut={re.sub('@.*', '', cuts(shared)[2].removeprefix('--cut='))}@10:20:34:00-10:20:38:00"
    commands("export", "--format", "csv", "--out", tmp_path / "b.csv", by_timecode)
    assert (tmp_path / "b.csv").read_text().splitlines()[1].split(",")[3:5] == ["100", "200"]


def test_a_clock_that_starts_late_or_counts_fields(shared: Path, commands: Commands, tmp_path: Path) -> None:
    reported = shared / "corpus/reported"
    late = next(reported.glob("03-*")) / "starts_at_5000.ts"
    fields = next(reported.glob("05-*")) / "says_50_is_25.ts"
    commands(
        "export", "--format", "json", "--out", tmp_path / "a.json", f"--cut={late}@4-8", f"--cut={fields}@4-8"
    )
    rows = json.loads((tmp_path / "a.json").read_bytes())["cuts"]
    assert [(row["in_frame"], row["out_frame"], row["rate"]) for row in rows] == [(100, 200, "25")] * 2
