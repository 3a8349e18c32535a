"""Effects on the rows of one path: its location, its failure, its skip."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mediaindex.media import FileEvent
from mediaindex.store.catalog import failures, fulltext, locations, videos
from mediaindex.store.catalog.failures import Failure
from mediaindex.store.catalog.locations import Location
from mediaindex.store.notes import waiting

if TYPE_CHECKING:
    import sqlalchemy as sa


@dataclass(frozen=True, slots=True)
class UpdateLocation:
    """Change columns of a location, unless another pass found its file elsewhere meanwhile."""

    location: Location
    values: Mapping[str, Any]

    def apply(self, connection: sa.Connection) -> None:
        """Write it."""
        path = self.location.path
        locations.update_location(connection, self.location.id, only_at=path, **self.values)


@dataclass(frozen=True, slots=True)
class ShowAgain:
    """The user asked for a place that was forgotten; one whose content is gone is as if it had never been."""

    location: Location

    def apply(self, connection: sa.Connection) -> None:
        """Write it."""
        present = locations.location_at(connection, self.location.path)
        if present is not None and present.content is None:
            locations.remove_locations(connection, [present.id])
        else:
            UpdateLocation(self.location, {"forgotten_at": None}).apply(connection)


@dataclass(frozen=True, slots=True)
class NoteMissing:
    """The content that was known at a path is no longer there."""

    path: Path
    since: float

    def apply(self, connection: sa.Connection) -> None:
        """Write it."""
        locations.miss(connection, self.path, self.since)


@dataclass(frozen=True, slots=True)
class NoteFailure:
    """A file could not be read; it may hold a film, so it is not skipped."""

    failure: Failure

    def apply(self, connection: sa.Connection) -> None:
        """Write it."""
        failures.set_failure(connection, self.failure)


@dataclass(frozen=True, slots=True)
class NoteSkip:
    """A file can be read and holds no film."""

    event: FileEvent
    reason: str

    def apply(self, connection: sa.Connection) -> None:
        """Write it."""
        event = self.event
        failures.set_skip(
            connection, event.path, size=event.size, mtime_ns=event.mtime_ns, reason=self.reason
        )
        failures.clear_failure(connection, event.path)


@dataclass(frozen=True, slots=True)
class ClearNotes:
    """Remove failure and skip of a path: its file could be read and holds a film, or is gone."""

    path: Path

    def apply(self, connection: sa.Connection) -> None:
        """Write it."""
        failures.clear_failure(connection, self.path)
        failures.clear_skip(connection, self.path)


@dataclass(frozen=True, slots=True)
class ClearSkip:
    """A file that was skipped is to be read again."""

    path: Path

    def apply(self, connection: sa.Connection) -> None:
        """Write it."""
        failures.clear_skip(connection, self.path)


@dataclass(frozen=True, slots=True)
class MoveLocation:
    """A known content has left its place and lies at another path.

    Attributes:
        automatic: whether the watcher began this pass: then a forgotten content stays hidden at its new
            path, unless another content was known there.
    """

    location: Location
    event: FileEvent
    video_id: int
    volume_id: int
    root: Path
    automatic: bool

    def apply(self, connection: sa.Connection) -> None:
        """Write it; the location that was known at the new path is removed."""
        path = self.event.path
        replaced = locations.location_at(connection, path)
        if replaced is not None:
            locations.remove_locations(connection, [replaced.id])
        stays_hidden = self.automatic and replaced is None
        locations.update_location(
            connection,
            self.location.id,
            path=path,
            volume_id=self.volume_id,
            mtime_ns=self.event.mtime_ns,
            confirmed=False,
            missing_since=None,
            forgotten_at=self.location.forgotten_at if stays_hidden else None,
        )
        fulltext.set_location_words(connection, self.location.id, self.video_id, path, self.root)
        waiting.arrive(connection, path, self.video_id)


@dataclass(frozen=True, slots=True)
class PlaceCopy:
    """A known content lies at one more path, which the full hash has yet to confirm.

    Content that has no vectors yet is shown at the path once they are there.
    """

    event: FileEvent
    video_id: int
    volume_id: int
    root: Path

    def apply(self, connection: sa.Connection) -> None:
        """Write it."""
        event, video_id = self.event, self.video_id
        old = locations.location_at(connection, event.path)
        shown = videos.is_shown(connection, video_id)
        location_id = locations.place(
            connection,
            event.path,
            volume_id=self.volume_id,
            video_id=video_id if shown else (old.video_id if old else None),
            next_video_id=None if shown else video_id,
            size=event.size,
            mtime_ns=event.mtime_ns,
            confirmed=False,
            missing_since=None,
        )
        fulltext.set_location_words(connection, location_id, video_id, event.path, self.root)
        waiting.arrive(connection, event.path, video_id)
