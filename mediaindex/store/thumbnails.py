"""JPEGs of shown frames, written when a search names them; derived, bounded, in no backup."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from mediaindex.store.frame_cache import FrameCache

KEPT = 5000


def thumbnail(frames: FrameCache, folder: Path, frame_file: str, ordinal: int) -> Path:
    """The absolute path of the JPEG of one cached frame, written where it does not exist.

    Raises:
        StoreError: the frame is not in the cache. OSError: the folder cannot be written.
    """
    target = folder / f"{Path(frame_file).stem}-{ordinal}.jpg"
    if target.exists():
        os.utime(target)
        return target
    (jpeg,) = frames.read(frame_file, [ordinal])
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = target.with_suffix(f".{os.getpid()}.tmp")
    temporary.write_bytes(jpeg)
    temporary.replace(target)
    return target


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
