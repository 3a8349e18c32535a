"""Videos that a catalog knows of, without frames or vectors: what filters and names are about."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from mediaindex.store.catalog import locations, sources, videos, volumes
from mediaindex.store.catalog.videos import Identity
from mediaindex.store.library import Library
from tests.support.small_library import INFO


def add_source(library: Library, path: Path | str) -> None:
    with library.write() as connection:
        sources.add_source(connection, Path(path))


def add_place(
    library: Library,
    path: Path | str,
    *,
    day: str | None = None,
    camera: str | None = None,
    seconds: float = 6.0,
    volume: tuple[str, str] = ("v", "/"),
    missing_since: float | None = None,
    forgotten_at: float | None = None,
) -> int:
    """Know a video of its own at a path; its id."""
    uid, mount_point = volume
    info = dataclasses.replace(INFO, recorded_day=day, camera=camera)
    content = f"content of {path}".encode("utf-8", "backslashreplace").hex()
    with library.write() as connection:
        volume_id = volumes.ensure_volume(connection, uid=uid, label=None, mount_point=Path(mount_point))
        video_id = videos.ensure_video(connection, Identity(100, content, content), info, seconds)
        locations.place(
            connection,
            Path(path),
            volume_id=volume_id,
            video_id=video_id,
            size=100,
            mtime_ns=1,
            confirmed=True,
            missing_since=missing_since,
            forgotten_at=forgotten_at,
        )
    return video_id
