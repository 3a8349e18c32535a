"""The XML of Final Cut Pro 7 (xmeml 5), read by Premiere Pro and many others: one sequence.

A clip's in and out count in frames of its file's own rate from the file's first frame; start and end count in
frames of the sequence. Each sound channel has a track of its own.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from xml.etree import ElementTree

from mediaindex.export.cuts.cut import Cut
from mediaindex.export.cuts.document import AnyCut, Document
from mediaindex.export.cuts.path_map import file_url
from mediaindex.export.cuts.source import Shape, Source
from mediaindex.export.cuts.timecode import TimecodeBase
from mediaindex.export.timelines.sequence import Placed, Timeline, timeline_of
from mediaindex.export.timelines.xml_text import child, document

VERSION = "5"
HOST = "localhost"
PIXEL_ASPECTS = {
    Fraction(1): "square",
    Fraction(8, 9): "NTSC-601",
    Fraction(10, 11): "NTSC-601",
    Fraction(16, 15): "PAL-601",
    Fraction(12, 11): "PAL-601",
    Fraction(4, 3): "HD-(1440x1080)",
    Fraction(3, 2): "HD-(1280x1080)",
}
"""The shapes of pixels that the format has names for."""


class Xmeml(AnyCut):
    """See `cuts.document.Format`."""

    suffix = ".xml"

    def documents(self, cuts: Sequence[Cut], title: str) -> list[Document]:
        """See `cuts.document.Format`."""
        timeline = timeline_of(cuts)
        root = ElementTree.Element("xmeml", version=VERSION)
        _Sequence(timeline, title).write(root)
        return [Document(title, document(root, "xmeml"), timeline.rate, len(cuts))]


class _Sequence:
    """One sequence; a file is described where it is named first, and by its id alone after that."""

    def __init__(self, timeline: Timeline, title: str) -> None:
        self._timeline = timeline
        self._title = title
        self._numbers = {source.target: number for number, source in enumerate(timeline.sources, 1)}
        self._places = _places_in_tracks(timeline)
        self._described: set[str] = set()

    def write(self, root: ElementTree.Element) -> None:
        timeline = self._timeline
        sequence = child(root, "sequence", id="sequence-1")
        child(sequence, "name", self._title)
        child(sequence, "duration", timeline.length)
        _rate(sequence, timeline.rate)
        _timecode(sequence, timeline.base, timeline.rate, 0)
        media = child(sequence, "media")
        video = child(media, "video")
        _characteristics(child(video, "format"), timeline.rate, timeline.shape)
        track = child(video, "track")
        for number, placed in enumerate(timeline.placed, 1):
            self._clip(track, placed, number, channel=0)
        if timeline.channels:
            self._sound(child(media, "audio"))

    def _sound(self, audio: ElementTree.Element) -> None:
        timeline = self._timeline
        child(audio, "numOutputChannels", timeline.channels)
        characteristics = child(child(audio, "format"), "samplecharacteristics")
        child(characteristics, "depth", 16)
        child(characteristics, "samplerate", timeline.sample_rate)
        for channel in range(1, timeline.channels + 1):
            track = child(audio, "track")
            for number, placed in enumerate(timeline.placed, 1):
                if channel <= placed.cut.source.channels:
                    self._clip(track, placed, number, channel=channel)
            child(track, "outputchannelindex", channel)

    def _clip(self, track: ElementTree.Element, placed: Placed, number: int, *, channel: int) -> None:
        """A clip of the pictures (channel 0) or of one sound channel."""
        cut, source = placed.cut, placed.cut.source
        clip = child(track, "clipitem", id=_clip_id(number, channel))
        child(clip, "masterclipid", f"masterclip-{self._numbers[source.target]}")
        child(clip, "name", cut.label)
        child(clip, "enabled", "TRUE")
        child(clip, "duration", source.length)
        _rate(clip, source.rate)
        child(clip, "start", placed.start)
        child(clip, "end", placed.end)
        child(clip, "in", cut.point_in)
        child(clip, "out", cut.point_out)
        self._file(clip, source)
        origin = child(clip, "sourcetrack")
        child(origin, "mediatype", "audio" if channel else "video")
        child(origin, "trackindex", channel or 1)
        if channel == 0 and cut.note:
            child(child(clip, "comments"), "mastercomment1", cut.note)
        if source.channels:
            self._links(clip, number, source.channels)

    def _links(self, clip: ElementTree.Element, number: int, channels: int) -> None:
        """What belongs together: the pictures and the channels of one cut."""
        for channel in range(channels + 1):
            link = child(clip, "link")
            child(link, "linkclipref", _clip_id(number, channel))
            child(link, "mediatype", "audio" if channel else "video")
            child(link, "trackindex", channel or 1)
            child(link, "clipindex", self._places[number, channel])
            if channel:
                child(link, "groupindex", 1)

    def _file(self, clip: ElementTree.Element, source: Source) -> None:
        file = child(clip, "file", id=f"file-{self._numbers[source.target]}")
        if source.target in self._described:
            return
        self._described.add(source.target)
        child(file, "name", source.name)
        child(file, "pathurl", file_url(source.target, host=HOST))
        _rate(file, source.rate)
        child(file, "duration", source.length)
        timecode = _timecode(file, source.base, source.rate, source.start)
        if source.reel_name:
            child(child(timecode, "reel"), "name", source.reel_name)
        media = child(file, "media")
        video = child(media, "video")
        child(video, "duration", source.length)
        _characteristics(video, source.rate, source.shape)
        for sound in source.sounds:
            audio = child(media, "audio")
            characteristics = child(audio, "samplecharacteristics")
            child(characteristics, "depth", 16)
            child(characteristics, "samplerate", sound.sample_rate)
            child(audio, "channelcount", sound.channels)


def _places_in_tracks(timeline: Timeline) -> dict[tuple[int, int], int]:
    """The place of each clip in its track, by the number of its cut and its channel (0 for pictures)."""
    places: dict[tuple[int, int], int] = {}
    filled: Counter[int] = Counter()
    for number, placed in enumerate(timeline.placed, 1):
        for channel in range(placed.cut.source.channels + 1):
            filled[channel] += 1
            places[number, channel] = filled[channel]
    return places


def _clip_id(number: int, channel: int) -> str:
    return f"clip-{number}-a{channel}" if channel else f"clip-{number}-v"


def _rate(parent: ElementTree.Element, rate: Fraction) -> None:
    """The rate as a whole number and whether it is slowed by 1000/1001."""
    element = child(parent, "rate")
    child(element, "timebase", math.ceil(rate))
    child(element, "ntsc", "FALSE" if rate.denominator == 1 else "TRUE")


def _timecode(
    parent: ElementTree.Element, base: TimecodeBase, rate: Fraction, count: int
) -> ElementTree.Element:
    element = child(parent, "timecode")
    _rate(element, rate)
    child(element, "string", base.text(count))
    child(element, "frame", count)
    child(element, "displayformat", "DF" if base.drop else "NDF")
    return element


def _characteristics(parent: ElementTree.Element, rate: Fraction, shape: Shape) -> None:
    element = child(parent, "samplecharacteristics")
    _rate(element, rate)
    child(element, "width", shape.width)
    child(element, "height", shape.height)
    child(element, "anamorphic", "TRUE" if _is_anamorphic(shape) else "FALSE")
    child(element, "pixelaspectratio", _pixel_aspect(shape))
    child(element, "fielddominance", "none")


def _is_anamorphic(shape: Shape) -> bool:
    """Whether a picture of standard definition is stored narrow and shown wide."""
    return shape.height in (480, 486, 576) and shape.pixel_aspect > Fraction(7, 6)


def _pixel_aspect(shape: Shape) -> str:
    """The nearest of the named shapes."""
    if _is_anamorphic(shape):
        return "PAL-601" if shape.height == 576 else "NTSC-601"
    return PIXEL_ASPECTS[min(PIXEL_ASPECTS, key=lambda aspect: abs(aspect - shape.pixel_aspect))]
