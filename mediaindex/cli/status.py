"""Show what the library holds, what waits, and what could not be read."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mediaindex.cli.shared.output import Output
from mediaindex.cli.shared.reranking import hubs_row, rerank_row
from mediaindex.cli.shared.source_rows import source_lines, source_rows
from mediaindex.config import Config
from mediaindex.safe_text import format_seconds
from mediaindex.sources.places.presence import presence_of

if TYPE_CHECKING:
    import sqlalchemy as sa

    from mediaindex.search.ranking.gate import Gate
    from mediaindex.store.library import Library
    from mediaindex.store.vectors.spaces import Space


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
    hubs = values["hubs"]
    output.line(f"hub correction: {'on' if hubs['on'] else 'off'}, {hubs['reason']}")
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
    from mediaindex.store.catalog import videos
    from mediaindex.store.lock import holder
    from mediaindex.store.vectors.spaces import active_space

    with library.read() as connection:
        active = active_space(connection)
        counts = _counts(connection)
        spaces = _spaces(connection)
        failures = list(failure_rows.failures(connection).values())
        sources = source_rows(connection)
        cached_bytes = videos.cached_bytes(connection)
    writer = holder(library.root / "lock")
    return {
        "library": str(library.root),
        **counts,
        "bytes": _sizes(library, cached_bytes),
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
        "hubs": hubs_row(_hubs(library, active)),
        "rerank": [rerank_row(decide(active, library.root, preset, "auto")) for preset in PRESETS],
        "last_evaluation": None,
    }


def _hubs(library: Library, active: Space | None) -> Gate:
    """Whether searches correct hubs: where that gains, and where all segments have them."""
    from mediaindex.search.ranking.hub_correction import hub_gate, without_hubs
    from mediaindex.store.layout import MATRIX
    from mediaindex.store.mapped.state_file import has_hubs

    gate = hub_gate(active, "auto")
    if not gate.on or active is None or has_hubs(library.root / MATRIX, active.id):
        return gate
    return without_hubs(gate)


def _counts(connection: sa.Connection) -> dict[str, Any]:
    import sqlalchemy as sa

    from mediaindex.sources.places.volumes import is_online
    from mediaindex.store.catalog import sources, videos
    from mediaindex.store.catalog.schema import location, request, skipped
    from mediaindex.store.catalog.volumes import known_volumes
    from mediaindex.store.vectors import spaces

    def count(column: sa.Column[Any], *conditions: sa.ColumnElement[bool]) -> int:
        return int(connection.execute(sa.select(sa.func.count(column)).where(*conditions)).scalar_one())

    # What the user forgot, and can still undo, is counted by itself.
    places, contents = sources.places_below(connection, Path("/")), videos.contents(connection)
    unplugged = [
        volume.id
        for volume in known_volumes(connection)
        if not is_online(volume.mount_point, volume.uid) and presence_of(volume.mount_point) != "unreadable"
    ]
    active = spaces.active_space(connection)
    return {
        "videos": contents.videos,
        "locations": places.known,
        "offline": sources.places_on(connection, unplugged),
        "missing": places.missing,
        "forgotten": count(
            location.c.id, location.c.forgotten_at.is_not(None), location.c.video_id.is_not(None)
        ),
        "skipped": count(skipped.c.path),
        "frames": videos.cached_frames(connection),
        "segments": contents.segments,
        "media_seconds": contents.seconds,
        "queue": {
            "to_embed": 0 if active is None else len(spaces.missing_vectors(connection, active.id)),
            "requests": count(request.c.id, request.c.state.in_(("queued", "running"))),
        },
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


def _sizes(library: Library, cached_bytes: int | None) -> dict[str, int]:
    """Bytes of each part. That of the frame cache stands in the catalog, unless an older version wrote it."""
    from mediaindex.store.layout import DATABASE, MATRIX, THUMBNAILS

    names = (DATABASE, "frames", "vectors", MATRIX, THUMBNAILS)
    counted = {} if cached_bytes is None else {"frames": cached_bytes}
    return {name: counted[name] if name in counted else _size(library.root / name) for name in names}


def _size(path: Path) -> int:
    """Bytes of a file, or of everything below a folder."""
    from mediaindex.store.layout import regular_files

    return path.stat().st_size if path.is_file() else sum(size for _path, size in regular_files(path))
