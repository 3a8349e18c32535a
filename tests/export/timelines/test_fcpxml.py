"""FCPXML has exact times, the order of elements that its DTD demands, and the shape of each source."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import pytest

from mediaindex.export.cuts.source import Shape, Sound
from mediaindex.export.timelines.fcpxml import Fcpxml, seconds
from tests.support.otio import read_by_otio
from tests.support.plain_cuts import plain_cut, plain_source

FILM, NTSC = Fraction(24000, 1001), Fraction(30000, 1001)


def written(*cuts: object) -> ElementTree.Element:
    (document,) = Fcpxml().documents(cuts, "cuts")  # type: ignore[arg-type]
    return ElementTree.fromstring(document.content)


@pytest.mark.parametrize(
    ("frames", "rate", "text"),
    [
        (1, FILM, "1001/24000s"),
        (1, NTSC, "1001/30000s"),
        (1, Fraction(25), "1/25s"),
        (6000, FILM, "6006000/24000s"),
        (930_850, Fraction(25), "37234s"),
        (0, NTSC, "0s"),
    ],
)
def test_times_are_fractions_of_the_rate(frames: int, rate: Fraction, text: str) -> None:
    assert seconds(frames, rate) == text


def test_clips_start_at_the_sources_timecode_and_the_timeline_at_zero() -> None:
    camera = plain_source("/camera.mov", 25, 300, start_timecode="10:20:30:00")
    root = written(plain_cut(camera, 100, 200), plain_cut(camera, 0, 25))
    (asset,) = root.iter("asset")
    first, second = root.iter("asset-clip")
    assert (asset.attrib["start"], asset.attrib["duration"]) == ("37230s", "12s")
    assert [first.attrib[name] for name in ("offset", "start", "duration")] == ["0s", "37234s", "4s"]
    assert [second.attrib[name] for name in ("offset", "start", "duration")] == ["4s", "37230s", "1s"]


def test_every_rate_has_a_format_with_its_frame_duration() -> None:
    cuts = [plain_cut(plain_source(f"/{rate}", rate), 5, 55) for rate in (FILM, Fraction(25), NTSC)]
    root = written(*cuts)
    assert {one.attrib["frameDuration"] for one in root.iter("format")} == {
        "1001/24000s",
        "1/25s",
        "1001/30000s",
    }
    conformed = [clip.find("conform-rate") for clip in root.iter("asset-clip")]
    assert [one is None for one in conformed] == [False, False, True]
    assert [one.attrib["srcFrameRate"] for one in conformed if one is not None] == ["23.98", "25"]


def test_a_note_stands_before_everything_else() -> None:
    root = written(
        plain_cut(plain_source("/a", 24), 0, 9, note="a <note>"), plain_cut(plain_source("/b", 30), 0, 9)
    )
    clip = next(root.iter("asset-clip"))
    assert [inner.tag for inner in clip] == ["note", "conform-rate"]
    assert clip[0].text == "a <note>"


def test_shape_and_sound() -> None:
    shape = Shape(288, 512, Fraction(9, 16), 90)
    root = written(
        plain_cut(plain_source("/a", shape=shape, sounds=(Sound(6, 44_100), Sound(2, 44_100))), 0, 9)
    )
    form, asset, sequence = (next(root.iter(tag)) for tag in ("format", "asset", "sequence"))
    assert [form.attrib[name] for name in ("width", "height", "paspH", "paspV")] == ["288", "512", "9", "16"]
    assert [asset.attrib[name] for name in ("audioSources", "audioChannels", "audioRate")] == [
        "2",
        "8",
        "44100",
    ]
    assert (sequence.attrib["audioLayout"], sequence.attrib["audioRate"]) == ("surround", "44.1k")
    silent = written(plain_cut(plain_source("/a", sounds=()), 0, 9))
    assert "hasAudio" not in next(silent.iter("asset")).attrib
    assert "paspH" not in next(silent.iter("format")).attrib


def test_drop_frame_is_said_of_the_clip_and_of_the_timeline() -> None:
    dropping = plain_source("/a", NTSC, start_timecode="01:00:00;00")
    root = written(plain_cut(dropping, 1795, 1805))
    assert next(root.iter("asset-clip")).attrib["tcFormat"] == "DF"
    assert next(root.iter("sequence")).attrib["tcFormat"] == "DF"


def test_the_adapter_of_opentimelineio_reads_the_same_times(tmp_path: Path) -> None:
    cuts = [plain_cut(plain_source("/films/a.mov", 25, 3000, start_timecode="01:00:00:00"), 100, 200)]
    (document,) = Fcpxml().documents(cuts, "cuts")
    (clip,) = read_by_otio(document.content, tmp_path / "a.fcpxml", "fcpx_xml")
    assert clip.trimmed_range().start_time.to_seconds() == pytest.approx(3604.0)
    assert clip.trimmed_range().duration.to_seconds() == pytest.approx(4.0)
