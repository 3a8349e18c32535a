"""Totals that triggers keep, so that nothing of the library is counted to say how much it holds.

Revision ID: 0007
"""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"

TABLES = (
    "ALTER TABLE volume ADD COLUMN places INTEGER DEFAULT 0 NOT NULL",
    "ALTER TABLE source ADD COLUMN places INTEGER DEFAULT 0 NOT NULL",
    "ALTER TABLE space ADD COLUMN videos INTEGER DEFAULT 0 NOT NULL",
    "ALTER TABLE space ADD COLUMN vectors INTEGER DEFAULT 0 NOT NULL",
    "ALTER TABLE extraction ADD COLUMN replaced BOOLEAN DEFAULT 0 NOT NULL",
    "CREATE INDEX video_camera ON video (camera) WHERE camera IS NOT NULL",
    "CREATE INDEX location_empty ON location (id) WHERE video_id IS NULL AND next_video_id IS NULL",
    "CREATE INDEX extraction_replaced ON extraction (video_id) WHERE replaced = 1",
    """
    CREATE TABLE total (
        id INTEGER NOT NULL CHECK (id = 1),
        places INTEGER NOT NULL,
        videos INTEGER NOT NULL,
        milliseconds INTEGER NOT NULL,
        extractions INTEGER NOT NULL,
        frames INTEGER NOT NULL,
        segments INTEGER NOT NULL,
        blob_bytes INTEGER NOT NULL,
        unmeasured_blobs INTEGER NOT NULL,
        skipped INTEGER NOT NULL,
        PRIMARY KEY (id)
    )
    """,
)

MILLISECONDS = "CAST(1000 * min(duration_seconds, 1e9) + 0.5 AS INTEGER)"
"""Whole numbers add up to the same in any order, and to nothing when all are gone."""
IS_BELOW = """
(substr({path}, 1, length({root})) = {root}
 AND ({root} = X'2f' OR length({path}) = length({root}) OR substr({path}, length({root}) + 1, 1) = X'2f'))
"""

FIRST_COUNT = (
    """
    UPDATE extraction SET replaced = 1
    WHERE id < (SELECT max(id) FROM extraction AS newer WHERE newer.video_id = extraction.video_id)
    """,
    "UPDATE volume SET places = (SELECT count(*) FROM location WHERE volume_id = volume.id)",
    f"""
    UPDATE source SET places = (
        SELECT count(*) FROM location
        WHERE {IS_BELOW.format(path="location.path", root="source.path")}
    )
    """,
    """
    UPDATE space SET
        videos = (SELECT count(*) FROM indexed WHERE space_id = space.id),
        vectors = (SELECT coalesce(sum(vectors), 0) FROM indexed WHERE space_id = space.id)
    """,
    f"""
    INSERT INTO total SELECT
        1,
        (SELECT count(*) FROM location),
        (SELECT count(*) FROM video),
        (SELECT coalesce(sum({MILLISECONDS}), 0) FROM video),
        (SELECT count(*) FROM extraction),
        (SELECT coalesce(sum(frames), 0) FROM extraction),
        (SELECT count(*) FROM segment),
        (SELECT coalesce(sum(blob_bytes), 0) FROM extraction),
        (SELECT count(*) FROM extraction WHERE blob_bytes IS NULL),
        (SELECT count(*) FROM skipped)
    """,
)


def _row(of: str, part: str) -> str:
    return part.replace("@", f"{of}.")


def _counted(table: str, total: str, *, changes: str = "", also: str = "") -> list[str]:
    """Triggers that add each row of a table and take it away again.

    Args:
        total: what is set in the row of `total`, "±" for + and -, "@" before the names of the row's columns.
        changes: the columns whose change counts, none where a row's share never changes.
        also: a further statement, written in the same way.
    """
    statements = [f"UPDATE total SET {total}", *([also] if also else [])]

    def counted(of: str, sign: str) -> str:
        return "".join(f"{_row(of, part).replace('±', sign)};\n" for part in statements)

    kinds = {
        "added": ("INSERT", counted("new", "+")),
        "taken": ("DELETE", counted("old", "-")),
    }
    if changes:
        kinds["altered"] = (f"UPDATE OF {changes}", counted("old", "-") + counted("new", "+"))
    return [
        f"CREATE TRIGGER {table}_{kind}_to_total AFTER {event} ON {table} BEGIN {body} END"
        for kind, (event, body) in kinds.items()
    ]


MILLISECONDS_OF_ROW = MILLISECONDS.replace("duration_seconds", "@duration_seconds")
BELOW_SOURCE = IS_BELOW.format(path="@path", root="source.path")
PLACES_OF_VOLUME = "UPDATE volume SET places = places ± 1 WHERE id = @volume_id"
PLACES_OF_SOURCE = f"UPDATE source SET places = places ± 1 WHERE {BELOW_SOURCE}"
BLOB = "blob_bytes = blob_bytes ± coalesce(@blob_bytes, 0), "
BLOB += "unmeasured_blobs = unmeasured_blobs ± (@blob_bytes IS NULL)"
RECOUNT_SOURCE = f"""
UPDATE source
SET places = (SELECT count(*) FROM location WHERE {IS_BELOW.format(path="location.path", root="new.path")})
WHERE id = new.id
"""
MARK_REPLACED = """
UPDATE extraction
SET replaced = id < (SELECT max(id) FROM extraction AS newer WHERE newer.video_id = @video_id)
WHERE video_id = @video_id
"""
OF_SPACE = "UPDATE space SET videos = videos ± 1, vectors = vectors ± @vectors WHERE id = @space_id"


def _triggers() -> list[str]:
    places = f"{PLACES_OF_VOLUME};\n{PLACES_OF_SOURCE}"
    return [
        *_counted("location", "places = places ± 1", changes="path, volume_id", also=places),
        *_counted(
            "video",
            f"videos = videos ± 1, milliseconds = milliseconds ± {MILLISECONDS_OF_ROW}",
            changes="duration_seconds",
        ),
        *_counted(
            "extraction",
            f"extractions = extractions ± 1, frames = frames ± @frames, {BLOB}",
            changes="frames, blob_bytes",
        ),
        *_counted("segment", "segments = segments ± 1"),
        *_counted("skipped", "skipped = skipped ± 1"),
        *(
            f"CREATE TRIGGER source_{kind}_counted AFTER {event} ON source BEGIN {RECOUNT_SOURCE}; END"
            for kind, event in (("added", "INSERT"), ("moved", "UPDATE OF path"))
        ),
        *(
            f"CREATE TRIGGER extraction_{kind}_marked AFTER {event} ON extraction "
            f"BEGIN {_row(of, MARK_REPLACED)}; END"
            for kind, event, of in (("added", "INSERT", "new"), ("removed", "DELETE", "old"))
        ),
        *(
            f"CREATE TRIGGER indexed_{kind}_counted AFTER {event} ON indexed BEGIN {body} END"
            for kind, event, body in (
                ("added", "INSERT", _in_space("new", "+")),
                ("removed", "DELETE", _in_space("old", "-")),
                ("changed", "UPDATE", _in_space("old", "-") + _in_space("new", "+")),
            )
        ),
    ]


def _in_space(of: str, sign: str) -> str:
    return f"{_row(of, OF_SPACE).replace('±', sign)};\n"


def upgrade() -> None:
    """Count everything once; no file is read."""
    connection = op.get_bind()
    for statement in (*TABLES, *FIRST_COUNT, *_triggers()):
        connection.exec_driver_sql(statement)
