"""What a large library need not be searched for: blobs to be removed, sizes of blobs, and rare kinds of rows.

Blobs that an earlier version left are looked for once more, and the sizes of all others noted, by the next
writer: to it the last one has not ended in order.

Revision ID: 0004
"""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"

STATEMENTS = (
    "ALTER TABLE extraction ADD COLUMN blob_bytes INTEGER",
    "CREATE INDEX location_unconfirmed ON location (id) WHERE confirmed = 0",
    "CREATE INDEX location_missing ON location (missing_since) WHERE missing_since IS NOT NULL",
    "CREATE INDEX video_duration ON video (duration_seconds)",
    "CREATE INDEX extraction_sizes ON extraction (frames, blob_bytes)",
    "CREATE INDEX extraction_first_look ON extraction (id) WHERE first_look = 1",
    """
    CREATE TABLE garbage_blob (
        frame_file TEXT NOT NULL,
        PRIMARY KEY (frame_file)
    ) WITHOUT ROWID
    """,
    # Triggers, because most decodings vanish with their video, by a cascade.
    """
    CREATE TRIGGER extraction_removed AFTER DELETE ON extraction
    WHEN old.frame_file NOT LIKE 'lost/%' AND old.frame_file NOT LIKE 'evicted/%' BEGIN
        INSERT OR IGNORE INTO garbage_blob (frame_file) VALUES (old.frame_file);
    END
    """,
    """
    CREATE TRIGGER extraction_renamed AFTER UPDATE OF frame_file ON extraction
    WHEN old.frame_file != new.frame_file
        AND old.frame_file NOT LIKE 'lost/%' AND old.frame_file NOT LIKE 'evicted/%' BEGIN
        INSERT OR IGNORE INTO garbage_blob (frame_file) VALUES (old.frame_file);
    END
    """,
    "UPDATE meta SET value = '0' WHERE key = 'clean'",
)


def upgrade() -> None:
    """Add them; no file is read."""
    connection = op.get_bind()
    for statement in STATEMENTS:
        connection.exec_driver_sql(statement)
