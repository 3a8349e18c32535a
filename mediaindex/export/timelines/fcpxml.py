"""FCPXML 1.8 of Final Cut Pro, also read by DaVinci Resolve: one project whose spine holds the cuts.

Times are fractions of seconds. A clip's start counts in its source's frames from the source's start timecode;
its offset and duration are whole frames of the timeline, as Final Cut demands.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from xml.etree import ElementTree

from mediaindex.export.cuts.cut import Cut
from mediaindex.export.cuts.document import AnyCut, Document
from mediaindex.export.cuts.path_map import file_url
from mediaindex.export.cuts.source import Shape, Source
from mediaindex.export.timelines.sequence import Placed, Timeline, timeline_of
from mediaindex.export.timelines.xml_text import child, document

VERSION = "1.8"
CONFORMED = {
    Fraction(24_000, 1001): "23.98",
    Fraction(24): "24",
    Fraction(25): "25",
    Fraction(30_000, 1001): "29.97",
    Fraction(30): "30",
    Fraction(60): "60",
    Fraction(48_000, 1001): "47.95",
    Fraction(48): "48",
    Fraction(50): "50",
    Fraction(60_000, 1001): "59.94",
}
"""The rates that a `conform-rate` can name."""
SAMPLE_RATES = {32_000: "32k", 44_100: "44.1k", 48_000: "48k", 88_200: "88.2k", 96_000: "96k"}
LAYOUTS = {1: "mono", 2: "stereo"}


class Fcpxml(AnyCut):
    """See `cuts.document.Format`."""

    suffix = ".fcpxml"

    def documents(self, cuts: Sequence[Cut], title: str) -> list[Document]:
        """See `cuts.document.Format`."""
        timeline = timeline_of(cuts)
        root = ElementTree.Element("fcpxml", version=VERSION)
        resources = _Resources(child(root, "resources"))
        event = child(child(root, "library"), "event", name=title)
        project = child(event, "project", name=title)
        _sequence(project, timeline, resources)
        return [Document(title, document(root, "fcpxml"), timeline.rate, len(cuts))]


class _Resources:
    """Formats and assets, each once, by the ids that clips name them by."""

    def __init__(self, element: ElementTree.Element) -> None:
        self._element = element
        self._formats: dict[tuple[Fraction, Shape], str] = {}
        self._assets: dict[str, str] = {}

    def format(self, rate: Fraction, shape: Shape) -> str:
        shown = Shape(shape.width, shape.height, shape.pixel_aspect)
        if (rate, shown) not in self._formats:
            aspect = shown.pixel_aspect
            is_square = aspect == 1
            self._formats[rate, shown] = self._next_id()
            child(
                self._element,
                "format",
                id=self._formats[rate, shown],
                frameDuration=seconds(1, rate),
                width=shown.width,
                height=shown.height,
                paspH=None if is_square else aspect.numerator,
                paspV=None if is_square else aspect.denominator,
            )
        return self._formats[rate, shown]

    def asset(self, source: Source) -> str:
        if source.target not in self._assets:
            format_id = self.format(source.rate, source.shape)
            self._assets[source.target] = self._next_id()
            sound = {
                "hasAudio": 1,
                "audioSources": len(source.sounds),
                "audioChannels": source.channels,
                "audioRate": source.sample_rate,
            }
            child(
                self._element,
                "asset",
                id=self._assets[source.target],
                name=source.name,
                src=file_url(source.target),
                start=seconds(source.start, source.rate),
                duration=seconds(source.length, source.rate),
                hasVideo=1,
                format=format_id,
                **(sound if source.sounds else {}),
            )
        return self._assets[source.target]

    def _next_id(self) -> str:
        return f"r{len(self._formats) + len(self._assets) + 1}"


def _sequence(project: ElementTree.Element, timeline: Timeline, resources: _Resources) -> None:
    format_id = resources.format(timeline.rate, timeline.shape)
    sequence = child(
        project,
        "sequence",
        format=format_id,
        duration=seconds(timeline.length, timeline.rate),
        tcStart="0s",
        tcFormat=_counting(drop=timeline.base.drop),
        audioLayout=LAYOUTS.get(timeline.channels, "surround") if timeline.channels else None,
        audioRate=SAMPLE_RATES.get(timeline.sample_rate, "48k") if timeline.channels else None,
    )
    spine = child(sequence, "spine")
    for placed in timeline.placed:
        _clip(spine, placed, timeline, resources)


def _clip(spine: ElementTree.Element, placed: Placed, timeline: Timeline, resources: _Resources) -> None:
    cut, source = placed.cut, placed.cut.source
    clip = child(
        spine,
        "asset-clip",
        ref=resources.asset(source),
        name=cut.label,
        offset=seconds(placed.start, timeline.rate),
        start=seconds(source.start + cut.point_in, source.rate),
        duration=seconds(placed.end - placed.start, timeline.rate),
        format=resources.format(source.rate, source.shape),
        tcFormat=_counting(drop=source.base.drop),
        audioRole="dialogue" if source.sounds else None,
    )
    if cut.note:
        child(clip, "note", cut.note)
    if source.rate != timeline.rate:
        # Without it Final Cut may play the source faster or slower to fit the timeline.
        child(clip, "conform-rate", scaleEnabled=0, srcFrameRate=CONFORMED.get(source.rate))


def seconds(frames: int, rate: Fraction) -> str:
    """So many frames as seconds: whole ones, else a fraction over the numerator of the rate."""
    duration = frames / rate
    if duration.denominator == 1:
        return f"{duration.numerator}s"
    return f"{frames * rate.denominator}/{rate.numerator}s"


def _counting(*, drop: bool) -> str:
    return "DF" if drop else "NDF"
