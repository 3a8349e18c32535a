"""What a followed library needs: held sources, forgotten places, first looks.

Revision ID: 0002
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"

STATEMENTS = (
    "ALTER TABLE source ADD COLUMN thumbnails TEXT NOT NULL DEFAULT 'library'",
    "ALTER TABLE source ADD COLUMN held_since FLOAT",
    "ALTER TABLE source ADD COLUMN polled TEXT",
    "ALTER TABLE location ADD COLUMN forgotten_at FLOAT",
    "CREATE INDEX location_forgotten ON location (forgotten_at) WHERE forgotten_at IS NOT NULL",
    "ALTER TABLE extraction ADD COLUMN first_look BOOLEAN NOT NULL DEFAULT 0",
)


def upgrade() -> None:
    """Add the columns."""
    for statement in STATEMENTS:
        op.execute(statement)
