"""Readers of every format that `export` writes, made apart from its writers, by the standards.

Each gives the cuts as the editor would have them: a file, when its first frame is shown, and when its last$
one is. Times count from the file's first frame, unless the format counts as players do.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from urllib.parse import unquote_to_bytes
from xml.etree import ElementTree

EDIT = re.compile(
    r"(?P<number>\d{3})  (?P<reel>[A-Z0-9_]{1,8}) +(?P<channels>V|B|AA/V) +C        "
    r"(?P<times>\d\d:\d\d:\d\d[:;]\d\d \d\d:\d\d:\d\d[:;]\d\d \d\d:\d\d:\d\d[:;]\d\d \d\d:\d\d:\d\d[:;]\d\d)"
)
XSPF = "{http://xspf.org/ns/0/}"
VLC = "{http://www.videolan.org/vlc/playlist/ns/0/}"


@dataclass(frozen=True, slots=True)
class ReadCut:
    """A cut as an editor has it.

    Attributes:
        last: when the last frame is shown; it may be any time at which that is.
        counts_as_players: whether times count from the container's start.
    """

    path: str
    start: Fraction
    last: Fraction
    counts_as_players: bool = False


@cache
def timecodes(frames: int, *, drop: bool, minutes: int) -> Mapping[str, int]:
    """The count of each timecode from 00:00:00:00 on, counted one after the other."""
    counts: dict[str, int] = {}
    count = 0
    for minute in range(minutes):
        for second in range(60):
            for frame in range(frames):
                if drop and minute % 10 and not second and frame < frames // 15:
                    continue
                mark = ";" if drop else ":"
                counts[f"{minute // 60:02}:{minute % 60:02}:{second:02}{mark}{frame:02}"] = count
                count += 1
    return counts


def count_of(timecode: str, rate: Fraction) -> int:
    """The count of a timecode, by adding up the minutes before it."""
    frames = -(-rate.numerator // rate.denominator)
    left_out = frames // 15 if ";" in timecode else 0
    hours, minutes, seconds, frame = map(int, re.split("[:;]", timecode))
    lengths = [60 * frames - (left_out if minute % 10 else 0) for minute in range(60 * hours + minutes + 1)]
    first = left_out if minutes % 10 else 0
    return sum(lengths[:-1]) + seconds * frames + frame - first


def path_of(url: str) -> str:
    """The path of a file: URL."""
    match = re.fullmatch(r"file://(localhost)?(/.*)", url)
    assert match is not None, url
    return unquote_to_bytes(match[2]).decode("utf-8", "surrogateescape")


def read_otio(content: bytes) -> Iterator[ReadCut]:
    timeline = json.loads(content)
    track = next(one for one in timeline["tracks"]["children"] if one["kind"] == "Video")
    for clip in track["children"]:
        media = clip["media_references"][clip["active_media_reference_key"]]
        span, available = clip["source_range"], media["available_range"]["start_time"]
        rate = Fraction(span["start_time"]["rate"]).limit_denominator(1001)
        assert {available["rate"], span["duration"]["rate"]} == {span["start_time"]["rate"]}
        first = int(span["start_time"]["value"]) - int(available["value"])
        yield ReadCut(
            path_of(media["target_url"]), first / rate, (first + int(span["duration"]["value"]) - 1) / rate
        )


def seconds_in(text: str) -> Fraction:
    """A time of FCPXML."""
    assert text.endswith("s")
    return Fraction(text[:-1])


def read_fcpxml(content: bytes) -> Iterator[ReadCut]:
    root = ElementTree.fromstring(content)
    durations = {one.attrib["id"]: seconds_in(one.attrib["frameDuration"]) for one in root.iter("format")}
    assets = {one.attrib["id"]: one for one in root.iter("asset")}
    (sequence,) = root.iter("sequence")
    frame_of_sequence = durations[sequence.attrib["format"]]
    end = seconds_in(sequence.attrib["tcStart"])
    for clip in root.iter("asset-clip"):
        asset = assets[clip.attrib["ref"]]
        frame = durations[asset.attrib["format"]]
        offset, start, length = (seconds_in(clip.attrib[name]) for name in ("offset", "start", "duration"))
        assert offset == end
        end = offset + length
        for time in (offset, length):
            assert (time / frame_of_sequence).denominator == 1, "not on a frame of the timeline"
        first = (start - seconds_in(asset.attrib["start"])) / frame
        assert first.denominator == 1, "not on a frame of the source"
        frames = round(length / frame)
        yield ReadCut(path_of(asset.attrib["src"]), first * frame, (first + frames - 1) * frame)
    assert seconds_in(sequence.attrib["duration"]) == end


def rate_in(element: ElementTree.Element) -> Fraction:
    """A rate of xmeml."""
    timebase, ntsc = element.findtext("rate/timebase"), element.findtext("rate/ntsc")
    assert timebase is not None
    return Fraction(timebase) * (Fraction(1000, 1001) if ntsc == "TRUE" else 1)


def number(element: ElementTree.Element, name: str) -> int:
    """The whole number in a child of an element."""
    text = element.findtext(name)
    assert text is not None
    return int(text)


def read_xmeml(content: bytes) -> Iterator[ReadCut]:
    root = ElementTree.fromstring(content)
    files = {one.attrib["id"]: one for one in root.iter("file") if one.find("pathurl") is not None}
    (track,) = root.findall("sequence/media/video/track")
    end = 0
    for clip in track.findall("clipitem"):
        reference = clip.find("file")
        assert reference is not None
        file = files[reference.attrib["id"]]
        rate = rate_in(clip)
        assert rate == rate_in(file)
        assert number(clip, "start") == end
        end = number(clip, "end")
        url = file.findtext("pathurl")
        assert url is not None
        yield ReadCut(path_of(url), number(clip, "in") / rate, (number(clip, "out") - 1) / rate)
    assert number(root, "sequence/duration") == end


def read_edl(content: bytes, rate: Fraction, starts: Mapping[str, str]) -> Iterator[ReadCut]:
    """The edits of a list.

    Args:
        starts: the timecode at which each file begins, by path.
    """
    lines = content.decode().split("\r\n")
    assert lines[0].startswith("TITLE: ")
    drop, recorded = None, 0
    edit: re.Match[str] | None = None
    for line in lines[1:]:
        if line.startswith("FCM: "):
            drop = {"FCM: DROP FRAME": True, "FCM: NON-DROP FRAME": False}[line]
        elif (found := EDIT.fullmatch(line)) is not None:
            edit = found
        elif line.startswith("* SOURCE FILE: "):
            assert edit is not None
            path = line.removeprefix("* SOURCE FILE: ")
            times = edit["times"].split(" ")
            assert all((";" in time) == drop for time in times)
            source_in, source_out, record_in, record_out = (count_of(time, rate) for time in times)
            assert source_out - source_in == record_out - record_in
            zero = count_of("01:00:00;00" if drop else "01:00:00:00", rate)
            assert record_in - zero == recorded, "edits follow each other"
            recorded = record_out - zero
            start = count_of(starts.get(path, "00:00:00;00" if drop else "00:00:00:00"), rate)
            yield ReadCut(path, (source_in - start) / rate, (source_out - 1 - start) / rate)


def read_mpv_edl(content: bytes, container_starts: Mapping[str, Fraction]) -> Iterator[ReadCut]:
    """The parts of an EDL of mpv, which counts in each file's own clock."""
    header, rest = content.split(b"\n", 1)
    assert header == b"# mpv EDL v0"
    while rest:
        fields: list[bytes] = []
        while True:
            name = re.match(rb"title=", rest)
            rest = rest[name.end() if name else 0 :]
            if (counted := re.match(rb"%(\d+)%", rest)) is not None:
                rest, length = rest[counted.end() :], int(counted[1])
            else:
                found = re.search(rb"[,\n]", rest)
                assert found is not None
                length = found.start()
            fields.append(rest[:length])
            mark, rest = rest[length : length + 1], rest[length + 1 :]
            if mark == b"\n":
                break
        path = fields[0].decode("utf-8", "surrogateescape")
        start, length_seconds = Fraction(fields[1].decode()), Fraction(fields[2].decode())
        start -= container_starts.get(path, Fraction(0))
        # mpv leaves out the frames before the start, and those from the end on.
        micro = Fraction(2, 1_000_000)
        yield ReadCut(path, start + micro, start + length_seconds - micro, counts_as_players=True)


