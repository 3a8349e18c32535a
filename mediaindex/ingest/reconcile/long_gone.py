"""Before a place that has been missing for long is removed, it is looked for once more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import sqlalchemy as sa

from mediaindex.ingest.reconcile.mounted_volumes import MountedVolumes
from mediaindex.ingest.reconcile.reconciler import root_of
from mediaindex.sources.places.presence import Spellings
from mediaindex.store import forgetting
from mediaindex.store.catalog import failures, sources
from mediaindex.store.catalog.locations import Location
from mediaindex.store.library import Library


def long_gone(
    library: Library, *, before: float, attend: Callable[[], None] = lambda: None
) -> list[Location]:
    """Places that have been missing since before a Unix time and are surely gone now.

    What cannot be read, what lies on an unplugged drive, and what is there again unseen by any pass are not
    among them.

    Args:
        attend: called before each place is looked for; it may change the library.
    """
    with library.read() as connection:
        missing = forgetting.long_missing(connection, before=before)
        overwritten = _overwritten(connection, missing)
        roots = [source.path for source in sources.all_sources(connection)]
    mounted, spellings = MountedVolumes(library), Spellings()

    def is_gone(place: Location) -> bool:
        attend()
        return place.path in overwritten or (
            mounted.is_mounted(place) and spellings.is_gone(place.path, below=root_of(place.path, roots))
        )

    return list(filter(is_gone, missing))


def _overwritten(connection: sa.Connection, places: Sequence[Location]) -> set[Path]:
    """Paths at which another file than the known one was read, and holds no film."""
    paths = [place.path for place in places]
    known = {place.path: (place.size, place.mtime_ns) for place in places}
    judged = {path: (skip.size, skip.mtime_ns) for path, skip in failures.skips(connection, paths).items()}
    for path, failure in failures.failures(connection, paths).items():
        # After one attempt only what is in the file is fatal; a disk or a server gets several.
        if failure.state == "dead" and failure.attempts == 1:
            judged[path] = failure.size, failure.mtime_ns
    return {path for path, seen in judged.items() if path in known and seen != known[path]}
