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

from mediaindex.store.layout import RESERVE, THUMBNAILS, private

RESERVED_BYTES = 1 << 20
SPARE = 3
"""The reserve is made where so many of its size stay free beside it."""


def reserve(root: Path) -> None:
    """Make the reserve of a library where it is not there and the disk has room to spare."""
    path = root / RESERVE
    with contextlib.suppress(OSError):
        if path.exists() or shutil.disk_usage(root).free < (1 + SPARE) * RESERVED_BYTES:
            return
        with open(path, "wb", opener=private) as file:
            file.write(secrets.token_bytes(RESERVED_BYTES))  # zeros may take no room at all


@contextlib.contextmanager
def reserve_given_up(root: Path) -> Iterator[None]:
    """Inside the block a full disk has room; the reserve is made anew afterwards if what was done made some.

    A library that has no reserve yet gives its thumbnails up, which are derived.
    """
    with contextlib.suppress(OSError):
        if shutil.disk_usage(root).free < RESERVED_BYTES:
            _make_room(root)
    try:
        yield
    finally:
        if not (root / RESERVE).exists():
            reserve(root)


def _make_room(root: Path) -> None:
    if (root / RESERVE).exists():
        os.unlink(root / RESERVE)
        return
    with os.scandir(root / THUMBNAILS) as entries:
        for entry in entries:
            if entry.is_file(follow_symlinks=False):
                os.unlink(entry)
