"""The sampled frames as small JPEGs, one blob a video and write, shared by all encoders.

    magic(8) · count u32 · offsets (count + 1) u64, absolute · JPEGs one after the other

Each write has a fresh name, so that rows of an older write never read newer pictures after a
crash. A blob is fsynced and renamed before any row names it; the sweeper removes what no row owns.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import struct
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from mediaindex.errors import NoSpace, StoreError
from mediaindex.store.vectors import sync_path

MAGIC = b"MIFRAME1"
HEADER = struct.Struct("<8sI")
SUFFIX = ".mif"
NO_ROOM = {1, 13, 28, 30, 122}


class FrameCache:
    """The blobs below `folder`, named by content hash and a random part."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # Written but not yet named by a row: the sweeper must leave these alone.
        self.unsettled: set[str] = set()

    def write(self, jpegs: Sequence[bytes], *, content: str) -> str:
        """Store the frames of one extraction durably; the returned name goes into SQLite.

        Args:
            content: hash of the video, the readable part of the name.

        Raises:
            NoSpace: the disk is full or not writable.
        """
        name = f"{content[:2]}/{content[:32]}.{secrets.token_hex(8)}{SUFFIX}"
        target = self.folder / name
        temporary = target.with_suffix(".tmp")
        self.unsettled |= {name, temporary.relative_to(self.folder).as_posix()}
        offsets = [HEADER.size + 8 * (len(jpegs) + 1)]
        for jpeg in jpegs:
            offsets.append(offsets[-1] + len(jpeg))
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("wb") as file:
                file.write(HEADER.pack(MAGIC, len(jpegs)))
                file.write(struct.pack(f"<{len(offsets)}Q", *offsets))
                file.writelines(jpegs)
                file.flush()
                os.fsync(file.fileno())
            temporary.rename(target)
            sync_path(target.parent)
            sync_path(self.folder)
        except OSError as error:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            if error.errno in NO_ROOM:
                raise NoSpace(f"{target}: {error.strerror}; free space on this disk and run again") from error
            raise
        return name

    def settle(self, name: str) -> None:
        """A row names this blob now, or never will."""
        self.unsettled -= {name, name.removesuffix(SUFFIX) + ".tmp"}

    def read(self, name: str, ordinals: Iterable[int] | None = None) -> Iterator[bytes]:
        """The JPEGs of one blob, all or those asked for, in that order.

        Raises:
            StoreError: the blob is missing, cut short or no blob at all.
        """
        try:
            with (self.folder / name).open("rb") as file:
                offsets = _offsets(file.fileno(), name)
                wanted = range(len(offsets) - 1) if ordinals is None else ordinals
                for ordinal in wanted:
                    start, end = offsets[ordinal], offsets[ordinal + 1]
                    yield os.pread(file.fileno(), end - start, start)
        except (OSError, IndexError) as error:
            raise StoreError(
                f"frame cache {self.folder / name} cannot be read; run 'mediaindex check --repair'"
            ) from error

    def count(self, name: str) -> int | None:
        """How many frames a blob holds, None where it is missing or damaged."""
        try:
            with (self.folder / name).open("rb") as file:
                return len(_offsets(file.fileno(), name)) - 1
        except (OSError, StoreError):
            return None

    def names(self) -> Iterator[tuple[str, int]]:
        """Every file below the folder with its size in bytes, finished or not."""
        for path in self.folder.rglob("*"):
            with contextlib.suppress(FileNotFoundError):
                if path.is_file():
                    yield path.relative_to(self.folder).as_posix(), path.stat().st_size

    def remove(self, name: str) -> None:
        """Unlink one blob; one that is gone already is fine."""
        (self.folder / name).unlink(missing_ok=True)


def _offsets(descriptor: int, name: str) -> tuple[int, ...]:
    damaged = StoreError(f"frame cache {name} is damaged; run 'mediaindex check --repair'")
    head = os.pread(descriptor, HEADER.size, 0)
    if len(head) < HEADER.size:
        raise damaged
    magic, count = HEADER.unpack(head)
    size = os.fstat(descriptor).st_size
    width = 8 * (count + 1)
    table = os.pread(descriptor, width, HEADER.size) if HEADER.size + width <= size else b""
    if magic != MAGIC or len(table) < width:
        raise damaged
    offsets = struct.unpack(f"<{count + 1}Q", table)
    if offsets[0] != HEADER.size + width or offsets[-1] != size or list(offsets) != sorted(offsets):
        raise damaged
    return offsets
