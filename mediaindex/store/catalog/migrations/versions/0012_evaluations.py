"""Evaluations: runs, their figures, and what the queries of a run were answered.

Revision ID: 0012
"""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"

STATEMENTS = (
    """
    CREATE TABLE evaluation (
        id INTEGER NOT NULL,
        started_at FLOAT NOT NULL,
        ended_at FLOAT,
        state TEXT NOT NULL,
        space_digest TEXT,
        versions TEXT NOT NULL,
        settings TEXT NOT NULL,
        tested BOOLEAN NOT NULL,
        regression TEXT,
        line TEXT NOT NULL,
        report BLOB,
        PRIMARY KEY (id),
        CONSTRAINT evaluation_state CHECK (state IN ('open', 'done', 'interrupted'))
    )
    """,
    """
    CREATE TABLE evaluation_series (
        id INTEGER NOT NULL,
        evaluation_id INTEGER NOT NULL,
        benchmark TEXT NOT NULL,
        encoder TEXT NOT NULL,
        digest TEXT NOT NULL,
        generator TEXT,
        direction TEXT NOT NULL,
        ranking TEXT NOT NULL,
        queries_from TEXT NOT NULL,
        queries INTEGER NOT NULL,
        gallery INTEGER NOT NULL,
        ranks BLOB,
        PRIMARY KEY (id),
        FOREIGN KEY(evaluation_id) REFERENCES evaluation (id) ON DELETE CASCADE
    )
    """,
    "CREATE INDEX ix_evaluation_series_evaluation_id ON evaluation_series (evaluation_id)",
    """
    CREATE TABLE evaluation_figure (
        series_id INTEGER NOT NULL,
        metric TEXT NOT NULL,
        value FLOAT NOT NULL,
        low FLOAT NOT NULL,
        high FLOAT NOT NULL,
        PRIMARY KEY (series_id, metric),
        FOREIGN KEY(series_id) REFERENCES evaluation_series (id) ON DELETE CASCADE
    ) WITHOUT ROWID
    """,
)


def upgrade() -> None:
    """Make the tables, all of them empty."""
    connection = op.get_bind()
    for statement in STATEMENTS:
        connection.exec_driver_sql(statement)
