"""What a library holds and does, as the JSON of `status`, `watch --status` and `sources`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mediaindex.sources.places.presence import presence_of

if TYPE_CHECKING:
    import sqlalchemy as sa

    from mediaindex.search.ranking.gate import Gate
    from mediaindex.search.ranking.generator_registry import Decision
    from mediaindex.search.ranking.user_gate import UserGates
    from mediaindex.store.evaluations.runs import LastEvaluation
    from mediaindex.store.evaluations.series import PastFigure
    from mediaindex.store.library import Library
    from mediaindex.store.vectors.spaces import Space

NAMED = 10
"""So many videos are named where there may be many."""
NIGHTS = 30
"""Of so many evaluations the recall is told."""


def library_values(library: Library) -> dict[str, Any]:
    """The JSON of `status`."""
    from mediaindex.search.confidence.calibration import confidence_gate
    from mediaindex.search.ranking.generator_registry import PRESETS, decide
    from mediaindex.search.ranking.user_gate import UserGates
    from mediaindex.store.catalog import failures as failure_rows
    from mediaindex.store.catalog import videos
    from mediaindex.store.evaluations.runs import last_evaluation
    from mediaindex.store.evaluations.series import recall_by_night
    from mediaindex.store.lock import holder
    from mediaindex.store.vectors.spaces import active_space

    with library.read() as connection:
        active = active_space(connection)
        counts = _counts(connection)
        spaces = _spaces(connection)
        failures = list(failure_rows.failures(connection).values())
        sources = source_rows(connection)
        notes = _notes(connection)
        captions = UserGates.read(connection)
        cached_bytes = videos.cached_bytes(connection)
        evaluated = last_evaluation(connection)
        nights = [] if evaluated is None else recall_by_night(connection, evaluated.id, count=NIGHTS)
    writer = holder(library.root / "lock")
    return {
        "library": str(library.root),
        **counts,
        "notes": notes,
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
        "hubs": gate_row(_hubs(library, active, captions)),
        "confidence": gate_row(confidence_gate(active, library.root)),
        "rerank": [rerank_row(decide(active, library.root, preset, "auto", captions)) for preset in PRESETS],
        "personal": _personal(library, active),
        "last_evaluation": None if evaluated is None else _evaluation_row(evaluated, nights),
    }


def watcher_values(library: Library) -> dict[str, Any]:
    """What is known of the watcher: the JSON of `watch --status`."""
    from mediaindex.store.lock import holder
    from mediaindex.store.state import paused, watch_state

    lock_holder = holder(library.root / "lock")
    watcher = lock_holder if lock_holder is not None and lock_holder.role == "watch" else None
    with library.read() as connection:
        state = watch_state(connection) if watcher is not None else None
        pause = paused(connection)
    return {
        "running": watcher is not None,
        "pid": None if watcher is None else watcher.pid,
        "state": state["state"] if state else None,
        "reason": state["reason"] if state else None,
        "since": state["since"] if state else None,
        "progress": state["progress"] if state else None,
        "paused": pause is not None,
    }


def source_rows(connection: sa.Connection) -> list[dict[str, Any]]:
    """Every source with what is known below it and how it is followed."""
    from mediaindex.store.catalog import sources

    rows = []
    for source in sources.all_sources(connection):
        places = sources.places_of(connection, source)
        rows.append(
            {
                "path": str(source.path),
                "online": os.path.exists(source.path),
                "files": places.known,
                "missing": places.missing,
                "held_since": source.held_since,
                "polled": source.polled,
                "thumbnails": source.thumbnails,
            }
        )
    return rows


def gate_row(gate: Gate) -> dict[str, Any]:
    """Whether a part of the ranking is on, and why, as JSON."""
    return {"on": gate.on, "by": gate.by, "reason": gate.reason}


def rerank_row(decision: Decision) -> dict[str, Any]:
    """Whether an answer is reranked, and why, as JSON."""
    generator = decision.generator
    return {
        "generator": decision.preset,
        "on": decision.gate.on,
        "by": decision.gate.by,
        "reason": decision.gate.reason,
        "path": None if generator is None else str(generator.folder),
    }


def _personal(library: Library, active: Space | None) -> dict[str, str | None] | None:
    """The personal ranking in use and the one before it; None where there never was one."""
    from mediaindex.search.ranking.personal_selection import read_selection

    selection = None if active is None else read_selection(library.root, active.digest)
    if selection is None or selection.is_empty:
        return None
    return {"generator": selection.current, "previous": selection.previous}


def _evaluation_row(evaluated: LastEvaluation, nights: Sequence[PastFigure]) -> dict[str, Any]:
    return {
        "at": evaluated.at,
        "line": evaluated.line,
        "regressed": evaluated.regressed,
        "report": None if evaluated.report is None else str(evaluated.report),
        "older_than_space": evaluated.older_than_space,
        "recall": [round(night.value, 3) for night in nights],
    }


def _hubs(library: Library, active: Space | None, captions: UserGates) -> Gate:
    """Whether searches correct hubs: where that gains, and where all segments have them."""
    from mediaindex.search.ranking.hub_correction import hub_gate, without_hubs
    from mediaindex.store.layout import MATRIX
    from mediaindex.store.mapped.state_file import has_hubs

    gate = hub_gate(active, "auto", library.root, captions)
    if not gate.on or active is None or has_hubs(library.root / MATRIX, active.id):
        return gate
    return without_hubs(gate)


def _counts(connection: sa.Connection) -> dict[str, Any]:
    import sqlalchemy as sa

    from mediaindex.sources.places.volumes import is_online
    from mediaindex.store.catalog import sources, videos
    from mediaindex.store.catalog.schema import location, request, total
    from mediaindex.store.catalog.volumes import known_volumes
    from mediaindex.store.vectors import spaces

    def count(column: sa.Column[Any], *conditions: sa.ColumnElement[bool]) -> int:
        return int(connection.execute(sa.select(sa.func.count(column)).where(*conditions)).scalar_one())

    # What the user forgot, and can still undo, is counted by itself.
    places, contents = sources.all_places(connection), videos.contents(connection)
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
        "skipped": connection.execute(sa.select(total.c.skipped)).scalar_one(),
        "frames": videos.cached_frames(connection),
        "segments": contents.segments,
        "media_seconds": contents.seconds,
        "queue": {
            "to_embed": 0 if active is None else spaces.missing_count(connection, active.id),
            "requests": count(request.c.id, request.c.state.in_(("queued", "running"))),
        },
    }


def _notes(connection: sa.Connection) -> dict[str, int]:
    """How much the user wrote, by kind."""
    from mediaindex.store.notes import captions, history, marks, saved

    return {
        "captions": captions.count(connection),
        "marks": marks.count(connection),
        "picks": history.count(connection),
        "saved": saved.count(connection),
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
            "evidence": _evidence(connection, space),
        }
        for space in spaces_module.all_spaces(connection)
    ]


def _evidence(connection: sa.Connection, space: Space) -> dict[str, Any] | None:
    """Of how many vectors the evidence of regions is there; None for an encoder without a scorer."""
    from mediaindex.embed.families.builtin_files import wanted_scorer
    from mediaindex.store.catalog.locations import places_of_content
    from mediaindex.store.vectors.spaces import evicted_without_regions

    scorer = wanted_scorer(space.encoder, space.scorer)
    if scorer is None:
        return None
    scored = space.scored if space.scorer == scorer else 0
    lacks = scored < space.vectors
    evicted = evicted_without_regions(connection, space.id, scorer) if lacks else []
    places = [place for video in evicted[:NAMED] for place in places_of_content(connection, video)[:1]]
    return {
        "scorer": scorer,
        "vectors": scored,
        "of": space.vectors,
        "evicted_videos": len(evicted),
        "evicted": [str(place.path) for place in places],
    }


def _sizes(library: Library, cached_bytes: int | None) -> dict[str, int]:
    """Bytes of each part. That of the frame cache stands in the catalog, unless an older version wrote it."""
    from mediaindex.store.layout import DATABASE, MATRIX, REGIONS, THUMBNAILS

    names = (DATABASE, "frames", "vectors", MATRIX, REGIONS, THUMBNAILS)
    counted = {} if cached_bytes is None else {"frames": cached_bytes}
    return {name: counted[name] if name in counted else _size(library.root / name) for name in names}


def _size(path: Path) -> int:
    """Bytes of a file, or of everything below a folder."""
    from mediaindex.store.layout import regular_files

    return path.stat().st_size if path.is_file() else sum(size for _path, size in regular_files(path))
