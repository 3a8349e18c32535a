"""FCP7's XML counts in each source's own rate, links pictures with sound, and describes a file once."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

from mediaindex.export.cuts.source import Shape, Sound
from mediaindex.export.timelines.xmeml import Xmeml
from tests.support.otio import frames_in, read_by_otio
from tests.support.plain_cuts import plain_cut, plain_source

FILM, NTSC = Fraction(24000, 1001), Fraction(30000, 1001)
CLIP_ORDER = [
    "masterclipid",
    "name",
    "enabled",
    "duration",
    "rate",
    "start",
    "end",
    "in",
    "out",
    "file",
    "sourcetrack",
]


def written(*cuts: object) -> ElementTree.Element:
    (document,) = Xmeml().documents(cuts, "cuts")  # type: ignore[arg-type]
    return ElementTree.fromstring(document.content)


def test_in_and_out_count_from_the_files_first_frame() -> None:
    camera = plain_source("/camera.mov", 25, 300, start_timecode="10:20:30:00", reel_name="A001")
    root = written(plain_cut(camera, 100, 200, note="why"))
    clip = next(root.iter("clipitem"))
    assert [inner.tag for inner in clip][: len(CLIP_ORDER)] == CLIP_ORDER
    assert [clip.findtext(name) for name in ("start", "end", "in", "out")] == ["0", "100", "100", "200"]
    timecode = root.find(".//file/timecode")
    assert timecode is not None
    assert [timecode.findtext(name) for name in ("string", "frame", "displayformat", "reel/name")] == [
        "10:20:30:00",
        "930750",
        "NDF",
        "A001",
    ]
    assert clip.findtext("comments/mastercomment1") == "why"


def test_rates_are_whole_numbers_slowed_or_not() -> None:
    root = written(*(plain_cut(plain_source(f"/{rate}", rate), 5, 55) for rate in (FILM, Fraction(25), NTSC)))
    clips = root.findall("sequence/media/video/track/clipitem")
    rates = [(clip.findtext("rate/timebase"), clip.findtext("rate/ntsc")) for clip in clips]
    assert rates == [("24", "TRUE"), ("25", "FALSE"), ("30", "TRUE")]
    assert (root.findtext("sequence/rate/timebase"), root.findtext("sequence/rate/ntsc")) == ("30", "TRUE")


def test_each_channel_has_a_clip_and_all_are_linked() -> None:
    surround = plain_source("/a", sounds=(Sound(6, 48_000),))
    root = written(plain_cut(surround, 0, 9), plain_cut(plain_source("/b"), 0, 9))
    tracks = root.findall("sequence/media/audio/track")
    assert [len(track.findall("clipitem")) for track in tracks] == [2, 2, 1, 1, 1, 1]
    ids = {clip.attrib["id"] for clip in root.iter("clipitem")}
    first = next(root.iter("clipitem"))
    links = [link.findtext("linkclipref") for link in first.findall("link")]
    assert len(links) == 7
    assert set(links) <= ids
    assert [track.findtext("clipitem/sourcetrack/trackindex") for track in tracks] == [
        "1",
        "2",
        "3",
        "4",
        "5",
        "6",
    ]


def test_a_link_names_the_place_in_its_track() -> None:
    cuts = [plain_cut(plain_source("/silent", sounds=()), 0, 9), plain_cut(plain_source("/b"), 0, 9)]
    *_, clip = written(*cuts).findall("sequence/media/video/track/clipitem")
    places = [(link.findtext("mediatype"), link.findtext("clipindex")) for link in clip.findall("link")]
    assert places == [("video", "2"), ("audio", "1"), ("audio", "1")]


def test_a_file_is_described_once_and_named_after_that() -> None:
    source = plain_source("/films/a b.mov")
    root = written(plain_cut(source, 0, 9), plain_cut(source, 20, 30))
    files = list(root.iter("file"))
    assert [file.find("pathurl") is not None for file in files] == [True] + [False] * (len(files) - 1)
    assert {file.attrib["id"] for file in files} == {"file-1"}
    assert files[0].findtext("pathurl") == "file://localhost/films/a%20b.mov"


def test_the_shape_by_the_names_that_the_format_has() -> None:
    shapes = [
        (Shape(1920, 1080), "square", "FALSE"),
        (Shape(720, 576, Fraction(16, 15)), "PAL-601", "FALSE"),
        (Shape(720, 576, Fraction(64, 45)), "PAL-601", "TRUE"),
        (Shape(1440, 1080, Fraction(4, 3)), "HD-(1440x1080)", "FALSE"),
    ]
    for shape, name, anamorphic in shapes:
        root = written(plain_cut(plain_source("/a", shape=shape), 0, 9))
        told = root.find("sequence/media/video/format/samplecharacteristics")
        assert told is not None
        assert (told.findtext("pixelaspectratio"), told.findtext("anamorphic")) == (name, anamorphic)
        assert (told.findtext("width"), told.findtext("height")) == (str(shape.width), str(shape.height))


def test_the_adapter_of_opentimelineio_reads_the_same_frames(tmp_path: Path) -> None:
    cuts = [plain_cut(plain_source(f"/films/{rate}.mov", rate, 9000), 1800, 2700) for rate in (25, NTSC)]
    (document,) = Xmeml().documents(cuts, "cuts")
    clips = read_by_otio(document.content, tmp_path / "cuts.xml", "fcp_xml")
    assert [frames_in(clip) for clip in clips] == [(1800, 2700)] * 2
