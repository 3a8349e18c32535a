"""Effects that record a file that was read: its headers, its first look, or all of its frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mediaindex.decode.worker import DECODER_VERSION
from mediaindex.ingest.pools.file_reading import DecodedFile, ProbedFile
from mediaindex.ingest.reconcile.decision import DecodeTask
from mediaindex.ingest.reconcile.location_effects import ClearNotes, PlaceCopy
from mediaindex.store.catalog import first_looks, fulltext, locations, videos
from mediaindex.store.catalog.videos import Identity
from mediaindex.store.notes import captions, carried_over, waiting
from mediaindex.store.vectors.spaces import Unembedded

if TYPE_CHECKING:
    import sqlalchemy as sa


@dataclass(frozen=True, slots=True)
class RecordHeaders:
    """Record the headers of a file: words find it, though it has no picture yet."""

    file: ProbedFile

    def apply(self, connection: sa.Connection) -> None:
        """Write it, unless an earlier pass did."""
        task, info = self.file.task, self.file.info
        event = task.event
        identity = Identity(event.size, task.partial_hash, None)
        if first_looks.unread_video_at(connection, event.path, identity) is not None:
            return
        video_id = first_looks.add_unread_video(connection, identity, info)
        location_id = first_looks.place_unread(
            connection,
            event.path,
            video_id,
            volume_id=task.volume_id,
            size=event.size,
            mtime_ns=event.mtime_ns,
        )
        fulltext.set_video_words(connection, video_id, title=info.title, camera=info.camera, tags=info.tags)
        fulltext.set_location_words(connection, location_id, video_id, event.path, task.root)
        ClearNotes(event.path).apply(connection)


@dataclass(frozen=True, slots=True)
class RecordFirstLook:
    """Record the one frame of a first look, which is found until the video is decoded in full."""

    file: DecodedFile
    sampling: str

    def apply(self, connection: sa.Connection) -> Unembedded | None:
        """Write it, unless the file was forgotten or moved meanwhile; then its blob is swept."""
        file = self.file
        video_id = first_looks.unread_video_at(connection, file.task.event.path, file.identity)
        if video_id is None:
            return None
        extraction_id = _add_extraction(connection, video_id, file, self.sampling, first_look=True)
        return Unembedded(video_id, extraction_id, file.frame_file, 1)


@dataclass(frozen=True, slots=True)
class RecordDecoded:
    """Record a content with its frames and words, at its place and at those of its copies.

    Attributes:
        copies: files that looked the same and waited for this one.
    """

    file: DecodedFile
    sampling: str
    copies: tuple[DecodeTask, ...]

    def apply(self, connection: sa.Connection) -> Unembedded:
        """Write it; the path keeps its old content until the new one has vectors."""
        file = self.file
        task, event = file.task, file.task.event
        first_looks.take_hash(connection, event.path, file.identity)
        duration = file.segmentation.duration_seconds
        video_id = videos.ensure_video(connection, file.identity, file.info, duration)
        captions.attach(connection, video_id)
        before = locations.location_at(connection, event.path)
        if before is not None and before.video_id is not None:
            carried_over.carry_over(connection, before.video_id, video_id)
        extraction_id = _add_extraction(connection, video_id, file, self.sampling)
        location_id = locations.place(
            connection,
            event.path,
            volume_id=task.volume_id,
            next_video_id=video_id,
            size=event.size,
            mtime_ns=event.mtime_ns,
            confirmed=True,
            missing_since=None,
        )
        info = file.info
        fulltext.set_video_words(connection, video_id, title=info.title, camera=info.camera, tags=info.tags)
        fulltext.set_location_words(connection, location_id, video_id, event.path, task.root)
        fulltext.set_embedded_subtitles(connection, video_id, file.cues)
        waiting.arrive(connection, event.path, video_id)
        ClearNotes(event.path).apply(connection)
        for copy in self.copies:
            PlaceCopy(copy.event, video_id, copy.volume_id, copy.root).apply(connection)
        return Unembedded(video_id, extraction_id, file.frame_file, len(file.seconds))


def _add_extraction(
    connection: sa.Connection, video_id: int, file: DecodedFile, sampling: str, *, first_look: bool = False
) -> int:
    extraction_id = videos.add_extraction(
        connection,
        video_id,
        frame_file=file.frame_file,
        decoder=DECODER_VERSION,
        sampling=sampling,
        seconds=file.seconds,
        outline=file.segmentation,
        first_look=first_look,
    )
    videos.note_blob_sizes(connection, {file.frame_file: file.blob_bytes})
    return extraction_id
