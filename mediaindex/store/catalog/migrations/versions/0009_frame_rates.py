"""What an editor needs of a film: its exact rate, when it starts, the shape of its pixels, its reel.

Revision ID: 0009
"""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"

# Null for what was probed before: an export looks at the file again, or does without where it is offline.
STATEMENTS = (
    "ALTER TABLE video ADD COLUMN frame_rate TEXT",
    "ALTER TABLE video ADD COLUMN variable_rate BOOLEAN",
    "ALTER TABLE video ADD COLUMN film_start TEXT",
    "ALTER TABLE video ADD COLUMN pixel_aspect TEXT",
    "ALTER TABLE video ADD COLUMN reel_name TEXT",
)


def upgrade() -> None:
    """Add the columns, all of them empty."""
    connection = op.get_bind()
    for statement in STATEMENTS:
        connection.exec_driver_sql(statement)
