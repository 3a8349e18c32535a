"""The sampled frames as small JPEGs, one blob a video and write, shared by all encoders.

    magic(8) · JPEGs one after the other · CRC-32 of each u32 · offsets (count + 1) u64, absolute · count u64

The tables stand behind the pictures, so that a film of any length is written as it is decoded. A reader
compares each picture with its checksum: a JPEG with flipped bits is mostly still a JPEG. Blobs of the first
format, MIFRAME1, have no checksums; of these only a check decodes every picture.
Each write has a fresh name, so that rows of an older write never read newer pictures after a
crash. A blob is fsynced and renamed before any row names it; the sweeper removes what no row owns.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from mediaindex.errors import DecodeError, NoSpace, StoreError
from mediaindex.store.layout import PRIVATE_FOLDER, make_private_folder, private, sync_path

MAGIC = b"MIFRAME2"
MAGIC_WITHOUT_CHECKSUMS = b"MIFRAME1"
COUNT = struct.Struct("<Q")
SUFFIX = ".mif"
PARTIAL = ".tmp"
CONTENT_DIGITS = 32
"""Of the content's hash, with which the name of a blob begins."""
NO_ROOM = {1, 13, 28, 30, 122}
GONE = {errno.ENOENT, errno.EIO}
"""Errors of a blob that no later try reads: it is not there, or the disk has lost it."""


class FramesLost(StoreError):
    """The cached frames of a video are gone or damaged: the video is to be decoded again.

    Args:
        reason: what a person reads, without the blob's name.
    """

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"frame cache {name}: {reason}; run 'mediaindex check --repair'")
        self.reason = reason


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
            FramesLost: the blob is gone, cut short or no blob at all, or has other bytes than were written.
            StoreError: it cannot be read at this moment.
        """
        with self._opened(name) as descriptor:
            table = _table(descriptor, name)
            for ordinal in range(table.count) if ordinals is None else ordinals:
                if not 0 <= ordinal < table.count:
                    raise FramesLost(name, f"it has no frame {ordinal}")
                yield table.frame(descriptor, name, ordinal)

    def prove(self, name: str, frames: int) -> None:
        """Read a blob from end to end: so many frames, each as it was written.

        Raises:
            FramesLost: it is not so. StoreError: it cannot be read at this moment.
        """
        with self._opened(name) as descriptor:
            table = _table(descriptor, name)
            if table.count != frames:
                raise FramesLost(name, f"it has {table.count} frames instead of {frames}")
            for ordinal in range(table.count):
                jpeg = table.frame(descriptor, name, ordinal)
                if table.checksums is None:
                    prove_picture(jpeg, name, ordinal)

    @contextlib.contextmanager
    def _opened(self, name: str) -> Iterator[int]:
        """The descriptor of a blob; what goes wrong while it is read is told apart."""
        try:
            with open(os.path.join(self.folder, name), "rb") as file:
                yield file.fileno()
        except OSError as error:
            reason = error.strerror or str(error)
            if error.errno in GONE:
                raise FramesLost(name, reason) from error
            raise StoreError(f"frame cache {self.folder / name} cannot be read: {reason}") from error

    def size(self, name: str) -> int:
        """Bytes of a blob on disk."""
        return (self.folder / name).stat().st_size

    def names(self) -> Iterator[tuple[str, int]]:
        """Every file below the folder with its size in bytes, finished or not; lists all of it."""
        for where, _folders, files in os.walk(self.folder):
            inside = os.path.relpath(where, self.folder)
            for file in files:
                with contextlib.suppress(FileNotFoundError):
                    size = os.lstat(os.path.join(where, file)).st_size
                    yield (file if inside == "." else f"{inside}/{file}"), size

    def remove(self, name: str) -> None:
        """Unlink one blob; one that is gone already is fine.

        A catalog from somewhere else may hold names that lead out of the folder: nothing is removed there.
        """
        if name and "\0" not in name and not {"", ".."} & set(name.split("/")):
            (self.folder / name).unlink(missing_ok=True)


class Blob:
    """A blob that is being written; use `FrameCache.new_blob`."""

    def __init__(self, cache: FrameCache, descriptor: int, partial: str) -> None:
        self._cache = cache
        self._descriptor = descriptor
        self._partial = partial
        self._offsets = [len(MAGIC)]
        self._checksums: list[int] = []
        self._write(MAGIC)

    def add(self, jpeg: bytes) -> None:
        """Append one frame."""
        self._write(jpeg)
        self._checksums.append(zlib.crc32(jpeg))
        self._offsets.append(self._offsets[-1] + len(jpeg))

    def finish(self, *, content: str) -> str:
        """Make the blob durable; its name goes into SQLite, then `settle` it.

        Args:
            content: hash of the video, the readable part of the name.
        """
        folder = self._cache.folder
        name = f"{content[:2]}/{content[:CONTENT_DIGITS]}.{self._partial.removesuffix(PARTIAL)}{SUFFIX}"
        self._write(struct.pack(f"<{len(self._checksums)}I", *self._checksums))
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


@dataclass(frozen=True, slots=True)
class _Table:
    """Where the frames of a blob lie. `checksums`: None in the format that has none."""

    offsets: tuple[int, ...]
    checksums: tuple[int, ...] | None

    @property
    def count(self) -> int:
        return len(self.offsets) - 1

    def frame(self, descriptor: int, name: str, ordinal: int) -> bytes:
        """One JPEG as it was written."""
        start, end = self.offsets[ordinal], self.offsets[ordinal + 1]
        jpeg = os.pread(descriptor, end - start, start)
        if self.checksums is not None and zlib.crc32(jpeg) != self.checksums[ordinal]:
            raise FramesLost(name, f"frame {ordinal} is damaged")
        return jpeg


def prove_picture(jpeg: bytes, name: str, ordinal: int) -> None:
    """Decode one frame of a blob.

    Raises:
        FramesLost: it is no picture.
    """
    from mediaindex.media import decoded

    try:
        decoded(jpeg)
    except DecodeError as error:
        raise FramesLost(name, f"frame {ordinal}: {error.reason}") from error


def _table(descriptor: int, name: str) -> _Table:
    """The tables of a blob, checked against the file's size."""
    damaged = FramesLost(name, "it is damaged")
    size = os.fstat(descriptor).st_size
    magic = os.pread(descriptor, len(MAGIC), 0)
    tail = os.pread(descriptor, COUNT.size, max(0, size - COUNT.size))
    if magic not in (MAGIC, MAGIC_WITHOUT_CHECKSUMS) or len(tail) < COUNT.size:
        raise damaged
    count: int = COUNT.unpack(tail)[0]
    checksums_size = 4 * count if magic == MAGIC else 0
    end = size - COUNT.size - 8 * (count + 1)
    start = end - checksums_size
    if start < len(MAGIC):
        raise damaged
    checksums = struct.unpack(f"<{checksums_size // 4}I", os.pread(descriptor, checksums_size, start))
    offsets = struct.unpack(f"<{count + 1}Q", os.pread(descriptor, 8 * (count + 1), end))
    if offsets[0] != len(MAGIC) or offsets[-1] != start or list(offsets) != sorted(offsets):
        raise damaged
    return _Table(offsets, checksums if magic == MAGIC else None)
