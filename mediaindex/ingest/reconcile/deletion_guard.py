"""Roots of which so much is gone at once that nothing of them is forgotten unasked.

A share that mounts empty, a card in the wrong slot or a folder moved by mistake look like deletions.
A root is held when more than a tenth of its places vanish together, or when it is an empty mount point
at which something was known; it is released when a pass finds them again, or by the user's word.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from pathlib import Path

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
"""What vanishes within this time counts as one: a watcher sees one deletion as many small changes."""


def review(library: Library, roots: Sequence[Path], now: float, *, vanished: bool = True) -> list[Path]:
    """Hold or release the sources that have to do with these paths; those that are held now.

    What is still missing when a source is released counts as missing from now on.

    Args:
        vanished: whether anything was found missing; if not, no source can have become held, and
            none that is free is counted.
    """
    with library.read() as connection:
        every = sources.all_sources(connection)
        concerned = [
            found
            for found in every
            if (vanished or _was(found)) and any(_touches(found.path, root) for root in roots)
        ]
        since = now - TOGETHER_SECONDS
        counted = [(found, sources.places_below(connection, found.path, since=since)) for found in concerned]
    verdicts = [(found, places, _is_held(found, places)) for found, places in counted]
    for found, places, is_held in verdicts:
        if is_held and not _was(found):
            logger.warning(GONE_AT_ONCE, places.vanished, places.known, found.path, found.path)
    changed = [(found.path, is_held) for found, _places, is_held in verdicts if is_held != _was(found)]
    if changed:
        with library.write() as connection:
            for path, is_held in changed:
                sources.hold(connection, path, now if is_held else None)
                if not is_held:
                    locations.miss_from_now(connection, path, now)
    return [found.path for found, _places, is_held in verdicts if is_held]


def _was(source: Source) -> bool:
    return source.held_since is not None


def _is_held(source: Source, places: Places) -> bool:
    """Held sources stay so while too much is missing, others become so when too much vanishes."""
    gone = places.missing if _was(source) else places.vanished
    if gone and _is_empty_mount(source.path):
        return True
    return gone >= AT_LEAST and gone > SHARE * places.known


def _is_empty_mount(path: Path) -> bool:
    try:
        return os.path.ismount(path) and not set(os.listdir(path)) - {"lost+found"}
    except OSError:
        return False


def _touches(path: Path, root: Path) -> bool:
    return path == root or path in root.parents or root in path.parents