def read_m3u(content: bytes) -> Iterator[ReadCut]:
    lines = content.decode("utf-8", "surrogateescape").splitlines()
    assert lines[0] == "#EXTM3U"
    options: dict[str, Fraction] = {}
    for line in lines[1:]:
        if (option := re.fullmatch(r"#EXTVLCOPT:(start-time|stop-time)=([\d.]+)", line)) is not None:
            options[option[1]] = Fraction(option[2])
        elif not line.startswith("#"):
            path = path_of(line) if line.startswith("file:") else line
            yield _played(path, options["start-time"], options["stop-time"])


def read_xspf(content: bytes) -> Iterator[ReadCut]:
    root = ElementTree.fromstring(content)
    for track in root.iter(f"{XSPF}track"):
        location = track.findtext(f"{XSPF}location")
        assert location is not None
        options = dict((one.text or "").split("=") for one in track.iter(f"{VLC}option"))
        yield _played(path_of(location), Fraction(options["start-time"]), Fraction(options["stop-time"]))


def _played(path: str, start: Fraction, stop: Fraction) -> ReadCut:
    """What a player shows that seeks to a time and stops at one."""
    return ReadCut(path, start, stop - Fraction(1, 1000), counts_as_players=True)


def read_losslesscut(content: bytes, path: str) -> Iterator[ReadCut]:
    for start, end, _name in csv.reader(io.StringIO(content.decode(), newline="")):
        micro = Fraction(1, 1_000_000)
        yield ReadCut(
            path, Fraction(start) + micro, Fraction(end) - Fraction(1, 1000), counts_as_players=True
        )


def read_rows(content: bytes, form: str) -> list[dict[str, str]]:
    """The rows of the CSV or of the JSON list, all values as text."""
    if form == "csv":
        return list(csv.DictReader(io.StringIO(content.decode(), newline="")))
    cuts = json.loads(content)["cuts"]
    return [{key: "" if value is None else str(value) for key, value in cut.items()} for cut in cuts]


READERS: Mapping[str, Callable[[bytes], Iterator[ReadCut]]] = {
    "otio": read_otio,
    "fcpxml": read_fcpxml,
    "xmeml": read_xmeml,
    "m3u": read_m3u,
    "xspf": read_xspf,
}
"""Those that need the content alone."""
