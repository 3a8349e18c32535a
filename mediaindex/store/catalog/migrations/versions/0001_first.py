"""The first schema.

Revision ID: 0001
"""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision: str | None = None

STATEMENTS = (
    """
    CREATE TABLE answer (
        id INTEGER NOT NULL,
        "query" TEXT NOT NULL,
        hits TEXT NOT NULL,
        asked_at FLOAT NOT NULL,
        PRIMARY KEY (id)
    )
    """,
    """
    CREATE TABLE failure (
        id INTEGER NOT NULL,
        path BLOB NOT NULL,
        stage TEXT NOT NULL,
        state TEXT NOT NULL,
        attempts INTEGER NOT NULL,
        next_at FLOAT,
        reason TEXT NOT NULL,
        size INTEGER NOT NULL,
        mtime_ns INTEGER NOT NULL,
        decoder TEXT NOT NULL,
        updated_at FLOAT NOT NULL,
        PRIMARY KEY (id),
        CONSTRAINT failure_state CHECK (state IN ('waiting', 'dead')),
        UNIQUE (path)
    )
    """,
    """
    CREATE TABLE garbage (
        generation INTEGER NOT NULL,
        space_id INTEGER NOT NULL,
        PRIMARY KEY (generation)
    )
    """,
    """
    CREATE TABLE meta (
        "key" TEXT NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY ("key")
    )
    """,
    """
    CREATE TABLE request (
        id INTEGER NOT NULL,
        kind TEXT NOT NULL,
        arguments TEXT NOT NULL,
        state TEXT NOT NULL,
        progress TEXT,
        outcome TEXT,
        exit_code INTEGER,
        error TEXT,
        created_at FLOAT NOT NULL,
        holder INTEGER,
        PRIMARY KEY (id),
        CONSTRAINT request_state CHECK (state IN ('queued', 'running', 'done', 'failed'))
    )
    """,
    """
    CREATE TABLE skipped (
        path BLOB NOT NULL,
        size INTEGER NOT NULL,
        mtime_ns INTEGER NOT NULL,
        reason TEXT NOT NULL,
        PRIMARY KEY (path)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE source (
        id INTEGER NOT NULL,
        path BLOB NOT NULL,
        added_at FLOAT NOT NULL,
        PRIMARY KEY (id),
        UNIQUE (path)
    )
    """,
    """
    CREATE TABLE space (
        id INTEGER NOT NULL,
        encoder TEXT NOT NULL,
        digest TEXT NOT NULL,
        preprocessing TEXT NOT NULL,
        dim INTEGER NOT NULL,
        evidence_dim INTEGER,
        blend FLOAT NOT NULL,
        state TEXT NOT NULL,
        created_at FLOAT NOT NULL,
        PRIMARY KEY (id),
        UNIQUE (encoder, digest, preprocessing),
        CONSTRAINT space_state CHECK (state IN ('building', 'serving', 'dropping'))
    )
    """,
    """
    CREATE TABLE video (
        id INTEGER NOT NULL,
        hash TEXT,
        size INTEGER NOT NULL,
        partial_hash TEXT NOT NULL,
        container TEXT NOT NULL,
        codec TEXT NOT NULL,
        duration_seconds FLOAT NOT NULL,
        width INTEGER NOT NULL,
        height INTEGER NOT NULL,
        fps FLOAT,
        rotation INTEGER NOT NULL,
        recorded_at TEXT,
        recorded_day TEXT,
        latitude FLOAT,
        longitude FLOAT,
        altitude FLOAT,
        timecode TEXT,
        camera TEXT,
        title TEXT,
        tags TEXT NOT NULL,
        streams TEXT NOT NULL,
        added_at FLOAT NOT NULL,
        PRIMARY KEY (id),
        UNIQUE (hash)
    )
    """,
    """
    CREATE INDEX video_likeness ON video (size, partial_hash)
    """,
    """
    CREATE TABLE volume (
        id INTEGER NOT NULL,
        uid TEXT NOT NULL,
        label TEXT,
        mount_point BLOB NOT NULL,
        PRIMARY KEY (id),
        UNIQUE (uid)
    )
    """,
    """
    CREATE TABLE extraction (
        id INTEGER NOT NULL,
        video_id INTEGER NOT NULL,
        frame_file TEXT NOT NULL,
        decoder TEXT NOT NULL,
        sampling TEXT NOT NULL,
        frames INTEGER NOT NULL,
        cuts TEXT NOT NULL,
        damaged_packets INTEGER NOT NULL,
        created_at FLOAT NOT NULL,
        PRIMARY KEY (id),
        FOREIGN KEY(video_id) REFERENCES video (id) ON DELETE CASCADE,
        UNIQUE (frame_file)
    )
    """,
    """
    CREATE INDEX ix_extraction_video_id ON extraction (video_id)
    """,
    """
    CREATE TABLE location (
        id INTEGER NOT NULL,
        path BLOB NOT NULL,
        volume_id INTEGER NOT NULL,
        video_id INTEGER,
        next_video_id INTEGER,
        size INTEGER NOT NULL,
        mtime_ns INTEGER NOT NULL,
        confirmed BOOLEAN NOT NULL,
        missing_since FLOAT,
        PRIMARY KEY (id),
        UNIQUE (path),
        FOREIGN KEY(volume_id) REFERENCES volume (id),
        FOREIGN KEY(video_id) REFERENCES video (id) ON DELETE CASCADE,
        FOREIGN KEY(next_video_id) REFERENCES video (id) ON DELETE SET NULL
    )
    """,
    """
    CREATE INDEX ix_location_next_video_id ON location (next_video_id)
    """,
    """
    CREATE INDEX ix_location_video_id ON location (video_id)
    """,
    """
    CREATE TABLE frame (
        extraction_id INTEGER NOT NULL,
        ordinal INTEGER NOT NULL,
        seconds FLOAT NOT NULL,
        PRIMARY KEY (extraction_id, ordinal),
        FOREIGN KEY(extraction_id) REFERENCES extraction (id) ON DELETE CASCADE
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE "indexed" (
        video_id INTEGER NOT NULL,
        space_id INTEGER NOT NULL,
        extraction_id INTEGER NOT NULL,
        generation INTEGER NOT NULL,
        vectors INTEGER NOT NULL,
        PRIMARY KEY (video_id, space_id),
        FOREIGN KEY(video_id) REFERENCES video (id) ON DELETE CASCADE,
        FOREIGN KEY(space_id) REFERENCES space (id) ON DELETE CASCADE,
        FOREIGN KEY(extraction_id) REFERENCES extraction (id),
        UNIQUE (generation)
    )
    """,
    """
    CREATE INDEX ix_indexed_extraction_id ON "indexed" (extraction_id)
    """,
    """
    CREATE TABLE segment (
        id INTEGER NOT NULL,
        extraction_id INTEGER NOT NULL,
        ordinal INTEGER NOT NULL,
        start_seconds FLOAT NOT NULL,
        end_seconds FLOAT NOT NULL,
        first_frame INTEGER NOT NULL,
        frame_count INTEGER NOT NULL,
        PRIMARY KEY (id),
        UNIQUE (extraction_id, ordinal),
        FOREIGN KEY(extraction_id) REFERENCES extraction (id) ON DELETE CASCADE
    )
    """,
    """
    CREATE TABLE subtitle (
        id INTEGER NOT NULL,
        video_id INTEGER NOT NULL,
        location_id INTEGER,
        file TEXT NOT NULL,
        language TEXT,
        forced BOOLEAN NOT NULL,
        size INTEGER NOT NULL,
        mtime_ns INTEGER NOT NULL,
        reason TEXT,
        PRIMARY KEY (id),
        FOREIGN KEY(video_id) REFERENCES video (id) ON DELETE CASCADE,
        FOREIGN KEY(location_id) REFERENCES location (id) ON DELETE CASCADE
    )
    """,
    """
    CREATE INDEX ix_subtitle_location_id ON subtitle (location_id)
    """,
    """
    CREATE INDEX ix_subtitle_video_id ON subtitle (video_id)
    """,
    """
    CREATE TABLE word (
        id INTEGER NOT NULL,
        video_id INTEGER NOT NULL,
        location_id INTEGER,
        subtitle_id INTEGER,
        field TEXT NOT NULL,
        text TEXT NOT NULL,
        start_seconds FLOAT,
        end_seconds FLOAT,
        PRIMARY KEY (id),
        FOREIGN KEY(video_id) REFERENCES video (id) ON DELETE CASCADE,
        FOREIGN KEY(location_id) REFERENCES location (id) ON DELETE CASCADE,
        FOREIGN KEY(subtitle_id) REFERENCES subtitle (id) ON DELETE CASCADE
    )
    """,
    """
    CREATE INDEX ix_word_location_id ON word (location_id)
    """,
    """
    CREATE INDEX ix_word_subtitle_id ON word (subtitle_id)
    """,
    """
    CREATE INDEX ix_word_video_id ON word (video_id)
    """,
    """
    CREATE VIRTUAL TABLE word_index USING fts5(text, content='word', content_rowid='id',
        tokenize='unicode61 remove_diacritics 2')
    """,
    """
    CREATE TRIGGER word_added AFTER INSERT ON word BEGIN
        INSERT INTO word_index(rowid, text) VALUES (new.id, new.text);
    END
    """,
    """
    CREATE TRIGGER word_removed AFTER DELETE ON word BEGIN
        INSERT INTO word_index(word_index, rowid, text) VALUES ('delete', old.id, old.text);
    END
    """,
    "INSERT INTO meta (key, value) VALUES ('sweep_epoch', '0')",
)


def upgrade() -> None:
    """Make every table of the first release."""
    for statement in STATEMENTS:
        op.execute(statement)
