"""The tables of library.sqlite. Alembic's revisions make them; this is how the code names them.

Columns that count (those of `total`, and `places`, `videos`, `vectors` beside what they count) are kept by
triggers: nothing else writes them, and no transaction ends with a wrong one.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Boolean, Column, Float, ForeignKey, Integer, MetaData, Table, Text
from sqlalchemy.engine import Dialect

metadata = MetaData()


class PathType(sa.TypeDecorator[Path]):
    """A path as the bytes of the file system: a name that is no UTF-8 has no text form."""

    impl = sa.LargeBinary
    cache_ok = True

    def process_bind_param(self, value: Path | None, dialect: Dialect) -> bytes | None:
        """Path → bytes."""
        return None if value is None else os.fsencode(value)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> Path | None:
        """Bytes → Path."""
        return None if value is None else Path(os.fsdecode(value))


class JsonType(sa.TypeDecorator[object]):
    """A JSON value as text.

    SQLAlchemy's own JSON type stores the same bytes, but declares a column JSON, to which SQLite gives
    numeric affinity. Alembic's revisions made the columns TEXT, and would count each of them as changed.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: object, dialect: Dialect) -> str | None:
        """Value → text; escapes keep lone surrogates storable."""
        return None if value is None else json.dumps(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> object:
        """Text → value."""
        return None if value is None else json.loads(value)


_METADATA_COLUMNS: tuple[Column[Any], ...] = (
    # A duration that is not known is stored as 0.
    Column("duration_seconds", Float, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("fps", Float),
    Column("codec", Text, nullable=False),
    Column("rotation", Integer, nullable=False),
    Column("container", Text, nullable=False),
    Column("streams", JsonType, nullable=False),
    Column("recorded_at", Text),
    Column("recorded_day", Text),
    Column("latitude", Float),
    Column("longitude", Float),
    Column("altitude", Float),
    Column("timecode", Text),
    Column("camera", Text),
    Column("title", Text),
    Column("frame_rate", Text),
    Column("variable_rate", Boolean),
    Column("film_start", Text),
    Column("pixel_aspect", Text),
    Column("reel_name", Text),
    Column("tags", JsonType, nullable=False),
)
METADATA = tuple(column.name for column in _METADATA_COLUMNS)
"""The fields of MediaInfo that `video` has a column for; a stream's number is only for the open file."""

meta = Table(
    "meta",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

volume = Table(
    "volume",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("uid", Text, nullable=False, unique=True),
    Column("label", Text),
    Column("mount_point", PathType, nullable=False),
    Column("places", Integer, nullable=False, server_default="0"),
)

source = Table(
    "source",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("path", PathType, nullable=False, unique=True),
    Column("added_at", Float, nullable=False),
    # Whether pictures of its videos may be written as thumbnails: "library" or "none".
    Column("thumbnails", Text, nullable=False, server_default="library"),
    # Since when the mass-deletion guard holds it; null where it does not.
    Column("held_since", Float),
    # Why the watcher polls it; null where the kernel tells of its changes.
    Column("polled", Text),
    # Rows of `location` below its path.
    Column("places", Integer, nullable=False, server_default="0"),
)

video = Table(
    "video",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("hash", Text, unique=True),
    Column("size", Integer, nullable=False),
    Column("partial_hash", Text, nullable=False),
    *_METADATA_COLUMNS,
    Column("added_at", Float, nullable=False),
    sa.Index("video_likeness", "size", "partial_hash"),
    sa.Index("video_recorded_day", "recorded_day"),
    sa.Index("video_duration", "duration_seconds"),
    sa.Index("video_camera", "camera", sqlite_where=sa.text("camera IS NOT NULL")),
)

location = Table(
    "location",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("path", PathType, nullable=False, unique=True),
    Column("volume_id", ForeignKey("volume.id"), nullable=False),
    # What a search shows for this path. The transaction that makes the vectors of new content visible
    # moves `next_video_id` here.
    Column("video_id", ForeignKey("video.id", ondelete="CASCADE"), index=True),
    Column("next_video_id", ForeignKey("video.id", ondelete="SET NULL"), index=True),
    Column("size", Integer, nullable=False),
    Column("mtime_ns", Integer, nullable=False),
    # False: identity rests on size and partial hash; the full hash confirms it when idle.
    Column("confirmed", Boolean, nullable=False),
    Column("missing_since", Float),
    # Hidden at the user's wish since then; can be undone until it is removed.
    Column("forgotten_at", Float),
    sa.Index("location_forgotten", "forgotten_at", sqlite_where=sa.text("forgotten_at IS NOT NULL")),
    sa.Index("location_unconfirmed", "id", sqlite_where=sa.text("confirmed = 0")),
    sa.Index("location_empty", "id", sqlite_where=sa.text("video_id IS NULL AND next_video_id IS NULL")),
    sa.Index("location_missing", "missing_since", sqlite_where=sa.text("missing_since IS NOT NULL")),
)

extraction = Table(
    "extraction",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("video_id", ForeignKey("video.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("frame_file", Text, nullable=False, unique=True),
    Column("decoder", Text, nullable=False),
    Column("sampling", Text, nullable=False),
    Column("frames", Integer, nullable=False),
    Column("cuts", JsonType, nullable=False),
    Column("damaged_packets", Integer, nullable=False),
    Column("created_at", Float, nullable=False),
    # A first look: one frame of the whole video, until it is decoded in full.
    Column("first_look", Boolean, nullable=False, server_default="0"),
    # Size of the blob; null where the next recovery has to look for it.
    Column("blob_bytes", Integer),
    # Whether its video has a newer one. A trigger writes it.
    Column("replaced", Boolean, nullable=False, server_default="0"),
    sa.Index("extraction_replaced", "video_id", sqlite_where=sa.text("replaced = 1")),
    sa.Index("extraction_sizes", "frames", "blob_bytes"),
    sa.Index("extraction_first_look", "id", sqlite_where=sa.text("first_look = 1")),
)

segment = Table(
    "segment",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("extraction_id", ForeignKey("extraction.id", ondelete="CASCADE"), nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("start_seconds", Float, nullable=False),
    Column("end_seconds", Float, nullable=False),
    Column("first_frame", Integer, nullable=False),
    Column("frame_count", Integer, nullable=False),
    sa.UniqueConstraint("extraction_id", "ordinal"),
)

frame = Table(
    "frame",
    metadata,
    Column("extraction_id", ForeignKey("extraction.id", ondelete="CASCADE"), primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("seconds", Float, nullable=False),
    sqlite_with_rowid=False,
)

space = Table(
    "space",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("encoder", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("preprocessing", Text, nullable=False),
    Column("dim", Integer, nullable=False),
    Column("evidence_dim", Integer),
    Column("blend", Float, nullable=False),
    Column("state", Text, nullable=False),
    Column("created_at", Float, nullable=False),
    # Rows of `indexed`, and the sum of their vectors.
    Column("videos", Integer, nullable=False, server_default="0"),
    Column("vectors", Integer, nullable=False, server_default="0"),
    # The scorer whose evidence of regions it is to have, and of how many vectors it has that.
    Column("scorer", Text),
    Column("scored", Integer, nullable=False, server_default="0"),
    sa.UniqueConstraint("encoder", "digest", "preprocessing"),
    sa.CheckConstraint("state IN ('building', 'serving', 'dropping')", name="space_state"),
)

indexed = Table(
    "indexed",
    metadata,
    Column("video_id", ForeignKey("video.id", ondelete="CASCADE"), primary_key=True),
    Column("space_id", ForeignKey("space.id", ondelete="CASCADE"), primary_key=True),
    Column("extraction_id", ForeignKey("extraction.id"), nullable=False, index=True),
    Column("generation", Integer, nullable=False, unique=True),
    Column("vectors", Integer, nullable=False),
    # Digest of the scorer whose evidence of regions lies beside these vectors.
    Column("scorer", Text),
)

# Triggers on `location` and `indexed` write it: whose visibility changed, in the order of the changes. The
# newest row is never removed, so that a number names one change for ever.
visibility_change = Table(
    "visibility_change",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("video_id", Integer, nullable=False),
)

garbage = Table(
    "garbage",
    metadata,
    Column("generation", Integer, primary_key=True),
    Column("space_id", Integer, nullable=False),
)

# Blobs of the frame cache that no row names any more. Triggers write it, whatever removes the row.
garbage_blob = Table(
    "garbage_blob",
    metadata,
    Column("frame_file", Text, primary_key=True),
    sqlite_with_rowid=False,
)

failure = Table(
    "failure",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("path", PathType, nullable=False, unique=True),
    Column("stage", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", Float),
    Column("reason", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("mtime_ns", Integer, nullable=False),
    Column("decoder", Text, nullable=False),
    Column("updated_at", Float, nullable=False),
    sa.CheckConstraint("state IN ('waiting', 'dead')", name="failure_state"),
)

skipped = Table(
    "skipped",
    metadata,
    Column("path", PathType, primary_key=True),
    Column("size", Integer, nullable=False),
    Column("mtime_ns", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    sqlite_with_rowid=False,
)

# One row: how many rows there are of each kind, hidden and replaced ones among them.
total = Table(
    "total",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("places", Integer, nullable=False),
    Column("videos", Integer, nullable=False),
    # Of all videos, each rounded, and no longer than 1e9 s: whole numbers add up to the same in any order.
    Column("milliseconds", Integer, nullable=False),
    Column("extractions", Integer, nullable=False),
    Column("frames", Integer, nullable=False),
    Column("segments", Integer, nullable=False),
    Column("blob_bytes", Integer, nullable=False),
    Column("unmeasured_blobs", Integer, nullable=False),
    Column("skipped", Integer, nullable=False),
    sa.CheckConstraint("id = 1"),
)

subtitle = Table(
    "subtitle",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("video_id", ForeignKey("video.id", ondelete="CASCADE"), nullable=False, index=True),
    # Null for a subtitle stream inside the file.
    Column("location_id", ForeignKey("location.id", ondelete="CASCADE"), index=True),
    Column("file", Text, nullable=False),
    Column("language", Text),
    Column("forced", Boolean, nullable=False),
    Column("size", Integer, nullable=False),
    Column("mtime_ns", Integer, nullable=False),
    Column("reason", Text),
)

word = Table(
    "word",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("video_id", ForeignKey("video.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("location_id", ForeignKey("location.id", ondelete="CASCADE"), index=True),
    Column("subtitle_id", ForeignKey("subtitle.id", ondelete="CASCADE"), index=True),
    Column("field", Text, nullable=False),
    Column("text", Text, nullable=False),
    # The tokens of `text` as `words.folding` makes them, with blanks between; the indexes are over these:
    # `word_index` over what has no time, with its other readings, `word_index_cues` over what has one.
    Column("folded", Text, nullable=False),
    Column("start_seconds", Float),
    Column("end_seconds", Float),
    # The other readings of a name, as `words.readings` makes them.
    Column("readings", Text, nullable=False, server_default=""),
)

# The words that were ever indexed; whether one still stands anywhere is known to the indexes alone.
vocabulary = Table(
    "vocabulary",
    metadata,
    Column("word", Text, primary_key=True),
    # Of the texts that hold it, empty where it is not known, "*" for a word's stem.
    Column("language", Text, primary_key=True),
    Column("letters", Integer, nullable=False),
    Column("reversed", Text, nullable=False),
    sa.Index("vocabulary_by_length", "letters", "word"),
    sa.Index("vocabulary_by_end", "reversed", "word"),
    sqlite_with_rowid=False,
)

stem = Table(
    "stem",
    metadata,
    Column("stem", Text, primary_key=True),
    Column("language", Text, primary_key=True),
    Column("word", Text, primary_key=True),
    sqlite_with_rowid=False,
)

answer = Table(
    "answer",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("query", Text, nullable=False),
    Column("hits", JsonType, nullable=False),
    Column("asked_at", Float, nullable=False),
    # Whether moments of it that are opened become picks.
    Column("in_history", Boolean, nullable=False, server_default="1"),
)

# What the user says is seen. It outlives its video, and is given to it again by these hashes. One that was
# written before its video came has none: it waits for a video at its path, and may lack times until then.
caption = Table(
    "caption",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("video_id", ForeignKey("video.id", ondelete="SET NULL"), index=True),
    Column("size", Integer),
    Column("partial_hash", Text),
    Column("hash", Text),
    # Where the video lay when the caption was written.
    Column("path", PathType, nullable=False),
    Column("start_seconds", Float),
    Column("end_seconds", Float),
    Column("text", Text, nullable=False),
    Column("language", Text),
    Column("created_at", Float, nullable=False),
    # Its words, null while the video is gone.
    Column("word_id", ForeignKey("word.id", ondelete="SET NULL"), index=True),
    sa.Index("caption_without_video", "partial_hash", sqlite_where=sa.text("video_id IS NULL")),
    sa.Index("caption_waiting", "path", sqlite_where=sa.text("size IS NULL")),
)

# Moments that are right or wrong for a query. Segments change when a video is decoded anew: seconds stay.
mark = Table(
    "mark",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("query", Text, nullable=False),
    Column("video_id", ForeignKey("video.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("seconds", Float, nullable=False),
    Column("start_seconds", Float, nullable=False),
    Column("end_seconds", Float, nullable=False),
    Column("is_right", Boolean, nullable=False),
    Column("created_at", Float, nullable=False),
    sa.UniqueConstraint("query", "video_id", "seconds"),
)

# A query with a moment that the user opened.
pick = Table(
    "pick",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("asked_at", Float, nullable=False),
    Column("query", Text, nullable=False),
    Column("video_id", ForeignKey("video.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("seconds", Float, nullable=False),
)

saved_search = Table(
    "saved_search",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("text", Text, nullable=False, unique=True),
    Column("created_at", Float, nullable=False),
)

request = Table(
    "request",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("arguments", JsonType, nullable=False),
    Column("state", Text, nullable=False),
    Column("progress", JsonType),
    Column("outcome", JsonType),
    Column("exit_code", Integer),
    Column("error", Text),
    Column("created_at", Float, nullable=False),
    Column("holder", Integer),  # unused: who holds the writer lock holds every running request
    sa.CheckConstraint("state IN ('queued', 'running', 'done', 'failed')", name="request_state"),
)
