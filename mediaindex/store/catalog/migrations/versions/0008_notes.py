"""What the user writes: captions, marks, picks and saved searches.

Revision ID: 0008
"""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"

STATEMENTS = (
    # A caption outlives its video, and is given to it again by these hashes.
    """
    CREATE TABLE caption (
        id INTEGER NOT NULL,
        video_id INTEGER,
        size INTEGER NOT NULL,
        partial_hash TEXT NOT NULL,
        hash TEXT,
        path BLOB NOT NULL,
        start_seconds FLOAT NOT NULL,
        end_seconds FLOAT NOT NULL,
        text TEXT NOT NULL,
        language TEXT,
        created_at FLOAT NOT NULL,
        word_id INTEGER,
        PRIMARY KEY (id),
        FOREIGN KEY(video_id) REFERENCES video (id) ON DELETE SET NULL,
        FOREIGN KEY(word_id) REFERENCES word (id) ON DELETE SET NULL
    )
    """,
    "CREATE INDEX ix_caption_video_id ON caption (video_id)",
    "CREATE INDEX ix_caption_word_id ON caption (word_id)",
    "CREATE INDEX caption_without_video ON caption (partial_hash) WHERE video_id IS NULL",
    """
    CREATE TABLE mark (
        id INTEGER NOT NULL,
        query TEXT NOT NULL,
        video_id INTEGER NOT NULL,
        seconds FLOAT NOT NULL,
        start_seconds FLOAT NOT NULL,
        end_seconds FLOAT NOT NULL,
        is_right BOOLEAN NOT NULL,
        created_at FLOAT NOT NULL,
        PRIMARY KEY (id),
        UNIQUE (query, video_id, seconds),
        FOREIGN KEY(video_id) REFERENCES video (id) ON DELETE CASCADE
    )
    """,
    "CREATE INDEX ix_mark_video_id ON mark (video_id)",
    """
    CREATE TABLE pick (
        id INTEGER NOT NULL,
        asked_at FLOAT NOT NULL,
        query TEXT NOT NULL,
        video_id INTEGER NOT NULL,
        seconds FLOAT NOT NULL,
        PRIMARY KEY (id),
        FOREIGN KEY(video_id) REFERENCES video (id) ON DELETE CASCADE
    )
    """,
    "CREATE INDEX ix_pick_video_id ON pick (video_id)",
    """
    CREATE TABLE saved_search (
        id INTEGER NOT NULL,
        text TEXT NOT NULL,
        created_at FLOAT NOT NULL,
        PRIMARY KEY (id),
        UNIQUE (text)
    )
    """,
    "ALTER TABLE answer ADD COLUMN in_history BOOLEAN DEFAULT 1 NOT NULL",
)


def upgrade() -> None:
    """Make the tables, all of them empty."""
    connection = op.get_bind()
    for statement in STATEMENTS:
        connection.exec_driver_sql(statement)
