"""What a scanned file means for the library: known, moved, copied, gone, or to be decoded.

No disk is read twice (see docs/design.md): a file whose path, size and mtime are known counts as known.
Where only the path or the mtime is new, size and partial hash decide, and the full hash confirms it
later. Only content that resembles nothing known goes to the decoder.

A reconciler decides and writes nothing but the row of a volume that it meets for the first time.
"""

from __future__ import annotations

import dataclasses
import functools
import os
import time
from collections.abc import Collection, Container, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mediaindex.errors import MediaError
from mediaindex.ingest.reconcile.decision import ContentKey, Decision, DecodeTask, Effect
from mediaindex.ingest.reconcile.location_effects import (
    ClearNotes,
    MoveLocation,
    NoteFailure,
    PlaceCopy,
    ShowAgain,
    UpdateLocation,
)
from mediaindex.ingest.reconcile.mounted_volumes import MountedVolumes
from mediaindex.ingest.reconcile.retry_policy import failure_after, is_same_try
from mediaindex.media import FileEvent
from mediaindex.sources.content_hash import partial_hash
from mediaindex.sources.path_tree import innermost
from mediaindex.sources.places.presence import Spellings, is_surely_absent, presence_of
from mediaindex.store.catalog import failures, first_looks, locations, videos
from mediaindex.store.catalog.database import in_chunks
from mediaindex.store.catalog.failures import Failure
from mediaindex.store.catalog.locations import Location
from mediaindex.store.library import Library

UNSEEN_RETRY_SECONDS = 600.0
"""After so long a failed file is looked for again that is due and cannot be seen now."""


@dataclass(frozen=True, slots=True)
class Absences:
    """Some of the known places that a pass did not find.

    Attributes:
        effects: to be written.
        offline: number of places whose volume is not mounted; nothing is concluded from their absence.
        vanished: whether any place is missing now that was there before.
    """

    effects: tuple[Effect, ...]
    offline: int
    vanished: bool


