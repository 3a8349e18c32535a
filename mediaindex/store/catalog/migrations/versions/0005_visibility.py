"""What becomes visible or invisible is logged, so that a search which is kept open reads only that anew.

Revision ID: 0005
"""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"

STATEMENTS = (
    "CREATE INDEX video_recorded_day ON video (recorded_day)",
    """
    CREATE TABLE visibility_change (
        id INTEGER NOT NULL,
        video_id INTEGER NOT NULL,
        PRIMARY KEY (id)
    )
    """,
    """
    CREATE TRIGGER location_added AFTER INSERT ON location WHEN new.video_id IS NOT NULL BEGIN
        INSERT INTO visibility_change (video_id) VALUES (new.video_id);
    END
    """,
    """
    CREATE TRIGGER location_removed AFTER DELETE ON location WHEN old.video_id IS NOT NULL BEGIN
        INSERT INTO visibility_change (video_id) VALUES (old.video_id);
    END
    """,
    """
    CREATE TRIGGER location_changed AFTER UPDATE OF video_id, forgotten_at ON location
    WHEN old.video_id IS NOT new.video_id OR old.forgotten_at IS NOT new.forgotten_at BEGIN
        INSERT INTO visibility_change (video_id)
        SELECT old.video_id WHERE old.video_id IS NOT NULL
        UNION SELECT new.video_id WHERE new.video_id IS NOT NULL;
    END
    """,
    """
    CREATE TRIGGER indexed_added AFTER INSERT ON indexed BEGIN
        INSERT INTO visibility_change (video_id) VALUES (new.video_id);
    END
    """,
    """
    CREATE TRIGGER indexed_removed AFTER DELETE ON indexed BEGIN
        INSERT INTO visibility_change (video_id) VALUES (old.video_id);
    END
    """,
    """
    CREATE TRIGGER indexed_changed AFTER UPDATE ON indexed BEGIN
        INSERT INTO visibility_change (video_id) VALUES (old.video_id), (new.video_id);
    END
    """,
)


def upgrade() -> None:
    """Begin the log."""
    connection = op.get_bind()
    for statement in STATEMENTS:
        connection.exec_driver_sql(statement)
