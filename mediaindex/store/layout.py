"""What a library's folder holds, by name, and that only its owner reads it: folders 0700, files 0600."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

DATABASE = "library.sqlite"
DATABASE_FILES = (DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm")
LOCK = "lock"
KEEP = "keep"
"""Held, shared, by whoever copies files of the library; while it is, none is removed."""
EVALUATING = "evaluating"
"""Held by the evaluation that is kept; there is one at a time."""
RESERVE = "reserve"
"""Room that a full disk gives back, see `store/reserve.py`."""
THUMBNAILS = "thumbnails"
MATRIX = "matrix"
REGIONS = "regions"
FOLDERS = ("frames", "vectors", MATRIX, REGIONS, THUMBNAILS, "encoders", "generators", "features", "logs")
ASIDE = "before-restore-"
"""Start of the name of a folder in which `restore` left the library that was there before."""
RESTORING = ".restoring-"
"""Start of the name of a folder that `restore` is filling; of a killed one it is left over."""

PRIVATE_FOLDER = 0o700
PRIVATE_FILE = 0o600


def is_part(name: str) -> bool:
    """Whether an entry of a library's folder is the program's, by its name."""
    return name in (*DATABASE_FILES, *FOLDERS, LOCK, KEEP, EVALUATING, RESERVE) or name.startswith(
        (ASIDE, RESTORING)
    )


def private(path: str, flags: int) -> int:
    """An `opener` for `open` that makes files which only the owner reads."""
    return os.open(path, flags | os.O_CLOEXEC, PRIVATE_FILE)


def make_private_folder(path: Path) -> None:
    """Make a folder that only the owner reads, with its parents; what is there stays as it is."""
    if not path.parent.is_dir():
        make_private_folder(path.parent)
    path.mkdir(exist_ok=True, mode=PRIVATE_FOLDER)


def regular_files(folder: Path) -> Iterator[tuple[Path, int]]:
    """Every regular file below a folder with its size in bytes; links are not followed, nor given."""
    for where, _folders, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                found = os.lstat(os.path.join(where, name))
                if stat.S_ISREG(found.st_mode):
                    yield Path(where, name), found.st_size


def parts(root: Path) -> Iterator[Path]:
    """The entries of a library's folder that are the program's, links left out."""
    with contextlib.suppress(OSError):
        for entry in sorted(os.scandir(root), key=lambda entry: entry.name):
            if is_part(entry.name) and not entry.is_symlink():
                yield Path(root, entry.name)


def occupied(root: Path) -> tuple[int, int]:
    """(files, bytes) of a library."""
    count = size = 0
    for part in parts(root):
        files = [part.lstat().st_size] if part.is_file() else [size for _path, size in regular_files(part)]
        count, size = count + len(files), size + sum(files)
    return count, size


def others_may_read(root: Path) -> bool:
    """Whether anyone but its owner may read something of a library."""
    paths = (root, *parts(root))
    return _is_open(root) and any(map(_is_open, paths[1:]))


def _is_open(path: Path) -> bool:
    return bool(path.lstat().st_mode & 0o077)


def make_private(root: Path) -> None:
    """Take everything in a library from all but its owner.

    The folder itself is closed where nothing foreign lies in it; else only the program's own entries.

    Raises:
        OSError: a mode cannot be changed; the owner can.
    """
    for part in parts(root):
        if not part.is_dir():
            part.chmod(PRIVATE_FILE)
            continue
        for where, _folders, names in os.walk(part):
            os.chmod(where, PRIVATE_FOLDER)
            for name in names:
                path = os.path.join(where, name)
                if not os.path.islink(path):
                    os.chmod(path, PRIVATE_FILE)
    close_folder(root)


def close_folder(root: Path) -> None:
    """Take a library's folder from all but its owner, unless something foreign lies in it."""
    if all(map(is_part, os.listdir(root))):
        root.chmod(PRIVATE_FOLDER)


def sync_path(path: Path, *, mode: int | None = None) -> None:
    """fsync one file or directory, with this mode where it is ours to change."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        if mode is not None:
            with contextlib.suppress(PermissionError):
                os.fchmod(descriptor, mode)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
