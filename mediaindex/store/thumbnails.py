"""JPEGs of shown frames, written when a search names them; derived, bounded, in no backup.

They are written without fsync, so each is proved before it is handed out: it has the bytes of the cached
frame, or, where that is gone, it can be decoded. Comparing needs no Pillow, whose import takes 20 ms of a
cold search.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import sqlalchemy as sa

from mediaindex.errors import DecodeError, StoreError
from mediaindex.store.catalog.locations import below
from mediaindex.store.catalog.schema import location, video
from mediaindex.store.catalog.videos import EVICTED, is_placed
from mediaindex.store.frame_cache import CONTENT_DIGITS, FrameCache, prove_picture
from mediaindex.store.layout import THUMBNAILS, make_private_folder, private
from mediaindex.store.library import Library

KEPT = 5000


def thumbnail(frames: FrameCache, folder: Path, frame_file: str, ordinal: int) -> Path | None:
    """The absolute path of the JPEG of one cached frame, written where it does not exist.

    None where the frame was evicted from the cache and no whole JPEG was written of it before.

    Raises:
        StoreError: the frame is not in the cache, or no picture. OSError: the folder cannot be written.
    """
    target = folder / f"{Path(frame_file).stem}-{ordinal}.jpg"
    if frame_file.startswith(EVICTED):
        return _noted(target) if _is_picture(target) else None
    try:
        (jpeg,) = frames.read(frame_file, [ordinal])
    except StoreError:
        if _is_picture(target):
            return _noted(target)
        raise
    if _holds(target, jpeg):
        return _noted(target)
    prove_picture(jpeg, frame_file, ordinal)
    make_private_folder(folder)
    temporary = target.with_suffix(f".{os.getpid()}.tmp")
    try:
        with open(temporary, "wb", opener=private) as file:
            file.write(jpeg)
        temporary.replace(target)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    return target


def _noted(path: Path) -> Path:
    """The path, after its showing was noted: the order in which thumbnails are trimmed, worth no failure."""
    with contextlib.suppress(OSError):
        os.utime(path)
    return path


def _holds(path: Path, jpeg: bytes) -> bool:
    try:
        return path.read_bytes() == jpeg
    except FileNotFoundError:
        return False


def _is_picture(path: Path) -> bool:
    from mediaindex.media import decoded  # here, because a frame that is still cached is compared with

    try:
        decoded(path.read_bytes())
    except (FileNotFoundError, DecodeError):
        return False
    return True


def remove_below(library: Library, root: Path) -> int:
    """Remove the thumbnails of every video that lies below a root; how many there were.

    What was written of an older decoding goes too: the names begin with the hash of the content.
    """
    query = sa.select(video.c.hash, video.c.partial_hash).join(location, is_placed(video.c.id))
    with library.read() as connection:
        rows = connection.execute(query.where(below(location.c.path, root))).all()
    contents = {digits[:CONTENT_DIGITS] for row in rows for digits in row if digits is not None}
    removed = 0
    with contextlib.suppress(FileNotFoundError):
        for name in os.listdir(library.root / THUMBNAILS):
            if name.partition(".")[0] in contents:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(library.root / THUMBNAILS / name)
                    removed += 1
    return removed


def trim(folder: Path, kept: int = KEPT) -> None:
    """Remove the thumbnails that were shown longest ago, beyond `kept`."""
    with contextlib.suppress(OSError):
        entries = [entry for entry in os.scandir(folder) if entry.is_file()]
        if len(entries) <= kept:
            return
        entries.sort(key=lambda entry: entry.stat().st_mtime)
        for entry in entries[: len(entries) - kept]:
            with contextlib.suppress(OSError):
                os.unlink(entry.path)
