"""The index of sidecar subtitles: brought up to date after a scan, without decoding anything."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from mediaindex import safe_text
from mediaindex.decode.subtitles.sidecar_file import read_sidecar
from mediaindex.errors import MediaError
from mediaindex.media import Cue, FileEvent
from mediaindex.sources.sidecars import SUBTITLE_EXTENSIONS, Sidecar, sidecars_by_film
from mediaindex.store.catalog import fulltext, locations, lookup
from mediaindex.store.catalog.locations import Location
from mediaindex.store.library import Library

logger = logging.getLogger(__name__)


def refresh_sidecars(library: Library, roots: Sequence[Path]) -> int:
    """Index sidecars that are new or changed, remove those that are gone; returns how many were read."""
    with library.read() as connection:
        films = [
            place
            for place in locations.locations_below(connection, roots).values()
            if place.content is not None and place.missing_since is None
        ]
        indexed = fulltext.sidecars_of(connection, [film.id for film in films])
    by_folder: dict[Path, dict[str, tuple[Sidecar, ...]]] = {}
    read = 0
    for film in films:
        folder = film.path.parent
        if folder not in by_folder:
            by_folder[folder] = sidecars_by_film(folder, _names(folder))
        present, known = by_folder[folder].get(film.path.name, ()), indexed.get(film.id, [])
        if present or known:
            read += _refresh_film(library, film, present, known)
    return read


def _names(folder: Path) -> list[str]:
    """The names in a folder; none where it cannot be listed or holds no subtitle."""
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    return names if any(os.path.splitext(name)[1].lower() in SUBTITLE_EXTENSIONS for name in names) else []


def _refresh_film(
    library: Library, film: Location, present: Sequence[Sidecar], indexed: Sequence[sa.Row[Any]]
) -> int:
    content = film.content
    assert content is not None
    stats = {}
    for sidecar in present:
        try:
            stats[sidecar] = FileEvent.of(sidecar.path, os.stat(sidecar.path))
        except OSError:
            continue
    known = {row.file: row for row in indexed}
    wanted = {safe_text.storable(sidecar.path.name): sidecar for sidecar in stats}
    changed = [
        (name, sidecar)
        for name, sidecar in wanted.items()
        if name not in known
        or known[name].video_id != content
        or (known[name].size, known[name].mtime_ns) != (stats[sidecar].size, stats[sidecar].mtime_ns)
    ]
    gone = [row.id for name, row in known.items() if name not in wanted or name in dict(changed)]
    if not changed and not gone:
        return 0
    with library.read() as connection:
        fps = lookup.video_row(connection, content).fps
    parsed = [(sidecar, *_read(sidecar, fps)) for _name, sidecar in changed]
    with library.write() as connection:
        for subtitle_id in gone:
            fulltext.remove_subtitle(connection, subtitle_id)
        for sidecar, cues, reason in parsed:
            about = fulltext.SubtitleFile(
                sidecar.path.name,
                sidecar.language,
                sidecar.forced,
                film.id,
                stats[sidecar].size,
                stats[sidecar].mtime_ns,
                reason,
            )
            fulltext.add_subtitle(connection, content, about, cues)
    return len(parsed)


def _read(sidecar: Sidecar, fps: float | None) -> tuple[tuple[Cue, ...], str | None]:
    try:
        return read_sidecar(sidecar, fps=fps), None
    except MediaError as error:
        logger.warning("%s: %s", sidecar.path, error.reason)
        return (), error.reason
