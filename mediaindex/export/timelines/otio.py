"""OpenTimelineIO: a timeline of one picture track and one sound track, each time in its source's own rate.

The schema is that of OpenTimelineIO 0.15 and later (Clip.2), written without its library, which has no wheels
for some of the systems that mediaindex runs on.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from mediaindex.export.cuts.cut import Cut
from mediaindex.export.cuts.document import AnyCut, Document
from mediaindex.export.cuts.path_map import file_url
from mediaindex.export.cuts.source import Source
from mediaindex.export.timelines.sequence import Timeline, timeline_of
from mediaindex.safe_text import storable

MEDIA = "DEFAULT_MEDIA"


class Otio(AnyCut):
    """See `cuts.document.Format`."""

    suffix = ".otio"

    def documents(self, cuts: Sequence[Cut], title: str) -> list[Document]:
        """See `cuts.document.Format`."""
        timeline = timeline_of(cuts)
        content = json.dumps(_timeline(timeline, title), indent=2).encode()
        return [Document(title, content, timeline.rate, len(cuts))]


def _timeline(timeline: Timeline, title: str) -> dict[str, Any]:
    cuts = [placed.cut for placed in timeline.placed]
    tracks = [_track("V1", "Video", [_clip(cut) for cut in cuts])]
    if timeline.channels:
        heard = [_clip(cut) if cut.source.sounds else _gap(cut) for cut in cuts]
        tracks.append(_track("A1", "Audio", heard))
    stack = _item("Stack.1", "tracks", children=tracks, source_range=None)
    return {
        "OTIO_SCHEMA": "Timeline.1",
        "name": storable(title),
        "global_start_time": _time(0, timeline.rate),
        "metadata": {"mediaindex": {"rate": str(timeline.rate)}},
        "tracks": stack,
    }


def _track(name: str, kind: str, children: list[dict[str, Any]]) -> dict[str, Any]:
    return _item("Track.1", name, kind=kind, children=children, source_range=None)


def _clip(cut: Cut) -> dict[str, Any]:
    source = cut.source
    return _item(
        "Clip.2",
        storable(cut.label),
        source_range=_range(source.start + cut.point_in, cut.length, source.rate),
        media_references={MEDIA: _media(source)},
        active_media_reference_key=MEDIA,
        metadata={
            "mediaindex": {
                "label": storable(cut.label),
                "note": storable(cut.note),
                "score": cut.score,
                "query": None if cut.query is None else storable(cut.query),
                "rate": str(source.rate),
                "in_frame": cut.first,
                "out_frame": cut.behind,
                "timecode_in": cut.timecode_in,
                "timecode_out": cut.timecode_out,
            }
        },
    )


def _media(source: Source) -> dict[str, Any]:
    shape = source.shape
    return {
        "OTIO_SCHEMA": "ExternalReference.1",
        "name": storable(source.name),
        "available_range": _range(source.start, source.length, source.rate),
        "available_image_bounds": None,
        "target_url": file_url(source.target),
        "metadata": {
            "mediaindex": {
                "reel_name": source.reel_name,
                "start_timecode": source.base.text(source.start),
                "rate": str(source.rate),
                "variable_rate": source.clock.varies,
                "width": shape.width,
                "height": shape.height,
                "pixel_aspect": str(shape.pixel_aspect),
                "rotation": shape.rotation,
                "audio": [
                    {"channels": one.channels, "sample_rate": one.sample_rate} for one in source.sounds
                ],
                "offline_volume": source.offline_volume,
            }
        },
    }


def _gap(cut: Cut) -> dict[str, Any]:
    return _item("Gap.1", "", source_range=_range(0, cut.length, cut.source.rate))


def _item(schema: str, name: str, **values: Any) -> dict[str, Any]:
    item = {"metadata": {}, "effects": [], "markers": [], "enabled": True}
    return {"OTIO_SCHEMA": schema, "name": name, **item, **values}


def _range(start: int, length: int, rate: Fraction) -> dict[str, Any]:
    return {
        "OTIO_SCHEMA": "TimeRange.1",
        "start_time": _time(start, rate),
        "duration": _time(length, rate),
    }


def _time(value: int, rate: Fraction) -> dict[str, Any]:
    return {"OTIO_SCHEMA": "RationalTime.1", "rate": float(rate), "value": float(value)}
