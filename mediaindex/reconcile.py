"""What a scan means for the library: which files are known, moved, copied, gone, or need decoding.

Identity without reading a disk twice (see docs/design.md): path, size and mtime are believed as they
are; where only a path or an mtime is new, size and partial hash decide, and the full hash confirms
later. Only content that nothing known resembles goes to the decoder.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mediaindex.errors import MediaError
from mediaindex.identity import partial_hash
from mediaindex.media import FileEvent
from mediaindex.store import catalog, words
from mediaindex.store.catalog import Failure, Location
from mediaindex.store.library import Library
from mediaindex.store.spaces import remove_unplaced_videos
from mediaindex.volumes import nearest_existing, volume_of

ROWS_A_TRANSACTION = 500


@dataclass(frozen=True, slots=True)
class Work:
    """A file whose content must be decoded."""

    event: FileEvent
    partial_hash: str
    volume_id: int
    root: Path


@dataclass(slots=True)
class Findings:
    """What a scan found, beside the work: counts, and files that are not indexed with their reason."""

    unchanged: int = 0
    moved: int = 0
    copies: int = 0
    offline: int = 0
    skipped: list[tuple[Path, str]] = field(default_factory=list)
    known_failures: list[Failure] = field(default_factory=list)
    unreadable: list[tuple[Path, str]] = field(default_factory=list)


class Reconciler:
    """Compares one scan with the catalog and brings the catalog's locations up to date.

    Args:
        roots: what is scanned; each a folder or a file, absolute.
        decoder: version of the decoder; a newer one tries dead files again.
        redecode: decode also what is known.
        claimed: paths that are being decoded at this moment; they are left alone.
    """

    def __init__(
        self,
        library: Library,
        roots: Sequence[Path],
        *,
        decoder: str,
        redecode: bool = False,
        claimed: Iterable[Path] = (),
    ) -> None:
        self.library = library
        self.roots = roots
        self.decoder = decoder
        self.redecode = redecode
        self.claimed = set(claimed)
        self.findings = Findings()
        self.seen: set[Path] = set()
        # Contents that are on their way to the decoder in this run, with the copies that wait for them.
        self.on_the_way: dict[tuple[int, str], list[Work]] = {}
        self._volumes: dict[int, int] = {}
        self._touched: list[tuple[int, dict[str, Any]]] = []
        with library.read() as connection:
            self.locations = catalog.locations_below(connection, roots)
            self.failures = catalog.failures(connection, roots)
            self.skips = catalog.skips(connection, roots)
            self.undecoded = catalog.undecoded_videos(connection)

    def classify(self, event: FileEvent) -> Work | None:
        """The work that a file needs, or None where the catalog now knows all of it."""
        if event.path in self.seen or event.path in self.claimed:
            return None
        self.seen.add(event.path)
        skip = self.skips.get(event.path)
        if skip is not None and (skip.size, skip.mtime_ns) == (event.size, event.mtime_ns):
            self.findings.skipped.append((event.path, skip.reason))
            return None
        failed = self.failures.get(event.path)
        if failed is not None and self._stays_dead(failed, event):
            self.findings.known_failures.append(failed)
            return None
        location = self.locations.get(event.path)
        if location is not None and location.content is not None:
            return self._known_path(location, event)
        return self._new_path(event)

    def _stays_dead(self, failed: Failure, event: FileEvent) -> bool:
        same = (failed.size, failed.mtime_ns, failed.decoder) == (event.size, event.mtime_ns, self.decoder)
        return same and failed.state == "dead"

    def _known_path(self, location: Location, event: FileEvent) -> Work | None:
        if self.redecode or location.content in self.undecoded:
            return self._work(event, self._partial(event))
        if (location.size, location.mtime_ns) == (event.size, event.mtime_ns):
            if location.missing_since is not None:
                self._touch(location, missing_since=None)
            self.findings.unchanged += 1
            return None
        partial = self._partial(event)
        if partial is None:
            return None
        assert location.content is not None
        with self.library.read() as connection:
            known = catalog.identity_of(connection, location.content)
        if (known.size, known.partial_hash) == (event.size, partial):
            self._touch(location, mtime_ns=event.mtime_ns, confirmed=False, missing_since=None)
            self.findings.unchanged += 1
            return None
        return self._new_content(event, partial)

    def _new_path(self, event: FileEvent) -> Work | None:
        partial = self._partial(event)
        return None if partial is None else self._new_content(event, partial)

    def _new_content(self, event: FileEvent, partial: str) -> Work | None:
        """A path whose content is not the one known there: moved, copied, or new."""
        with self.library.read() as connection:
            video_id = catalog.alike(connection, event.size, partial)
            if self.redecode or video_id in self.undecoded:
                video_id = None
            places = [] if video_id is None else catalog.places_of_content(connection, video_id)
        if video_id is None:
            return self._work(event, partial)
        gone = next((place for place in places if self._is_gone(place)), None)
        # Looked up now: a volume that is new needs a transaction of its own.
        volume_id = self._volume(event.path)
        with self.library.write() as connection:
            if gone is not None:
                if (replaced := self.locations.pop(event.path, None)) is not None:
                    catalog.remove_locations(connection, [replaced.id])
                catalog.update_location(
                    connection,
                    gone.id,
                    path=event.path,
                    volume_id=volume_id,
                    mtime_ns=event.mtime_ns,
                    confirmed=False,
                    missing_since=None,
                )
                location_id = gone.id
                self.locations.pop(gone.path, None)
                self.findings.moved += 1
            else:
                location_id = self.copy(connection, event, video_id, volume_id)
                self.findings.copies += 1
            words.set_location_words(connection, location_id, video_id, event.path, self.root_of(event.path))
            catalog.clear_failure(connection, event.path)
            catalog.clear_skip(connection, event.path)
        return None

    def copy(self, connection: Any, event: FileEvent, video_id: int, volume_id: int) -> int:
        """Place a known content at one more path, its identity to be confirmed; the location's id.

        Content that has no vectors yet is shown at the path once they are there.
        """
        old = self.locations.get(event.path)
        shown = catalog.is_shown(connection, video_id)
        location_id = catalog.place(
            connection,
            event.path,
            volume_id=volume_id,
            video_id=video_id if shown else (old.video_id if old else None),
            next_video_id=None if shown else video_id,
            size=event.size,
            mtime_ns=event.mtime_ns,
            confirmed=False,
            missing_since=None,
        )
        if old is not None and old.video_id is not None and shown:
            remove_unplaced_videos(connection, [old.video_id])
        return location_id

    def _work(self, event: FileEvent, partial: str | None) -> Work | None:
        if partial is None:
            return None
        work = Work(event, partial, self._volume(event.path), self.root_of(event.path))
        waiting = self.on_the_way.setdefault((event.size, partial), [])
        waiting.append(work)
        return work if len(waiting) == 1 else None

    def settled(self, work: Work) -> list[Work]:
        """The work and the files that looked the same and waited for its outcome."""
        return self.on_the_way.pop((work.event.size, work.partial_hash), [work])

    def _partial(self, event: FileEvent) -> str | None:
        try:
            return partial_hash(event.path)
        except MediaError as error:
            self.findings.unreadable.append((event.path, error.reason))
            return None

    def _is_gone(self, place: Location) -> bool:
        """A path that is gone while its volume is there. An unplugged drive moves nothing."""
        return not os.path.lexists(place.path) and self._mounted(place)

    def _mounted(self, place: Location) -> bool:
        # Where a drive is unplugged, the folders that are left belong to the volume below it.
        return self._volume(nearest_existing(place.path)) == place.volume_id

    def _volume(self, path: Path) -> int:
        device = os.stat(path).st_dev
        if device not in self._volumes:
            found = volume_of(path)
            with self.library.write() as connection:
                self._volumes[device] = catalog.ensure_volume(
                    connection, uid=found.uid, label=found.label, mount_point=found.mount_point
                )
        return self._volumes[device]

    def _touch(self, location: Location, **values: Any) -> None:
        """Change a location soon: a transaction for each of 20 000 touched files would take minutes."""
        self._touched.append((location.id, values))
        if len(self._touched) >= ROWS_A_TRANSACTION:
            self._write_touched()

    def _write_touched(self) -> None:
        if self._touched:
            with self.library.write() as connection:
                for location_id, values in self._touched:
                    catalog.update_location(connection, location_id, **values)
            self._touched.clear()

    def root_of(self, path: Path) -> Path:
        """The scanned root a path belongs to; the folder of a root that is a file."""
        holding = [root for root in self.roots if root == path or root in path.parents]
        root = max(holding, key=lambda found: len(found.parts), default=path.parent)
        return root.parent if root == path else root

    def finish(self) -> None:
        """Note which known locations are gone: with their volume (offline), or alone (missing)."""
        now = time.time()
        for path, location in self.locations.items():
            if path in self.seen or os.path.lexists(path):
                continue
            if not self._mounted(location):
                self.findings.offline += 1
            elif location.missing_since is None:
                self._touch(location, missing_since=now)
        self._write_touched()
        with self.library.write() as connection:
            for path in [*self.failures, *self.skips]:
                if path not in self.seen and not os.path.lexists(path):
                    catalog.clear_failure(connection, path)
                    catalog.clear_skip(connection, path)
