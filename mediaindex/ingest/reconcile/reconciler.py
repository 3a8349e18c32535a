"""What a scan means for the library: which files are known, moved, copied, gone, or need decoding.

Identity without reading a disk twice (see docs/design.md): path, size and mtime are believed as they
are; where only a path or an mtime is new, size and partial hash decide, and the full hash confirms
later. Only content that nothing known resembles goes to the decoder.
"""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mediaindex.errors import MediaError
from mediaindex.ingest.reconcile import deletion_guard
from mediaindex.ingest.reconcile.mounted_volumes import MountedVolumes, recognise
from mediaindex.ingest.reconcile.retry_policy import failure_after, is_same_try
from mediaindex.media import FileEvent
from mediaindex.sources.content_hash import partial_hash
from mediaindex.store.catalog import (
    failures,
    first_looks,
    fulltext,
    locations,
    videos,
)
from mediaindex.store.catalog.failures import Failure
from mediaindex.store.catalog.locations import Location
from mediaindex.store.catalog.videos import remove_unplaced_videos
from mediaindex.store.library import Library

ROWS_A_TRANSACTION = 500
SECONDS_A_TRANSACTION = 2.0
UNSEEN_RETRY_SECONDS = 600.0
"""When a file that is due, but not to be seen now, is looked for again."""


@dataclass(frozen=True, slots=True)
class DecodeTask:
    """A file whose content must be decoded."""

    event: FileEvent
    partial_hash: str
    volume_id: int
    root: Path


@dataclass(slots=True)
class Findings:
    """What a scan found, beside the work: counts, and files that are not indexed with their reason.

    Attributes:
        forgotten: files left alone since the user forgot them; held: sources of which too much is gone.
    """

    unchanged: int = 0
    moved: int = 0
    copies: int = 0
    offline: int = 0
    forgotten: int = 0
    held: list[Path] = field(default_factory=list)
    skipped: list[tuple[Path, str]] = field(default_factory=list)
    known_failures: list[Failure] = field(default_factory=list)
    unreadable: list[tuple[Path, str]] = field(default_factory=list)


