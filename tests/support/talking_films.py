"""Films that a test names, with what is said in them; no file is there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from mediaindex.media import Cue
from mediaindex.store.catalog import fulltext, locations, videos, volumes
from mediaindex.store.catalog.videos import Identity
from tests.support.small_library import INFO

AddFilm = Callable[..., int]


def talking_film(
    connection: sa.Connection,
    number: int,
    name: str,
    lines: Sequence[str] = (),
    *,
    language: str | None = None,
) -> int:
    """Add /films/NUMBER/NAME.mp4, which has a line of one second every two seconds; its id."""
    drive = volumes.ensure_volume(connection, uid="v", label=None, mount_point=Path("/"))
    video_id = videos.ensure_video(connection, Identity(number, str(number), str(number)), INFO, 6.0)
    path = Path(f"/films/{number}/{name}.mp4")
    row: dict[str, Any] = {"volume_id": drive, "size": 1, "mtime_ns": 1, "confirmed": True}
    place = locations.place(connection, path, video_id=video_id, **row)
    fulltext.set_location_words(connection, place, video_id, path, None)
    cues = [Cue(2.0 * at, 2.0 * at + 1, text, "a.srt") for at, text in enumerate(lines)]
    fulltext.add_subtitle(connection, video_id, fulltext.SubtitleFile("a.srt", language), cues)
    return video_id