class Reconciler:
    """Compares files with the catalog as it was when the pass began, and decides what each means.

    Args:
        roots: what this pass covers; each a folder or a file, absolute, that may be gone.
        decoder: version of the decoder; a newer one tries dead files again.
        sources: the watched roots; the names of the folders below them count as words. `roots` where empty.
        automatic: whether the watcher began this pass. Then forgotten files are left alone, and a failed
            file is retried only when it is due; in a pass that the user asked for, both are read.
        redecode: decode also what is known.
        claimed: paths that another pass is reading at this moment; they are left alone.
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
        claimed: Collection[Path] = frozenset(),
    ) -> None:
        self.library = library
        self.roots = roots
        self.sources = sources or roots
        self.decoder = decoder
        self.automatic = automatic
        self.redecode = redecode
        self.claimed = frozenset(claimed)
        self._mounted = MountedVolumes(library)
        self._unreadable_folders: set[Path] = set()
        with library.read() as connection:
            self.failures = failures.failures(connection, roots)
            self.skips = failures.skips(connection, roots)
            self.undecoded = videos.without_frames(connection) | first_looks.unread_videos(connection)

    @functools.cached_property
    def locations(self) -> dict[Path, Location]:
        """What is known below the roots, read for the first file: who only confirms reads none of it."""
        with self.library.read() as connection:
            return locations.locations_below(connection, self.roots)

    # One file

    def decide_by_stat(self, event: FileEvent) -> Decision:
        """Decide by path, size and mtime; `examine` where the content must be looked at."""
        if event.path in self.claimed:
            return _left_alone(event, "being read", "another pass is reading it")
        location = self.locations.get(event.path)
        shown: tuple[Effect, ...] = ()
        if location is not None and location.forgotten_at is not None:
            if self.automatic:
                return _left_alone(event, "forgotten", "the user forgot it", _found_again(location))
            # The user asked for this pass: the place is shown again.
            shown = (ShowAgain(location),)
        skip = self.skips.get(event.path)
        if skip is not None and (skip.size, skip.mtime_ns) == (event.size, event.mtime_ns):
            return _left_alone(event, "no film", skip.reason, shown)
        failure = self.failures.get(event.path)
        if failure is not None and not self._may_try(failure, event):
            decision = _left_alone(event, "failed before", failure.reason, shown)
            return dataclasses.replace(decision, failure=failure)
        if location is None or not self._is_unchanged(location, event):
            return Decision("examine", event, "path, size or mtime is new", shown)
        effects = (*shown, *_found_again(location), *self._cleared_notes(event.path))
        return Decision("known", event, "path, size and mtime are known", effects)

    def decide_by_content(self, event: FileEvent, in_flight: Container[ContentKey]) -> Decision:
        """Decide by the partial hash, where path, size and mtime did not.

        To be called shortly before the decision is carried out, so that the pages read are still in
        memory when the decoder wants them.

        Args:
            in_flight: contents that are on their way to the decoder.
        """
        try:
            return self._decide_by_hash(event, partial_hash(event.path), in_flight)
        except MediaError as error:
            return self._unreadable(event, error)
        except OSError as error:  # the file went, or its disk failed, after its hash was read
            reason = f"it cannot be read: {error.strerror or error}"
            return self._unreadable(event, MediaError(reason, transient=True))

    def _decide_by_hash(self, event: FileEvent, partial: str, in_flight: Container[ContentKey]) -> Decision:
        with self.library.read() as connection:
            # Read again: other passes may run between the scan and the turn of a file.
            location = locations.location_at(connection, event.path)
        if location is None or location.content is None:
            return self._decide_new_content(event, partial, in_flight)
        if self.redecode or location.content in self.undecoded:
            return self._decode(event, partial, in_flight)
        with self.library.read() as connection:
            known = videos.identity_of(connection, location.content)
        if (known.size, known.partial_hash) != (event.size, partial):
            return self._decide_new_content(event, partial, in_flight)
        effects = (
            *_update(location, mtime_ns=event.mtime_ns, confirmed=False, missing_since=None),
            *self._cleared_notes(event.path),
        )
        return Decision("known", event, "size and partial hash are known", effects)

    def _may_try(self, failure: Failure, event: FileEvent) -> bool:
        if not is_same_try(failure, event, self.decoder):
            return True
        if self.automatic:
            return failure.state == "waiting" and failure.is_due(time.time())
        # To find out that a file can be opened now costs nothing.
        return failure.state == "waiting" or failure.stage == "read"

    def _is_unchanged(self, location: Location, event: FileEvent) -> bool:
        if location.content is None or self.redecode or location.content in self.undecoded:
            return False
        return (location.size, location.mtime_ns) == (event.size, event.mtime_ns)

    def _decide_new_content(
        self, event: FileEvent, partial: str, in_flight: Container[ContentKey]
    ) -> Decision:
        """Decide on content that is new at its path: moved, copied, or not known at all."""
        if self.redecode:
            return self._decode(event, partial, in_flight)
        with self.library.read() as connection:
            video_id = videos.alike(connection, event.size, partial)
            places = [] if video_id is None else locations.places_of_content(connection, video_id)
        origin = self._origin(places, event.path)
        undecoded = video_id in self.undecoded
        if video_id is None or (undecoded and origin is None):
            return self._decode(event, partial, in_flight)
        volume_id = self._mounted.volume_id(event.path)
        root = self.root_of(event.path)
        cleared = ClearNotes(event.path)
        if origin is None:
            copy = PlaceCopy(event, video_id, volume_id, root)
            return Decision("copy", event, "its content is known at another path", (copy, cleared))
        move = MoveLocation(origin, event, video_id, volume_id, root, self.automatic)
        return Decision(
            "moved",
            event,
            f"its content was at {origin.path}, which is gone",
            (move, cleared),
            task=self._task(event, partial) if undecoded else None,
            moved_from=origin.path,
        )

    def _decode(self, event: FileEvent, partial: str, in_flight: Container[ContentKey]) -> Decision:
        task = self._task(event, partial)
        if task.content_key in in_flight:
            return Decision("wait", event, "a file of the same content is being decoded", task=task)
        return Decision("decode", event, "its content is not known", task=task)

    def _task(self, event: FileEvent, partial: str) -> DecodeTask:
        return DecodeTask(event, partial, self._mounted.volume_id(event.path), self.root_of(event.path))

    def _unreadable(self, event: FileEvent, error: MediaError) -> Decision:
        if presence_of(event.path) == "absent":
            return _left_alone(event, "gone", "it went while it was read")
        failure = failure_after(error, event, self.failures.get(event.path), decoder=self.decoder)
        decision = _left_alone(event, "unreadable", error.reason, (NoteFailure(failure),))
        return dataclasses.replace(decision, failure=failure)

    def note_unreadable_folder(self, path: Path, reason: str) -> tuple[Effect, ...]:
        """Record why a folder could not be listed, until a pass can; nothing for what is no folder."""
        if not os.path.isdir(path):
            return ()
        self._unreadable_folders.add(path)
        failure = Failure(path, "read", "waiting", 1, None, reason, size=0, mtime_ns=0, decoder=self.decoder)
        return (NoteFailure(failure),)

    def _cleared_notes(self, path: Path) -> tuple[Effect, ...]:
        """The file is again what it was before it could not be read, or held no film."""
        return (ClearNotes(path),) if path in self.failures or path in self.skips else ()

    def _origin(self, places: Sequence[Location], path: Path) -> Location | None:
        """The place from which a content came to this path, if it is not there any more.

        A path is gone when its volume is there without it: an unplugged drive moves nothing, and what cannot
        be read is still there. Where the file system ignores case, a file that was given another spelling is
        there under the old one too.
        """
        spellings = Spellings()
        for place in sorted(places, key=lambda place: place.forgotten_at is not None):
            if presence_of(place.path) == "present":
                has_left = spellings.is_respelled(place.path, path)
            elif self._mounted.is_mounted(place):
                has_left = is_surely_absent(place.path)
            else:
                has_left = presence_of(place.path) == "absent" and self._mounted.is_elsewhere(place, path)
            if has_left:
                return place
        return None

    def root_of(self, path: Path) -> Path:
        """The watched root that a path belongs to; where the root is a file, its folder."""
        return root_of(path, self.sources)

    # The end of a pass

    def absences(self, seen: Container[Path], moved: Container[Path]) -> Iterator[Absences]:
        """Which known places are gone: with their volume (offline), or alone (missing).

        What cannot be read is neither. A few hundred places come at once, so that what was found of them can
        be written before anything else is done, which may find some of them again.

        Args:
            seen: paths that the scan found. moved: known paths whose file this pass found elsewhere.
        """
        unseen = [path for path in self.locations if path not in seen and path not in moved]
        for paths in in_chunks(unseen):
            yield self._absences_among([self.locations[path] for path in paths])
        yield Absences(tuple(self._absent_failures(seen, time.time(), Spellings())), 0, vanished=False)

    def _absences_among(self, places: Sequence[Location]) -> Absences:
        now, spellings = time.time(), Spellings()
        missing: list[Effect] = []
        offline = 0
        for place in places:
            if presence_of(place.path) == "absent" and not self._mounted.is_mounted(place):
                offline += place.forgotten_at is None
            elif place.missing_since is None and spellings.is_gone(
                place.path, below=self.root_of(place.path)
            ):
                missing += _update(place, missing_since=now)
        return Absences(tuple(missing), offline, vanished=bool(missing))

    def _absent_failures(self, seen: Container[Path], now: float, spellings: Spellings) -> list[Effect]:
        """Drop the notes of what is gone and of folders now listed; postpone what is due and not seen."""
        noted = {*self.failures, *self.skips}
        # A file that the scan saw may have gone before its turn.
        gone = {
            path
            for path in noted
            if spellings.is_gone(path, below=self.root_of(path)) and self._mounted.would_be_there(path)
        }
        unseen = [
            failure
            for path, failure in self.failures.items()
            if path not in gone and path not in seen and path not in self.claimed
        ]
        gone |= {f.path for f in unseen if f.path not in self._unreadable_folders and os.path.isdir(f.path)}
        due = [failure for failure in unseen if failure.next_at is not None and failure.is_due(now)]
        later = [dataclasses.replace(failure, next_at=now + UNSEEN_RETRY_SECONDS) for failure in due]
        return [*map(ClearNotes, gone), *map(NoteFailure, later)]


def root_of(path: Path, sources: Sequence[Path]) -> Path:
    """The source that a path belongs to, its folder where it belongs to none; of a file, its folder."""
    root = innermost(path, sources) or path.parent
    return root.parent if root == path else root


def _left_alone(event: FileEvent, cause: Any, reason: str, effects: tuple[Effect, ...] = ()) -> Decision:
    return Decision("leave alone", event, reason, effects, cause=cause)


def _update(location: Location, **values: Any) -> tuple[Effect, ...]:
    return (UpdateLocation(location, values),)


def _found_again(location: Location) -> tuple[Effect, ...]:
    return _update(location, missing_since=None) if location.missing_since is not None else ()
