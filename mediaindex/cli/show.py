"""Show what is known of one video."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mediaindex.cli.shared.output import Output
from mediaindex.cli.shared.paths import absence, absolute_unless_empty, stored_name
from mediaindex.config import Config
from mediaindex.errors import UsageError
from mediaindex.safe_text import format_seconds

if TYPE_CHECKING:
    import sqlalchemy as sa

LAST = ("container", "tags", "streams")
"""Metadata that follows the rest."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `show`."""
    parser.add_argument("path", metavar="PATH", help="an indexed video")


def run(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    """Print metadata, cuts, frames and subtitles of a video."""
    from mediaindex.store.library import open_library

    path = absolute_unless_empty(arguments.path)
    with open_library(config.library) as library:
        stored = stored_name(library, path)
        with library.read() as connection:
            values = video_values(connection, stored)
            absences = [
                "" if place["online"] else f" [{absence(connection, Path(place['path']))}]"
                for place in values["locations"]
            ]
    output.data(values)
    for name, value in values.items():
        if name in ("frames", "streams", "tags", "cuts", "subtitles", "locations"):
            continue
        output.line(f"{name:18} {'-' if value is None else value}")
    output.line(f"{'cuts':18} {', '.join(format_seconds(cut) for cut in values['cuts']) or '-'}")
    output.line(f"{'frames':18} {len(values['frames'])}")
    for place, note in zip(values["locations"], absences, strict=True):
        output.line(f"{'location':18} {place['path']}{note}")
    for stream in values["streams"]:
        language = stream["language"] or ""
        output.line(f"{'stream':18} {stream['index']} {stream['kind']} {stream['codec']} {language}")
    for sub in values["subtitles"]:
        output.line(f"{'subtitles':18} {sub['file']} {sub['language'] or ''}")
    return 0


def video_values(connection: sa.Connection, path: Path) -> dict[str, Any]:
    """The JSON of `show`: the metadata of the video at a path, its cuts, frames, segments and copies.

    Raises:
        UsageError: no video is indexed at the path.
    """
    from mediaindex.store.catalog import fulltext, lookup
    from mediaindex.store.catalog.schema import METADATA

    video_id = lookup.video_at(connection, path)
    if video_id is None:
        raise UsageError(f"{path} is not indexed; run 'mediaindex index {path}'")
    row = lookup.video_row(connection, video_id)
    places = lookup.places(connection, [video_id])[video_id]
    extraction = lookup.newest_extraction_of(connection, video_id)
    segments = [] if extraction is None else lookup.segments_of(connection, [extraction.id])[extraction.id]
    this_place = next(place for place in places if place.path == path)
    return {
        "path": str(path),
        "online": os.path.exists(path),
        "volume": this_place.volume,
        **{name: row._mapping[name] for name in METADATA if name not in LAST},
        **{name: row._mapping[name] for name in LAST},
        "cuts": [] if extraction is None else extraction.cuts,
        "subtitles": fulltext.subtitles_of(connection, video_id),
        "frames": [
            {"seconds": seconds, "segment_id": segment.id}
            for segment in segments
            for seconds in segment.frames
        ],
        "segments": [
            {"id": part.id, "start_seconds": part.start_seconds, "end_seconds": part.end_seconds}
            for part in segments
        ],
        "locations": [
            {"path": str(p.path), "online": os.path.exists(p.path), "volume": p.volume} for p in places
        ],
    }
