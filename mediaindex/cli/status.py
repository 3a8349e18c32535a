"""Show what the library holds, what waits, and what could not be read."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mediaindex.cli.shared.output import Output
from mediaindex.cli.shared.reranking import rerank_row
from mediaindex.cli.shared.source_rows import source_lines, source_rows
from mediaindex.config import Config
from mediaindex.safe_text import format_seconds
from mediaindex.sources.places.presence import presence_of

if TYPE_CHECKING:
    import sqlalchemy as sa

    from mediaindex.store.library import Library


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`status` has no options of its own."""


def run(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    """Print counts, sizes, spaces, failures."""
    from mediaindex.store.library import open_library

    with open_library(config.library) as library:
        values = library_values(library)
        with library.read() as connection:
            sources = source_lines(connection, values["sources"])
    output.data(values)
    output.line(f"{values['library']}: {values['videos']} videos, {format_seconds(values['media_seconds'])}")
    output.line(
        f"{values['locations']} files, {values['offline']} offline, {values['missing']} missing, "
        f"{values['forgotten']} forgotten; "
        f"{values['frames']} frames in {values['segments']} segments"
    )
    for name, size in values["bytes"].items():
        output.line(f"  {name:12} {size / 1e6:10.1f} MB")
    for space in values["spaces"]:
        output.line(f"encoder {space['encoder']}: {space['vectors']} vectors, {space['state']}")
    for row in values["rerank"]:
        output.line(f"generator {row['generator']}: {'on' if row['on'] else 'off'}, {row['reason']}")
    for line in sources:
        output.line(f"source {line}")
    for row in values["failures"]:
        output.line(f"{row['state']:8} {row['path']}: {row['reason']}")
    if values["writer"] is not None:
        output.line(
            f"process {values['writer']['pid']} is writing; {values['queue']['requests']} requests wait"
        )
    return 0


def library_values(library: Library) -> dict[str, Any]:
    """The JSON of `status`."""
    from mediaindex.search.ranking.generator_registry import PRESETS, decide
    from mediaindex.store.catalog import failures as failure_rows
    from mediaindex.store.lock import holder
    from mediaindex.store.vectors.spaces import active_space

    with library.read() as connection:
        active = active_space(connection)
        counts = _counts(connection)
        spaces = _spaces(connection)
        failures = list(failure_rows.failures(connection).values())
        sources = source_rows(connection)
    writer = holder(library.root / "lock")
    return {
        "library": str(library.root),
        **counts,
        "bytes": {
            name: _size(library.root / name)
            for name in ("library.sqlite", "frames", "vectors", "matrix", "thumbnails")
        },
        "sources": sources,
        "spaces": spaces,
        "encoder": next((space["encoder"] for space in spaces if space["serving"]), None),
        "failures": [
            {
                "path": str(f.path),
                "stage": f.stage,
                "state": f.state,
                "attempts": f.attempts,
                "next_at": f.next_at,
                "reason": f.reason,
            }
            for f in failures
        ],
        "writer": None if writer is None else {"pid": writer.pid, "role": writer.role},
        "rerank": [rerank_row(decide(active, library.root, preset, "auto")) for preset in PRESETS],
        "last_evaluation": None,
    }


def _counts(connection: sa.Connection) -> dict[str, Any]:
    import sqlalchemy as sa

    from mediaindex.sources.places.volumes import is_online
    from mediaindex.store.catalog import videos as video_rows
    from mediaindex.store.catalog.schema import extraction, location, request, segment, skipped, video
    from mediaindex.store.catalog.sources import shown_places
    from mediaindex.store.catalog.volumes import known_volumes
    from mediaindex.store.vectors import spaces as spaces_module

    def count(query: sa.Select[Any]) -> int:
        return connection.execute(sa.select(sa.func.count()).select_from(query.subquery())).scalar_one()

    # What the user forgot, and can still undo, is counted by itself.
    columns = (location.c.path, location.c.volume_id, location.c.missing_since)
    shown = sa.select(*columns).where(*shown_places())
    places = connection.execute(shown).all()
    contents = sa.union(
        *(
            sa.select(column).where(*shown_places())
            for column in (location.c.video_id, location.c.next_video_id)
        )
    )
    videos = sa.select(video.c.id, video.c.duration_seconds).where(video.c.id.in_(contents)).subquery()
    hidden = sa.and_(location.c.forgotten_at.is_not(None), location.c.video_id.is_not(None))
    absent = [row for row in places if row.missing_since is None and presence_of(row.path) == "absent"]
    online = {volume.id for volume in known_volumes(connection) if is_online(volume.mount_point, volume.uid)}
    gone = sum(row.volume_id in online for row in absent)
    newest = extraction.c.id.in_(video_rows.newest_extraction())
    active = spaces_module.active_space(connection)
    waiting = 0 if active is None else len(spaces_module.missing_vectors(connection, active.id))
    queued = request.c.state.in_(("queued", "running"))
    return {
        "videos": count(sa.select(videos.c.id)),
        "locations": len(places),
        "offline": len(absent) - gone,
        "missing": gone + sum(row.missing_since is not None for row in places),
        "forgotten": count(sa.select(location.c.id).where(hidden)),
        "skipped": count(sa.select(skipped.c.path)),
        "frames": video_rows.cached_frames(connection),
        "segments": count(
            sa.select(segment.c.id)
            .join(extraction)
            .where(newest, extraction.c.video_id.in_(sa.select(videos.c.id)))
        ),
        "media_seconds": connection.execute(
            sa.select(sa.func.coalesce(sa.func.sum(videos.c.duration_seconds), 0.0))
        ).scalar_one(),
        "queue": {"to_embed": waiting, "requests": count(sa.select(request.c.id).where(queued))},
    }


def _spaces(connection: sa.Connection) -> list[dict[str, Any]]:
    from mediaindex.store.catalog.videos import visible_frames
    from mediaindex.store.vectors import spaces as spaces_module

    active = spaces_module.active_space(connection)
    return [
        {
            "id": space.id,
            "encoder": space.encoder,
            "digest": space.digest,
            "dim": space.dim,
            "state": space.state,
            "serving": active is not None and space.id == active.id,
            "vectors": visible_frames(connection, space.id),
        }
        for space in spaces_module.all_spaces(connection)
    ]


def _size(path: Path) -> int:
    """Bytes of a file, or of everything below a folder."""
    if path.is_file():
        return path.stat().st_size
    total = 0
    for folder, _names, files in os.walk(path):
        for name in files:
            try:
                total += os.lstat(os.path.join(folder, name)).st_size
            except FileNotFoundError:
                continue
    return total
