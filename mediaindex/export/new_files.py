"""New files that appear whole or not at all, and take nobody's place.

Each is written under a name of its own beside its place, and gets its place when it is complete and on the
disk. What a killed process left of that has no lock any more, and the next one that writes into the folder
removes it.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path

from mediaindex.errors import MediaIndexError, NoSpace, UsageError, is_no_room

_PART = re.compile(r"\.mediaindex-export-[0-9a-f]{16}\.part")
NO_HARD_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)


def check_places(paths: Sequence[Path], *, force: bool) -> None:
    """See that files can be made at these paths, before any work is done for them.

    Raises:
        UsageError: one exists and `force` is False, is a folder, or lies in no folder.
    """
    for path in paths:
        if not path.parent.is_dir():
            raise UsageError(f"{path.parent} is no folder; make it first, or choose another --out")
        if path.is_dir():
            raise UsageError(f"{path} is a folder; choose another --out")
        if not force and os.path.lexists(path):
            raise _taken(path)


@contextlib.contextmanager
def new_file(path: Path, *, force: bool) -> Iterator[Path]:
    """The file to write to, empty; after the block it is at `path`. If the block fails, nothing is left.

    Args:
        force: an existing file is replaced, at once and whole.

    Raises:
        UsageError: the path is taken. NoSpace: the disk is full, or may not be written.
    """
    _sweep(path.parent)
    part = path.with_name(f".mediaindex-export-{secrets.token_hex(8)}.part")
    try:
        descriptor = os.open(part, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        with contextlib.suppress(OSError):  # a file system without locks: nobody sweeps there either
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield part
        os.fsync(descriptor)
        _publish(part, path, force=force)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink()
        os.close(descriptor)


def write_new(path: Path, content: bytes, *, force: bool) -> None:
    """Make a file with this content.

    Raises:
        UsageError, NoSpace: as `new_file`.
    """
    with new_file(path, force=force) as part:
        part.write_bytes(content)


def make_folder(path: Path) -> None:
    """Make a folder, where there is none.

    Raises:
        UsageError: a file has its name. NoSpace: it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise UsageError(f"{path} is a file; several files are due, so --out must name a folder") from error
    except OSError as error:
        raise _unwritable(path, error) from error


def _publish(part: Path, path: Path, *, force: bool) -> None:
    if force:
        os.replace(part, path)
    else:
        try:
            os.link(part, path)  # unlike a renaming, it fails if something is there
        except FileExistsError as error:
            raise _taken(path) from error
        except OSError as error:
            if error.errno not in NO_HARD_LINKS:
                raise
            if os.path.lexists(path):
                raise _taken(path) from error
            os.rename(part, path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        with contextlib.suppress(OSError):  # some file systems know no fsync of a folder
            os.fsync(folder)
    finally:
        os.close(folder)


def _sweep(folder: Path) -> None:
    """Remove what killed processes left in a folder."""
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):
            if _PART.fullmatch(name):
                _remove_abandoned(folder / name)


def _remove_abandoned(part: Path) -> None:
    with contextlib.suppress(OSError):
        descriptor = os.open(part, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            part.unlink()
        finally:
            os.close(descriptor)


def _taken(path: Path) -> UsageError:
    return UsageError(f"{path} exists; --force replaces it")


def _unwritable(path: Path, error: OSError) -> MediaIndexError:
    kind = NoSpace if is_no_room(error) or error.errno in (errno.EIO, errno.EFBIG) else UsageError
    return kind(f"{path} cannot be written: {error.strerror}; nothing of it was kept")
