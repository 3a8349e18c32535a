"""The copying of a backup and a restore: only where there is room for all; a file is whole or not there."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from mediaindex.errors import NoSpace
from mediaindex.store.layout import PRIVATE_FILE, make_private_folder, sync_path

PARTIAL = ".partial"
CLOCK_SLACK_SECONDS = 2.0
"""What FAT makes of a file's time."""

Progress = Callable[[int, int], None]
"""Called with (bytes done, bytes of all)."""


@dataclass(frozen=True, slots=True)
class Copy:
    """One file to be copied.

    Attributes:
        size: bytes.
        immutable: the file never changes under its name, so that its size tells whether it is the same.
    """

    source: Path
    target: Path
    size: int
    immutable: bool = True


class CopiedFile(NamedTuple):
    """One file that is at its target now. `new`: it was copied, rather than there before."""

    path: Path
    size: int
    new: bool


def refuse_too_little_room(plan: Sequence[Copy], folder: Path, *, target: str, remedy: str) -> None:
    """Check the room before a byte is copied: a disk that is filled to the brim troubles others too.

    Args:
        folder: where the copies go.
        target, remedy: words of the message.

    Raises:
        NoSpace: what is not there already does not fit.
    """
    needed = sum(copy.size for copy in plan if not _is_copied(copy))
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise NoSpace(
            f"no space left for {target}: {needed / 1e6:.0f} MB are needed and "
            f"{free / 1e6:.0f} MB free; free space there or choose {remedy}"
        )


def copy_missing(plan: Sequence[Copy]) -> Iterator[CopiedFile]:
    """Copy what is not there yet, in the order of the plan; each file once it is at its target.

    Raises:
        OSError: a file cannot be read or written.
    """
    for copy in plan:
        # Manifests are small, and their size and time say too little.
        new = copy.target.suffix == ".manifest" or not _is_copied(copy)
        if new:
            copy_file(copy.source, copy.target)
        yield CopiedFile(copy.target, copy.size, new)


def with_progress(files: Iterable[CopiedFile], plan: Sequence[Copy], progress: Progress) -> list[CopiedFile]:
    """All files that an iterator copies; the progress is reported after each."""
    total_bytes = sum(copy.size for copy in plan)
    copied, done_bytes = [], 0
    for file in files:
        copied.append(file)
        done_bytes += file.size
        progress(done_bytes, total_bytes)
    return copied


def copy_file(source: Path, target: Path) -> None:
    """Copy a file durably; under its name it is whole or not there."""
    make_private_folder(target.parent)
    partial = target.with_name(f"{target.name}.{secrets.token_hex(4)}{PARTIAL}")
    try:
        shutil.copyfile(source, partial)
        status = source.stat()
        os.utime(partial, ns=(status.st_atime_ns, status.st_mtime_ns))
        sync_path(partial, mode=PRIVATE_FILE)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def _is_copied(copy: Copy) -> bool:
    """Whether the target is there already, as far as size (and time, of what may change) tell."""
    try:
        target, source = copy.target.lstat(), copy.source.lstat()
    except OSError:
        return False
    is_as_old = abs(target.st_mtime - source.st_mtime) <= CLOCK_SLACK_SECONDS
    return target.st_size == copy.size and (copy.immutable or is_as_old)
