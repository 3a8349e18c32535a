"""The index of sidecar subtitles: brought up to date after a scan, without decoding anything."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Sequence, Set
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from mediaindex import safe_text
from mediaindex.decode.subtitles.sidecar_file import read_sidecar
from mediaindex.errors import MediaError
from mediaindex.media import Cue, FileEvent
from mediaindex.sources.sidecars import SUBTITLE_EXTENSIONS, Sidecar, sidecars_by_film
from mediaindex.store.catalog import fulltext, locations, lookup
from mediaindex.store.catalog.database import in_chunks
from mediaindex.store.catalog.locations import Location
from mediaindex.store.library import Library

logger = logging.getLogger(__name__)

FILMS_AT_ONCE = 32


def refresh_sidecars(
    library: Library, roots: Sequence[Path], files: Set[Path], attend: Callable[[], None] = lambda: None
) -> int:
    """Index sidecars that are new or changed, remove those that are gone; returns how many were read.

    What cannot be read now keeps the words that were read before: a folder, or one sidecar.

    Args:
        roots: what a pass covered. files: those that it found.
        attend: called between folders and between films; it may change the library.
    """
    present: dict[Path, Sequence[Sidecar]] = {}
    unread: set[str] = set()
    for folder, films in _by_folder(files).items():
        names = _names(folder)
        if names is None:
            unread.add(folder)
        elif names:
            by_film = sidecars_by_film(Path(folder), names)
            present |= {Path(folder, film): by_film[film] for film in films & by_film.keys()}
        attend()
    with library.read() as connection:
        indexed = locations.paths_with_sidecars(connection, roots) & files
    concerned = present.keys() | {path for path in indexed if os.path.dirname(path) not in unread}
    read = 0
    for paths in in_chunks(sorted(concerned), FILMS_AT_ONCE):
        # Only now: who attends may have forgotten or replaced what lay there.
        with library.read() as connection:
            here = locations.locations_at(connection, paths)
            places = [place for place in here if place.content is not None and place.missing_since is None]
            known = fulltext.sidecars_of(connection, [place.id for place in places])
        for place in places:
            read += _refresh_film(library, place, present.get(place.path, ()), known.get(place.id, []))
        attend()
    return read


def _by_folder(files: Iterable[Path]) -> dict[str, set[str]]:
    """Folder → the names of the files that lie in it."""
    names: dict[str, set[str]] = {}
    for folder, name in map(os.path.split, files):
        names.setdefault(folder, set()).add(name)
    return names


def _names(folder: str) -> list[str] | None:
    """The names in a folder, none where it holds no subtitle; None where it cannot be listed."""
    try:
        names = os.listdir(folder)
    except OSError:
        return None
    return names if any(os.path.splitext(name)[1].lower() in SUBTITLE_EXTENSIONS for name in names) else []


def _refresh_film(
    library: Library, film: Location, present: Sequence[Sidecar], indexed: Sequence[sa.Row[Any]]
) -> int:
    content = film.content
    assert content is not None
    stats = {}
    unread = set()
    for sidecar in present:
        try:
            stats[sidecar] = FileEvent.of(sidecar.path, os.stat(sidecar.path))
        except FileNotFoundError:
            continue
        except OSError:
            unread.add(safe_text.storable(sidecar.path.name))
    known = {row.file: row for row in indexed if row.file not in unread}
    wanted = {safe_text.storable(sidecar.path.name): sidecar for sidecar in stats}
    changed = [
        (name, sidecar)
        for name, sidecar in wanted.items()
        if name not in known
        or known[name].video_id != content
        or (known[name].size, known[name].mtime_ns) != (stats[sidecar].size, stats[sidecar].mtime_ns)
    ]
    if not changed and known.keys() <= wanted.keys():
        return 0
    with library.read() as connection:
        fps = lookup.video_row(connection, content).fps
    read = {name: (sidecar, _read(sidecar, fps)) for name, sidecar in changed}
    parsed = [(sidecar, *reading) for sidecar, reading in read.values() if reading is not None]
    replaced = {name for name, (_sidecar, reading) in read.items() if reading is not None}
    gone = [row.id for name, row in known.items() if name not in wanted or name in replaced]
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


def _read(sidecar: Sidecar, fps: float | None) -> tuple[tuple[Cue, ...], str | None] | None:
    """The cues, or none and why; None where it can perhaps be read later."""
    try:
        return read_sidecar(sidecar, fps=fps), None
    except MediaError as error:
        logger.warning("%s: %s", sidecar.path, error.reason)
        return None if error.transient else ((), error.reason)
