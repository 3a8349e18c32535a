"""Show what is known of one video."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mediaindex.assembly.paths import absence, absolute_unless_empty, stored_name
from mediaindex.assembly.serving import load_space_encoder, serving_space
from mediaindex.cli.shared.arguments import add_device, duration
from mediaindex.cli.shared.output import Output
from mediaindex.config import Config
from mediaindex.errors import QueryError, UsageError
from mediaindex.safe_text import format_seconds, storable

if TYPE_CHECKING:
    import sqlalchemy as sa

    from mediaindex.search.profile import Profile
    from mediaindex.store.library import Library

LAST = ("container", "tags", "streams")
"""Metadata that follows the rest."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `show`."""
    parser.add_argument("path", metavar="PATH", help="an indexed video")
    parser.add_argument("--query", metavar="TEXT", help="how well each of its frames answers TEXT")
    parser.add_argument(
        "--picture", type=duration, metavar="SECONDS", help="write the picture of this time to --out, as JPEG"
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="a new file for --picture")
    add_device(parser)


def run(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    """Print metadata, cuts, frames and subtitles of a video."""
    from mediaindex.store.catalog import lookup
    from mediaindex.store.library import open_library

    if (arguments.picture is None) != (arguments.out is None):
        raise UsageError("--picture SECONDS and --out FILE belong together")
    path = absolute_unless_empty(arguments.path)
    with open_library(config.library) as library:
        stored = stored_name(library, path)
        with library.read() as connection:
            values = video_values(connection, stored)
            absences = [
                "" if place["online"] else f" [{absence(connection, Path(place['path']))}]"
                for place in values["locations"]
            ]
            video_id = lookup.video_at(connection, stored)
        profile = None
        if arguments.query is not None and video_id is not None:
            profile = _profile(library, config, video_id, arguments.query)
        values["profile"] = None if profile is None else _profile_values(profile)
        values["picture"] = None
        if arguments.picture is not None and video_id is not None:
            _write_picture(library, path, video_id, arguments.picture, arguments.out)
            values["picture"] = str(arguments.out)
    output.data(values)
    _print(values, absences, profile, output)
    return 0


def _print(values: dict[str, Any], absences: Sequence[str], profile: Profile | None, output: Output) -> None:
    """What a person reads.

    Args:
        absences: of each location, why its file cannot be found, or nothing.
    """
    for name, value in values.items():
        if name in ("frames", "streams", "tags", "cuts", "subtitles", "locations", "profile"):
            continue
        if name == "picture" and value is None:
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
    for peak in [] if profile is None else profile.peaks:
        output.line(f"{'peak':18} {format_seconds(peak.seconds)}  {peak.score:.3f}")


def _write_picture(library: Library, path: Path, video_id: int, seconds: float, out: Path) -> None:
    """Write the cached picture that shows best what is seen at a time, as it lies in the frame cache.

    Raises:
        QueryError: the frame cache has none. UsageError: the file exists, or cannot be written.
    """
    from mediaindex.search.searcher import Searcher

    (picture,) = Searcher(library, serving_space(library), None).pictures(video_id, [seconds])
    if picture is None:
        raise QueryError(
            f"the frame cache has no picture of {path} at this time; run 'mediaindex index --redecode {path}'"
        )
    try:
        file = out.open("xb")
    except FileExistsError as error:
        raise UsageError(f"{out} exists; choose another --out, or remove it first") from error
    except OSError as error:
        raise UsageError(f"{out} cannot be written: {error.strerror}") from error
    try:
        with file:
            file.write(picture)
    except OSError as error:
        with contextlib.suppress(OSError):
            out.unlink()  # what is cut
        raise UsageError(f"{out} cannot be written: {error.strerror}") from error


def _profile(library: Library, config: Config, video_id: int, text: str) -> Profile:
    """How well each frame of a video answers a text.

    Raises:
        QueryError: the text is empty, or the pictures of the video are not embedded.
        EncoderUnavailable, EncoderMismatch: the encoder of the library cannot be loaded.
    """
    from mediaindex.search.answer import Question
    from mediaindex.search.searcher import Searcher

    if not text.strip():
        raise QueryError("the query is empty; describe what you look for")
    space = serving_space(library)
    encoder = None if space is None else load_space_encoder(library, space, config)
    profile = Searcher(library, space, encoder).profile(video_id, Question(text=storable(text)))
    if profile is None:
        raise QueryError("the pictures of this video are not embedded yet; run 'mediaindex index' on it")
    return profile


def _profile_values(profile: Profile) -> dict[str, Any]:
    return {
        "seconds": list(profile.seconds),
        "scores": list(profile.scores),
        "peaks": [dataclasses.asdict(peak) for peak in profile.peaks],
    }


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
