"""The sampled frames as small JPEGs, one blob a video and write, shared by all encoders.

    magic(8) · JPEGs one after the other · offsets (count + 1) u64, absolute · count u64

The table stands behind the pictures, so that a film of any length is written as it is decoded.
Each write has a fresh name, so that rows of an older write never read newer pictures after a
crash. A blob is fsynced and renamed before any row names it; the sweeper removes what no row owns.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path

from mediaindex.errors import NoSpace, StoreError
from mediaindex.store.layout import PRIVATE_FOLDER, make_private_folder, private, sync_path

MAGIC = b"MIFRAME1"
COUNT = struct.Struct("<Q")
SUFFIX = ".mif"
PARTIAL = ".tmp"
CONTENT_DIGITS = 32
"""Of the content's hash, with which the name of a blob begins."""
NO_ROOM = {1, 13, 28, 30, 122}


class FrameCache:
    """The blobs below `folder`, named by content hash and a random part."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # Written but not yet named by a row: the sweeper must leave these alone.
        self.unsettled: set[str] = set()

    @contextlib.contextmanager
    def new_blob(self) -> Iterator[Blob]:
        """A blob to add frames to; without `finish` nothing of it stays.

        Raises:
            NoSpace: the disk is full or not writable.
        """
        partial = f"{secrets.token_hex(8)}{PARTIAL}"
        self.unsettled.add(partial)
        try:
            make_private_folder(self.folder)
            with open(self.folder / partial, "xb", opener=private) as file:
                yield Blob(self, file.fileno(), partial)
        except OSError as error:
            if error.errno in NO_ROOM:
                raise NoSpace(
                    f"{self.folder}: {error.strerror}; free space on this disk and run again"
                ) from error
            raise
        finally:
            with contextlib.suppress(OSError):
                (self.folder / partial).unlink(missing_ok=True)
            self.unsettled.discard(partial)

    def settle(self, name: str) -> None:
        """A row names this blob now, or never will."""
        self.unsettled.discard(name)

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

    def size(self, name: str) -> int:
        """Bytes of a blob on disk."""
        return (self.folder / name).stat().st_size

    def names(self) -> Iterator[tuple[str, int]]:
        """Every file below the folder with its size in bytes, finished or not."""
        for path in self.folder.rglob("*"):
            with contextlib.suppress(FileNotFoundError):
                if path.is_file():
                    yield path.relative_to(self.folder).as_posix(), path.stat().st_size

    def remove(self, name: str) -> None:
        """Unlink one blob; one that is gone already is fine."""
        (self.folder / name).unlink(missing_ok=True)


class Blob:
    """A blob that is being written; use `FrameCache.new_blob`."""

    def __init__(self, cache: FrameCache, descriptor: int, partial: str) -> None:
        self._cache = cache
        self._descriptor = descriptor
        self._partial = partial
        self._offsets = [len(MAGIC)]
        self._write(MAGIC)

    def add(self, jpeg: bytes) -> None:
        """Append one frame."""
        self._write(jpeg)
        self._offsets.append(self._offsets[-1] + len(jpeg))

    def finish(self, *, content: str) -> str:
        """Make the blob durable; its name goes into SQLite, then `settle` it.

        Args:
            content: hash of the video, the readable part of the name.
        """
        folder = self._cache.folder
        name = f"{content[:2]}/{content[:CONTENT_DIGITS]}.{self._partial.removesuffix(PARTIAL)}{SUFFIX}"
        self._write(struct.pack(f"<{len(self._offsets)}Q", *self._offsets))
        self._write(COUNT.pack(len(self._offsets) - 1))
        os.fsync(self._descriptor)
        self._cache.unsettled.add(name)
        (folder / name).parent.mkdir(exist_ok=True, mode=PRIVATE_FOLDER)
        (folder / self._partial).rename(folder / name)
        sync_path((folder / name).parent)
        sync_path(folder)
        return name

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._descriptor, view) :]


def _offsets(descriptor: int, name: str) -> tuple[int, ...]:
    """The offset table of a blob, checked against the file's size."""
    damaged = StoreError(f"frame cache {name} is damaged; run 'mediaindex check --repair'")
    size = os.fstat(descriptor).st_size
    tail = os.pread(descriptor, COUNT.size, max(0, size - COUNT.size))
    if os.pread(descriptor, len(MAGIC), 0) != MAGIC or len(tail) < COUNT.size:
        raise damaged
    count: int = COUNT.unpack(tail)[0]
    start = size - COUNT.size - 8 * (count + 1)
    if start < len(MAGIC):
        raise damaged
    offsets = struct.unpack(f"<{count + 1}Q", os.pread(descriptor, 8 * (count + 1), start))
    if offsets[0] != len(MAGIC) or offsets[-1] != start or list(offsets) != sorted(offsets):
        raise damaged
    return offsets
