"""The mass-deletion guard: where many files of a source vanish at once, none of them is forgotten.

A share that mounts empty, a card in the wrong slot or a folder moved by mistake look like deletions.
A source is held when more than a tenth of its places vanish together, or when it is an empty mount point
below which files were known. It is released when a pass finds the files again, or by
`mediaindex sources confirm`.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from pathlib import Path

from mediaindex.sources.path_tree import overlap
from mediaindex.store.catalog import locations, sources
from mediaindex.store.catalog.sources import Places, Source
from mediaindex.store.library import Library

logger = logging.getLogger(__name__)

GONE_AT_ONCE = (
    "%d of the %d files below %s are gone at once; nothing of it is forgotten until they are back, "
    "or you say 'mediaindex sources confirm %s'"
)
SHARE = 0.1
AT_LEAST = 3
TOGETHER_SECONDS = 3600.0
"""Files that vanish within this time count together: a watcher sees one deletion as many small changes."""


def review(library: Library, roots: Sequence[Path], now: float, *, vanished: bool = True) -> list[Path]:
    """Hold or release the sources above or below these paths; returns those that are held now.

    Files that are still missing when a source is released count as missing from then on.

    Args:
        now: Unix time.
        vanished: whether the pass found anything missing. If not, only the sources that are held are
            examined, since no other can become held.
    """
    with library.read() as connection:
        examined = [
            source
            for source in sources.all_sources(connection)
            if (vanished or _was_held(source)) and any(overlap(source.path, root) for root in roots)
        ]
        since = now - TOGETHER_SECONDS
        counts = [(source, sources.places_of(connection, source, since=since)) for source in examined]
    verdicts = [(source, places, _is_held(source, places)) for source, places in counts]
    for source, places, is_held in verdicts:
        if is_held and not _was_held(source):
            logger.warning(GONE_AT_ONCE, places.vanished, places.known, source.path, source.path)
    changed = [(source.path, is_held) for source, _, is_held in verdicts if is_held != _was_held(source)]
    if changed:
        with library.write() as connection:
            for path, is_held in changed:
                sources.hold(connection, path, now if is_held else None)
                if not is_held:
                    locations.miss_from_now(connection, path, now)
    return [source.path for source, _, is_held in verdicts if is_held]


def _was_held(source: Source) -> bool:
    return source.held_since is not None


def _is_held(source: Source, places: Places) -> bool:
    """A held source stays held while too much is missing; another becomes held when too much vanishes."""
    gone = places.missing if _was_held(source) else places.vanished
    if gone and _is_empty_mount(source.path):
        return True
    return gone >= AT_LEAST and gone > SHARE * places.known


def _is_empty_mount(path: Path) -> bool:
    try:
        return os.path.ismount(path) and not set(os.listdir(path)) - {"lost+found"}
    except OSError:
        return False
