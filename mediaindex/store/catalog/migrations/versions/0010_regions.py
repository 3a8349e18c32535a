"""Which scorer's evidence of regions stands beside the vectors of a video.

Revision ID: 0010
"""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"

COLUMNS = (
    "ALTER TABLE indexed ADD COLUMN scorer TEXT",
    "ALTER TABLE space ADD COLUMN scorer TEXT",
    # Of the vectors, those of rows of `indexed` that name the scorer of the space.
    "ALTER TABLE space ADD COLUMN scored INTEGER DEFAULT 0 NOT NULL",
)
OF_SPACE = """
UPDATE space SET
    videos = videos ± 1,
    vectors = vectors ± @vectors,
    scored = scored ± CASE WHEN scorer = @scorer THEN @vectors ELSE 0 END
WHERE id = @space_id
"""
COUNT_SCORED = """
UPDATE space SET scored = (
    SELECT coalesce(sum(vectors), 0) FROM indexed WHERE space_id = new.id AND indexed.scorer = new.scorer
)
WHERE id = new.id
"""


def _in_space(of: str, sign: str) -> str:
    return f"{OF_SPACE.replace('±', sign).replace('@', f'{of}.')};\n"


def _triggers() -> list[str]:
    counted = {
        "added": ("INSERT", _in_space("new", "+")),
        "removed": ("DELETE", _in_space("old", "-")),
        "changed": ("UPDATE", _in_space("old", "-") + _in_space("new", "+")),
    }
    return [
        *(f"DROP TRIGGER indexed_{kind}_counted" for kind in counted),
        *(
            f"CREATE TRIGGER indexed_{kind}_counted AFTER {event} ON indexed BEGIN {body} END"
            for kind, (event, body) in counted.items()
        ),
        f"CREATE TRIGGER space_scorer_counted AFTER UPDATE OF scorer ON space BEGIN {COUNT_SCORED}; END",
        # The evidence of a video says nothing of what a search may show.
        "DROP TRIGGER indexed_changed",
        """
        CREATE TRIGGER indexed_changed
        AFTER UPDATE OF video_id, space_id, extraction_id, generation, vectors ON indexed BEGIN
            INSERT INTO visibility_change (video_id) VALUES (old.video_id), (new.video_id);
        END
        """,
    ]


def upgrade() -> None:
    """Nothing has evidence of a scorer yet."""
    connection = op.get_bind()
    for statement in (*COLUMNS, *_triggers()):
        connection.exec_driver_sql(statement)
