"""Words of every script: the index is made anew over folded text, and technical tags are no words any more.

The words come from what the library holds: subtitles, names and folders as they stand in `word`, titles,
cameras and tags from `video`. No file is read.

Revision ID: 0003
"""

from __future__ import annotations

import json
import sqlite3

from alembic import op

from mediaindex.store.words.content_words import content_words
from mediaindex.store.words.folding import folded

revision = "0003"
down_revision = "0002"

BEFORE = (
    "DROP TRIGGER word_added",
    "DROP TRIGGER word_removed",
    "DROP TABLE word_index",
    """
    CREATE TABLE word_folded (
        id INTEGER NOT NULL,
        video_id INTEGER NOT NULL,
        location_id INTEGER,
        subtitle_id INTEGER,
        field TEXT NOT NULL,
        text TEXT NOT NULL,
        folded TEXT NOT NULL,
        start_seconds FLOAT,
        end_seconds FLOAT,
        PRIMARY KEY (id),
        FOREIGN KEY(video_id) REFERENCES video (id) ON DELETE CASCADE,
        FOREIGN KEY(location_id) REFERENCES location (id) ON DELETE CASCADE,
        FOREIGN KEY(subtitle_id) REFERENCES subtitle (id) ON DELETE CASCADE
    )
    """,
)
KEEP_OTHERS = """
INSERT INTO word_folded
SELECT id, video_id, location_id, subtitle_id, field, text, folded(text), start_seconds, end_seconds
FROM word WHERE field NOT IN ('title', 'tag')
"""
CONTENTS = "SELECT id, title, camera, tags FROM video"
ADD_CONTENT = "INSERT INTO word_folded (video_id, field, text, folded) VALUES (?, ?, ?, folded(?))"
AFTER = (
    "DROP TABLE word",
    "ALTER TABLE word_folded RENAME TO word",
    "CREATE INDEX ix_word_location_id ON word (location_id)",
    "CREATE INDEX ix_word_subtitle_id ON word (subtitle_id)",
    "CREATE INDEX ix_word_video_id ON word (video_id)",
    # Folded text holds tokens with blanks between: the tokenizer parts it there, and nowhere else.
    """
    CREATE VIRTUAL TABLE word_index USING fts5(folded, content='word', content_rowid='id', tokenize='ascii')
    """,
    "INSERT INTO word_index(word_index) VALUES ('rebuild')",
    """
    CREATE TRIGGER word_added AFTER INSERT ON word BEGIN
        INSERT INTO word_index(rowid, folded) VALUES (new.id, new.folded);
    END
    """,
    """
    CREATE TRIGGER word_removed AFTER DELETE ON word BEGIN
        INSERT INTO word_index(word_index, rowid, folded) VALUES ('delete', old.id, old.folded);
    END
    """,
)


def upgrade() -> None:
    """Fold every text, choose the words of contents anew, and index what is left."""
    # SQLite calls `folded` row by row: a library of a million lines is never in memory as a whole.
    connection = op.get_bind()
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    driver.create_function("folded", 1, folded, deterministic=True)
    for statement in (*BEFORE, KEEP_OTHERS):
        connection.exec_driver_sql(statement)
    for video_id, title, camera, tags in connection.exec_driver_sql(CONTENTS):
        for field, text in content_words(title, camera, json.loads(tags)):
            connection.exec_driver_sql(ADD_CONTENT, (video_id, field, text, text))
    for statement in AFTER:
        connection.exec_driver_sql(statement)