class Reconciler:
    """Compares one scan with the catalog and brings the catalog's locations up to date.

    Args:
        roots: what this pass covers; each a folder or a file, absolute, that may be gone.
        decoder: version of the decoder; a newer one tries dead files again.
        sources: the watched roots, from which on folder names count as words; the roots where empty.
        automatic: nobody asked for this pass: what the user forgot is left alone, and a file that
            failed waits for its time. Else both are taken.
        redecode: decode also what is known.
        claimed: paths that are being decoded at this moment; they are left alone.

    Attributes:
        left_alone: those of them that the scan saw: whatever happened to them is still to be looked at.
        again: files whose turn comes again, since the one that they waited for says nothing of them.
    """

    def __init__(
        self,
        library: Library,
        roots: Sequence[Path],
        *,
        decoder: str,
        sources: Sequence[Path] = (),
        automatic: bool = False,
        redecode: bool = False,
        claimed: Iterable[Path] = (),
    ) -> None:
        self.library = library
        self.roots = roots
        self.sources = sources or roots
        self.decoder = decoder
        self.automatic = automatic
        self.redecode = redecode
        self.claimed = set(claimed)
        self.findings = Findings()
        self.seen: set[Path] = set()
        self.left_alone: set[Path] = set()
        self.again: list[FileEvent] = []
        # Contents that are on their way to the decoder in this run, with the copies that wait for them.
        self.on_the_way: dict[tuple[int, str], list[DecodeTask]] = {}
        self._touched: list[tuple[Location, dict[str, Any]]] = []
        self._touched_since = time.monotonic()
        recognise(library)
        self._mounted = MountedVolumes(library)
        with library.read() as connection:
            self.locations = locations.locations_below(connection, roots)
            self.failures = failures.failures(connection, roots)
            self.skips = failures.skips(connection, roots)
            self.undecoded = videos.without_frames(connection) | first_looks.unread_videos(connection)

    def is_open(self, event: FileEvent) -> bool:
        """Whether the file's content must be looked at; what path, size and mtime tell is noted here."""
        if event.path in self.claimed:
            self.left_alone.add(event.path)
            return False
        if event.path in self.seen:
            return False
        self.seen.add(event.path)
        location = self.locations.get(event.path)
        if location is not None and location.forgotten_at is not None and not self._takes_back(location):
            self.findings.forgotten += 1
            return False
        skip = self.skips.get(event.path)
        if skip is not None and (skip.size, skip.mtime_ns) == (event.size, event.mtime_ns):
            self.findings.skipped.append((event.path, skip.reason))
            return False
        failed = self.failures.get(event.path)
        if failed is not None and not self._may_try(failed, event):
            self.findings.known_failures.append(failed)
            return False
        return location is None or not self._is_unchanged(location, event)

    def look(self, event: FileEvent) -> DecodeTask | None:
        """The work that an open file needs, or None where the catalog now knows all of it.

        Reads the partial hash; to be called shortly before the work is done, so that the pages read
        are still in memory when the decoder wants them.
        """
        partial = self._partial(event)
        if partial is None:
            return None
        location = self._known_now(event.path)
        if location is None or location.content is None:
            return self._new_content(event, partial)
        return self._known_path(location, event, partial)

    def _known_now(self, path: Path) -> Location | None:
        """What the catalog has at a path: other passes go on between the scan and the turn of a file."""
        with self.library.read() as connection:
            found = locations.location_at(connection, path)
        if found is None:
            self.locations.pop(path, None)
        else:
            self.locations[path] = found
        return found

    def _takes_back(self, location: Location) -> bool:
        """Show a forgotten place again, where the user asked for this pass."""
        if self.automatic:
            if location.missing_since is not None:
                self._touch(location, missing_since=None)
            return False
        self._touch(location, forgotten_at=None)
        return True

    def _may_try(self, failed: Failure, event: FileEvent) -> bool:
        if not is_same_try(failed, event, self.decoder):
            return True
        if self.automatic:
            return failed.state == "waiting" and failed.is_due(time.time())
        # To find out that a file can be opened now costs nothing.
        return failed.state == "waiting" or failed.stage == "read"

    def _is_unchanged(self, location: Location, event: FileEvent) -> bool:
        if location.content is None or self.redecode or location.content in self.undecoded:
            return False
        if (location.size, location.mtime_ns) != (event.size, event.mtime_ns):
            return False
        if location.missing_since is not None:
            self._touch(location, missing_since=None)
        self._clear_notes(event.path)
        self.findings.unchanged += 1
        return True

    def _known_path(self, location: Location, event: FileEvent, partial: str) -> DecodeTask | None:
        assert location.content is not None
        if self.redecode or location.content in self.undecoded:
            return self._work(event, partial)
        with self.library.read() as connection:
            known = videos.identity_of(connection, location.content)
        if (known.size, known.partial_hash) == (event.size, partial):
            self._touch(location, mtime_ns=event.mtime_ns, confirmed=False, missing_since=None)
            self._clear_notes(event.path)
            self.findings.unchanged += 1
            return None
        return self._new_content(event, partial)

    def _new_content(self, event: FileEvent, partial: str) -> DecodeTask | None:
        """A path whose content is not the one known there: moved, copied, or new."""
        with self.library.read() as connection:
            video_id = None if self.redecode else videos.alike(connection, event.size, partial)
            places = [] if video_id is None else locations.places_of_content(connection, video_id)
        gone = self._gone(places, event.path)
        undecoded = video_id in self.undecoded
        if video_id is None or (undecoded and gone is None):
            return self._work(event, partial)
        # Looked up now: a volume that is new needs a transaction of its own.
        volume_id = self._mounted.volume_id(event.path)
        with self.library.write() as connection:
            if gone is not None:
                replaced = locations.location_at(connection, event.path)
                self.locations.pop(event.path, None)
                if replaced is not None:
                    locations.remove_locations(connection, [replaced.id])
                stays_hidden = self.automatic and replaced is None
                locations.update_location(
                    connection,
                    gone.id,
                    path=event.path,
                    volume_id=volume_id,
                    mtime_ns=event.mtime_ns,
                    confirmed=False,
                    missing_since=None,
                    forgotten_at=gone.forgotten_at if stays_hidden else None,
                )
                location_id = gone.id
                self.locations.pop(gone.path, None)
                self.findings.moved += 1
            else:
                location_id = self.copy(connection, event, video_id, volume_id)
                self.findings.copies += 1
            fulltext.set_location_words(
                connection, location_id, video_id, event.path, self.root_of(event.path)
            )
            failures.clear_failure(connection, event.path)
            failures.clear_skip(connection, event.path)
        return self._work(event, partial) if undecoded else None

    def copy(self, connection: Any, event: FileEvent, video_id: int, volume_id: int) -> int:
        """Place a known content at one more path, its identity to be confirmed; the location's id.

        Content that has no vectors yet is shown at the path once they are there.
        """
        old = locations.location_at(connection, event.path)
        shown = videos.is_shown(connection, video_id)
        location_id = locations.place(
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

    def _work(self, event: FileEvent, partial: str) -> DecodeTask | None:
        volume_id = self._mounted.volume_id(event.path)
        work = DecodeTask(event, partial, volume_id, self.root_of(event.path))
        waiting = self.on_the_way.setdefault((event.size, partial), [])
        waiting.append(work)
        return work if len(waiting) == 1 else None

    def settled(self, work: DecodeTask) -> list[DecodeTask]:
        """The work and the files that looked the same and waited for its outcome."""
        return self.on_the_way.pop((work.event.size, work.partial_hash), [work])

    def take_again(self) -> list[FileEvent]:
        """What stands in `again`, once."""
        again, self.again = self.again, []
        return again

    def _clear_notes(self, path: Path) -> None:
        """A file that could not be read, or held no film, is again what it was before."""
        if path in self.failures or path in self.skips:
            with self.library.write() as connection:
                failures.clear_failure(connection, path)
                failures.clear_skip(connection, path)

    def _partial(self, event: FileEvent) -> str | None:
        try:
            return partial_hash(event.path)
        except MediaError as error:
            self.findings.unreadable.append((event.path, error.reason))
            before = self.failures.get(event.path)
            with self.library.write() as connection:
                failed = failure_after(error, event, before, decoder=self.decoder)
                failures.set_failure(connection, failed)
            return None

    def _gone(self, places: Sequence[Location], path: Path) -> Location | None:
        """The place from which a content came to this path, if it is not there any more.

        A path is gone when its volume is there without it: an unplugged drive moves nothing.
        """
        absent = [place for place in places if not os.path.lexists(place.path)]
        absent.sort(key=lambda place: place.forgotten_at is not None)
        moved = (p for p in absent if self._mounted.is_mounted(p) or self._mounted.is_elsewhere(p, path))
        return next(moved, None)

    def _touch(self, location: Location, **values: Any) -> None:
        """Change a location soon: a transaction for each of 20 000 touched files would take minutes."""
        if not self._touched:
            self._touched_since = time.monotonic()
        self._touched.append((location, values))
        late = time.monotonic() - self._touched_since > SECONDS_A_TRANSACTION
        if late or len(self._touched) >= ROWS_A_TRANSACTION:
            self._write_touched()

    def _write_touched(self) -> None:
        if self._touched:
            with self.library.write() as connection:
                for location, values in self._touched:
                    # Another pass may have found the file elsewhere since this one began.
                    locations.update_location(connection, location.id, only_at=location.path, **values)
            self._touched.clear()

    def root_of(self, path: Path) -> Path:
        """The watched root a path belongs to; the folder of a root that is a file."""
        holding = [root for root in self.sources if root == path or root in path.parents]
        root = max(holding, key=lambda found: len(found.parts), default=path.parent)
        return root.parent if root == path else root

    def finish(self) -> None:
        """Note which known locations are gone: with their volume (offline), or alone (missing)."""
        now = time.time()
        vanished = False
        for path, location in self.locations.items():
            if path in self.seen or os.path.lexists(path):
                continue
            if not self._mounted.is_mounted(location):
                self.findings.offline += location.forgotten_at is None
            elif location.missing_since is None:
                self._touch(location, missing_since=now)
                vanished = True
        self._write_touched()
        self._settle_unread(now)
        self.findings.held = deletion_guard.review(self.library, self.roots, now, vanished=vanished)

    def _settle_unread(self, now: float) -> None:
        """Drop what was noted of unreadable files that are gone; what is due and not to be seen waits."""
        noted = {*self.failures, *self.skips}
        # Of what the scan saw, too: it may have gone before its turn.
        gone = {p for p in noted if not os.path.lexists(p) and self._mounted.would_be_there(p)}
        unseen = self.failures.keys() - self.seen - self.claimed - gone
        waiting = [self.failures[path] for path in unseen]
        due = [failed for failed in waiting if failed.next_at is not None and failed.is_due(now)]
        if gone or due:
            with self.library.write() as connection:
                for path in gone:
                    failures.clear_failure(connection, path)
                    failures.clear_skip(connection, path)
                for failed in due:
                    later = dataclasses.replace(failed, next_at=now + UNSEEN_RETRY_SECONDS)
                    failures.set_failure(connection, later)
