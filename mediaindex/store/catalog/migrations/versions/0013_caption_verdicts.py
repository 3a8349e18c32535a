"""What the user's captions say of the rankings: a verdict of each pair, and the differences behind it.

Revision ID: 0013
"""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"

STATEMENTS = (
    """
    CREATE TABLE caption_verdict (
        id INTEGER NOT NULL,
        component TEXT NOT NULL,
        digest TEXT NOT NULL,
        ranking TEXT NOT NULL,
        base TEXT NOT NULL,
        captions INTEGER NOT NULL,
        videos INTEGER NOT NULL,
        value FLOAT NOT NULL,
        low FLOAT NOT NULL,
        high FLOAT NOT NULL,
        missing INTEGER,
        PRIMARY KEY (id),
        UNIQUE (component, digest, ranking, base)
    )
    """,
    """
    CREATE TABLE caption_difference (
        id INTEGER NOT NULL,
        verdict_id INTEGER NOT NULL,
        video_id INTEGER,
        captions INTEGER NOT NULL,
        difference FLOAT NOT NULL,
        PRIMARY KEY (id),
        UNIQUE (verdict_id, video_id),
        FOREIGN KEY(verdict_id) REFERENCES caption_verdict (id) ON DELETE CASCADE,
        FOREIGN KEY(video_id) REFERENCES video (id) ON DELETE SET NULL
    )
    """,
    "CREATE INDEX ix_caption_difference_video_id ON caption_difference (video_id)",
)


def upgrade() -> None:
    """Make the tables, both of them empty."""
    connection = op.get_bind()
    for statement in STATEMENTS:
        connection.exec_driver_sql(statement)
