"""Captions of videos that are not known yet: no content, and perhaps no times.

SQLite cannot make a column nullable, so the table is made anew.

Revision ID: 0011
"""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"

STATEMENTS = (
    "ALTER TABLE caption RENAME TO older_caption",
    "DROP INDEX ix_caption_video_id",
    "DROP INDEX ix_caption_word_id",
    "DROP INDEX caption_without_video",
    """
    CREATE TABLE caption (
        id INTEGER NOT NULL,
        video_id INTEGER,
        size INTEGER,
        partial_hash TEXT,
        hash TEXT,
        path BLOB NOT NULL,
        start_seconds FLOAT,
        end_seconds FLOAT,
        text TEXT NOT NULL,
        language TEXT,
        created_at FLOAT NOT NULL,
        word_id INTEGER,
        PRIMARY KEY (id),
        FOREIGN KEY(video_id) REFERENCES video (id) ON DELETE SET NULL,
        FOREIGN KEY(word_id) REFERENCES word (id) ON DELETE SET NULL
    )
    """,
    """
    INSERT INTO caption (id, video_id, size, partial_hash, hash, path, start_seconds, end_seconds, text,
                         language, created_at, word_id)
    SELECT id, video_id, size, partial_hash, hash, path, start_seconds, end_seconds, text,
           language, created_at, word_id FROM older_caption
    """,
    "DROP TABLE older_caption",
    "CREATE INDEX ix_caption_video_id ON caption (video_id)",
    "CREATE INDEX ix_caption_word_id ON caption (word_id)",
    "CREATE INDEX caption_without_video ON caption (partial_hash) WHERE video_id IS NULL",
    "CREATE INDEX caption_waiting ON caption (path) WHERE size IS NULL",
)


def upgrade() -> None:
    """Make the table anew, with all that it holds."""
    connection = op.get_bind()
    for statement in STATEMENTS:
        connection.exec_driver_sql(statement)
