"""Room for the work that makes room: a deletion on a full disk needs some before it gives any back.

SQLite writes a log and LanceDB a new version before anything is removed. So a file without meaning lies
in the library while there is room, and `forget --now` and `compact` give it up on a full disk.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from mediaindex.store.layout import MATRIX, RESERVE, THUMBNAILS, private

RESERVED_BYTES = 1 << 20
SPARE = 3
"""The reserve takes its share of the free room where so many of its size would stay free beside it."""
ENOUGH_BYTES = 1 << 18
"""So much room lets a deletion begin."""


def reserve(root: Path) -> None:
    """Make the reserve of a library, a smaller one on a disk that is nearly full; it grows when it can."""
    path = root / RESERVE
    with contextlib.suppress(OSError):
        present = path.stat().st_size if path.exists() else 0
        size = min(RESERVED_BYTES, shutil.disk_usage(root).free // (1 + SPARE))
        if size < max(ENOUGH_BYTES, present + 1):
            return
        with open(path, "wb", opener=private) as file:
            file.write(secrets.token_bytes(size))  # zeros may take no room at all


@contextlib.contextmanager
def reserve_given_up(root: Path) -> Iterator[None]:
    """Inside the block a full disk has room; the reserve is made anew afterwards if what was done made some.

    Where the reserve is used up, what is derived is given up: thumbnails, then the matrix.
    """
    with contextlib.suppress(OSError):
        _make_room(root)
    try:
        yield
    finally:
        reserve(root)


def _make_room(root: Path) -> None:
    if shutil.disk_usage(root).free < RESERVED_BYTES:
        (root / RESERVE).unlink(missing_ok=True)
    for path in (*_files(root / THUMBNAILS), *_files(root / MATRIX)):
        if shutil.disk_usage(root).free >= ENOUGH_BYTES:
            return
        path.unlink(missing_ok=True)


def _files(folder: Path) -> list[Path]:
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        return [Path(entry.path) for entry in entries if entry.is_file(follow_symlinks=False)]
    return []
