"""What the library is doing, in the words of the status line, and what it holds, for the library screen."""

from __future__ import annotations

import dataclasses
import os
import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from mediaindex.assembly.encoders import models_folder
from mediaindex.assembly.overview import library_values, watcher_values
from mediaindex.embed.weights.files import installed
from mediaindex.safe_text import printable
from mediaindex.sources.places.volumes import is_online
from mediaindex.store.catalog import videos
from mediaindex.store.catalog.failures import failures
from mediaindex.store.catalog.schema import request, volume
from mediaindex.store.library import Library
from mediaindex.store.lock import holder
from mediaindex.store.notes import captions, history, marks, saved
from mediaindex_tui.finder.library import OpenLibrary
from mediaindex_tui.finder.speeds import Speeds
from mediaindex_tui.messages import LibraryTold, Status

REQUESTS = 100
_DOING = {
    "scanning": "scanning",
    "reading headers": "reading names",
    "first looks": "first looks",
    "indexing": "indexing",
    "embedding": "embedding",
    "confirming": "confirming",
}


def status(here: OpenLibrary) -> Status:
    """The status of a library."""
    watch = watcher_values(here.library)
    with here.library.read() as connection:
        volumes = connection.execute(sa.select(volume).where(volume.c.places > 0)).all()
        failed = len(failures(connection))
        marked = marks.count(connection)
    away = [one.label or str(one.mount_point) for one in volumes if not is_online(one.mount_point, one.uid)]
    contents = here.contents
    return Status(
        videos=contents.videos,
        seconds=contents.seconds,
        marks=marked,
        watcher=printable(_watcher(watch, here)),
        is_watching=watch["running"],
        offline=tuple(map(printable, away)),
        failures=failed,
        generation=here.generation,
    )


def _watcher(watch: dict[str, Any], here: OpenLibrary) -> str:
    """What the watcher does, or another writer."""
    if not watch["running"]:
        writer = holder(here.library.root / "lock")
        return "" if writer is None else f"process {writer.pid} is writing"
    if watch["paused"] or watch["state"] == "paused":
        return "paused" if not watch["reason"] else f"paused: {watch['reason']}"
    return _progress(watch["progress"]) if watch["progress"] else "ready"


def _progress(progress: dict[str, Any]) -> str:
    """How far a pass has come, such as `indexing 3 of 12, ready 16:40`."""
    doing = _DOING.get(str(progress.get("stage")), "working")
    total = progress.get("total")
    text = f"{doing} {progress.get('done', 0)}" + ("" if total is None else f" of {total}")
    ready_at = (progress.get("outlook") or {}).get("ready_at")
    return text if ready_at is None else f"{text}, ready {time.strftime('%H:%M', time.localtime(ready_at))}"


def library_told(library: Library, speeds: Speeds) -> LibraryTold:
    """What the library screen shows; nothing is measured, and no encoder is loaded.

    Args:
        speeds: of encoders, as far as they are known.
    """
    values = library_values(library)
    with library.read() as connection:
        counts = {
            "marks": marks.count(connection),
            "captions": captions.count(connection),
            "saved": len(saved.every(connection)),
            "history": len(history.picks(connection)),
        }
        requests = _requests(connection)
        frames = videos.cached_frames(connection)
    models = [
        {
            **dataclasses.asdict(entry),
            "present": entry.present,
            "used": entry.name == values["encoder"],
            "hours_for_library": speeds.hours(entry.name, frames),
        }
        for entry in installed(models_folder(library.root))
    ]
    return LibraryTold(_safe(values), _safe(watcher_values(library)), _safe(models), counts, requests)


def _requests(connection: sa.Connection) -> list[dict[str, Any]]:
    """What was asked of the process that writes, as long as the library keeps it: for a day."""
    newest = sa.select(request.c.id, request.c.kind, request.c.state).order_by(request.c.id.desc())
    return [dict(row._mapping) for row in connection.execute(newest.limit(REQUESTS))]


def _safe(value: Any) -> Any:
    """The same values with texts that can be shown, and the bytes of each path."""
    match value:
        case str() | Path():
            return printable(str(value))
        case dict():
            safe = {key: _safe(one) for key, one in value.items()}
            path = value.get("path")
            return safe if path is None else {**safe, "path_bytes": os.fsencode(path).hex()}
        case list() | tuple():
            return [_safe(one) for one in value]
    return value
