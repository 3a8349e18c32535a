"""One writer at a time, and no file removed under one who copies: held by the kernel.

It frees a lock when the process dies.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from mediaindex.errors import NoSpace, WriterBusy

Role = Literal["command", "watch"]
"""Whether the writer ends with its work, or follows the library until it is stopped."""


class Holder(NamedTuple):
    """The process that holds the writer lock."""

    pid: int
    role: Role


@contextlib.contextmanager
def writer_lock(path: Path, role: Role = "command") -> Iterator[None]:
    """Hold the writer lock of a library.

    flock, not lockf: a POSIX lock is lost silently when any descriptor of the file is closed.
    The file is never unlinked: a second holder could then lock another inode.

    Raises:
        WriterBusy: another process holds it; the message names its pid.
        NoSpace: the file cannot be made.
    """
    descriptor = _open_lock(path)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = _holder_in(descriptor)
            what = "watches this library" if owner.role == "watch" else f"is writing to {path.parent}"
            raise WriterBusy(
                f"another mediaindex process (pid {owner.pid or 'unknown'}) {what}; "
                "wait for it to end, or stop it"
            ) from None
        os.ftruncate(descriptor, 0)
        with contextlib.suppress(OSError):  # a full disk; who holds it is for messages alone
            os.pwrite(descriptor, f"{os.getpid()} {role}".encode(), 0)
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def evaluation_lock(path: Path) -> Iterator[None]:
    """Be the only evaluation that is kept; beside a writer.

    Raises:
        WriterBusy: another one goes on; the message names its pid. NoSpace: the file cannot be made.
    """
    descriptor = _open_lock(path)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = _holder_in(descriptor).pid or "unknown"
            raise WriterBusy(f"another evaluation of this library goes on (pid {pid}); wait for it") from None
        os.ftruncate(descriptor, 0)
        with contextlib.suppress(OSError):
            os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def keeping_files(path: Path) -> Iterator[None]:
    """See to it that no writer removes a file meanwhile; any number may, beside a writer.

    Waits while a writer is removing some. What could not be removed is removed later.
    """
    descriptor = _open_lock(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def removing_files(path: Path) -> Iterator[bool]:
    """Whether files may be removed inside the block: nobody copies them. For the writer alone."""
    descriptor = _open_lock(path)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)


def holder(path: Path) -> Holder | None:
    """Who holds the writer lock, None where nobody does."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _holder_in(descriptor)
    finally:
        os.close(descriptor)
    return None


def _holder_in(descriptor: int) -> Holder:
    """What the holder wrote into its lock; pid 0 where it has not yet."""
    pid, _, role = os.pread(descriptor, 64, 0).decode("ascii", "replace").partition(" ")
    return Holder(int(pid) if pid.isdecimal() else 0, "watch" if role == "watch" else "command")


def _open_lock(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise NoSpace(f"{path} cannot be written: {error.strerror}; check permissions and space") from error
