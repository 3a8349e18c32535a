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
from mediaindex.store.maintenance.digests import digest_of

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
        digest: of the target, where it is there and known to hold what was written.
        damaged: the target is known to hold something else.
    """

    source: Path
    target: Path
    size: int
    immutable: bool = True
    digest: str | None = None
    damaged: bool = False


class CopiedFile(NamedTuple):
    """One file that is at its target now, with its digest. `new`: it was copied, rather than there before."""

    path: Path
    size: int
    new: bool
    digest: str


def refuse_too_little_room(plan: Sequence[Copy], folder: Path, *, target: str, remedy: str) -> None:
    """Check the room before a byte is copied: a disk that is filled to the brim troubles others too.

    Args:
        folder: where the copies go.
        target, remedy: words of the message.

    Raises:
        NoSpace: what is not there already does not fit.
    """
    needed = sum(copy.size for copy in plan if not is_copied(copy))
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise NoSpace(
            f"no space left for {target}: {needed / 1e6:.0f} MB are needed and "
            f"{free / 1e6:.0f} MB free; free space there or choose {remedy}"
        )


def copy_missing(plan: Sequence[Copy]) -> Iterator[CopiedFile]:
    """Copy what is not there yet, in the order of the plan; each file once it is at its target.

    A target of which no digest is known is compared with its source.

    Raises:
        OSError: a file cannot be read or written.
    """
    for copy in plan:
        # Manifests are small, and their size and time say too little.
        there = copy.target.suffix != ".manifest" and is_copied(copy)
        digest = (copy.digest or _same_digest(copy)) if there else None
        if digest is None:
            digest = copy_file(copy.source, copy.target)
            there = False
        yield CopiedFile(copy.target, copy.size, not there, digest)


def with_progress(files: Iterable[CopiedFile], plan: Sequence[Copy], progress: Progress) -> list[CopiedFile]:
    """All files that an iterator copies; the progress is reported after each."""
    total_bytes = sum(copy.size for copy in plan)
    copied, done_bytes = [], 0
    for file in files:
        copied.append(file)
        done_bytes += file.size
        progress(done_bytes, total_bytes)
    return copied


def copy_file(source: Path, target: Path) -> str:
    """Copy a file durably; under its name it is whole or not there. The digest of the copy."""
    make_private_folder(target.parent)
    partial = target.with_name(f"{target.name}.{secrets.token_hex(4)}{PARTIAL}")
    try:
        shutil.copyfile(source, partial)
        status = source.stat()
        os.utime(partial, ns=(status.st_atime_ns, status.st_mtime_ns))
        sync_path(partial, mode=PRIVATE_FILE)
        digest = digest_of(partial)
        partial.replace(target)
        return digest
    finally:
        partial.unlink(missing_ok=True)


def is_copied(copy: Copy) -> bool:
    """Whether the target is there already, as far as size (and time, of what may change) tell."""
    if copy.damaged:
        return False
    try:
        target, source = copy.target.lstat(), copy.source.lstat()
    except OSError:
        return False
    is_as_old = abs(target.st_mtime - source.st_mtime) <= CLOCK_SLACK_SECONDS
    return target.st_size == copy.size and (copy.immutable or is_as_old)


def _same_digest(copy: Copy) -> str | None:
    """The digest of the target, None where the source holds something else."""
    digest = digest_of(copy.target)
    return digest if digest == digest_of(copy.source) else None
