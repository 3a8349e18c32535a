"""Stems, other readings of names, and an index for what has a time apart from what has none.

Everything comes from the rows of `word`. No file is read.

Revision ID: 0006
"""

from __future__ import annotations

import itertools
import sqlite3

from alembic import op

from mediaindex.store.word_index import vocabulary
from mediaindex.store.words.readings import readings

revision = "0006"
down_revision = "0005"

TABLES = (
    "DROP TRIGGER word_added",
    "DROP TRIGGER word_removed",
    "DROP TABLE word_index",
    "ALTER TABLE word ADD COLUMN readings TEXT DEFAULT '' NOT NULL",
    """
    CREATE TABLE vocabulary (
        word TEXT NOT NULL,
        language TEXT NOT NULL,
        letters INTEGER NOT NULL,
        reversed TEXT NOT NULL,
        PRIMARY KEY (word, language)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX vocabulary_by_length ON vocabulary (letters, word)",
    "CREATE INDEX vocabulary_by_end ON vocabulary (reversed, word)",
    """
    CREATE TABLE stem (
        stem TEXT NOT NULL,
        language TEXT NOT NULL,
        word TEXT NOT NULL,
        PRIMARY KEY (stem, language, word)
    ) WITHOUT ROWID
    """,
)
READ = "UPDATE word SET readings = readings(text) WHERE start_seconds IS NULL"
TEXTS = """
SELECT COALESCE(subtitle.language, ''), word.text || ' ' || word.readings
FROM word LEFT JOIN subtitle ON subtitle.id = word.subtitle_id ORDER BY word.id
"""
TEXTS_AT_ONCE = 2000
INDEXES = (
    "CREATE VIEW word_of_file AS SELECT id, folded, readings FROM word WHERE start_seconds IS NULL",
    "CREATE VIEW word_of_cue AS SELECT id, folded FROM word WHERE start_seconds IS NOT NULL",
    """
    CREATE VIRTUAL TABLE word_index
    USING fts5(folded, readings, content='word_of_file', content_rowid='id', tokenize='ascii')
    """,
    """
    CREATE VIRTUAL TABLE word_index_cues
    USING fts5(folded, content='word_of_cue', content_rowid='id', tokenize='ascii')
    """,
    "INSERT INTO word_index(word_index) VALUES ('rebuild')",
    "INSERT INTO word_index_cues(word_index_cues) VALUES ('rebuild')",
    """
    CREATE TRIGGER word_of_file_added AFTER INSERT ON word WHEN new.start_seconds IS NULL BEGIN
        INSERT INTO word_index(rowid, folded, readings) VALUES (new.id, new.folded, new.readings);
    END
    """,
    """
    CREATE TRIGGER word_of_file_removed AFTER DELETE ON word WHEN old.start_seconds IS NULL BEGIN
        INSERT INTO word_index(word_index, rowid, folded, readings)
        VALUES ('delete', old.id, old.folded, old.readings);
    END
    """,
    """
    CREATE TRIGGER word_of_cue_added AFTER INSERT ON word WHEN new.start_seconds IS NOT NULL BEGIN
        INSERT INTO word_index_cues(rowid, folded) VALUES (new.id, new.folded);
    END
    """,
    """
    CREATE TRIGGER word_of_cue_removed AFTER DELETE ON word WHEN old.start_seconds IS NOT NULL BEGIN
        INSERT INTO word_index_cues(word_index_cues, rowid, folded) VALUES ('delete', old.id, old.folded);
    END
    """,
)


def _readings(text: str) -> str:
    return " ".join(readings(text))


def upgrade() -> None:
    """Read every name anew, stem every word, and part the index."""
    connection = op.get_bind()
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    driver.create_function("readings", 1, _readings, deterministic=True)
    for statement in (*TABLES, READ):
        connection.exec_driver_sql(statement)
    rows = connection.exec_driver_sql(TEXTS)
    while chunk := list(itertools.islice(rows, TEXTS_AT_ONCE)):
        for language in {row[0] for row in chunk}:
            vocabulary.add(connection, [text for of, text in chunk if of == language], language or None)
    for statement in INDEXES:
        connection.exec_driver_sql(statement)
