"""What a scorer of regions reads of each frame: one file a video and write, beside the vectors.

    regions/space_<id>/ab/<generation>.<scorer>   magic(8) · CRC-32 of the rows u32 · W u32 · rows (N, W)

The generation is that of the vectors, in 16 hexadecimal digits, `ab` the last two of them; the scorer is the
start of its digest. A file is whole and on disk before a row of SQLite tells of it, and goes with its
generation. A search reads the rows of its candidates alone. What cannot be read is as if it were not there:
the next writer makes it again from the cached frames.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import struct
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mediaindex.errors import NoSpace, is_no_room
from mediaindex.store.layout import make_private_folder, private, sync_path

if TYPE_CHECKING:
    from mediaindex.store.catalog.lookup import FrameSpan

HEADER = struct.Struct("<8sII")
MAGIC = b"MIREGN01"
SCORER_DIGITS = 12
PARTIAL = ".tmp"
LARGEST_ROW = 1 << 16


def region_file(generation: int, scorer: str) -> str:
    """The name of a file below the folder of its space."""
    number = f"{generation:016x}"
    return f"{number[-2:]}/{number}.{scorer[:SCORER_DIGITS]}"


class RegionFiles:
    """The files of one space.

    Args:
        folder: the library's regions/ folder.
    """

    def __init__(self, folder: Path, space_id: int) -> None:
        self.folder = folder / f"space_{space_id}"

    def write(self, scorer: str, rows_of: Mapping[int, NDArray[np.uint8]]) -> None:
        """Write the rows (N, W) of some generations; they are on disk afterwards.

        Raises:
            NoSpace: the disk is full or not writable.
        """
        try:
            for generation, rows in rows_of.items():
                self._write(self.folder / region_file(generation, scorer), rows)
            for folder in {(self.folder / region_file(each, scorer)).parent for each in rows_of}:
                sync_path(folder)
            if rows_of:
                sync_path(self.folder)
        except OSError as error:
            if is_no_room(error):
                message = f"{self.folder}: {error.strerror}; free space on this disk and run again"
                raise NoSpace(message) from error
            raise

    def _write(self, path: Path, rows: NDArray[np.uint8]) -> None:
        make_private_folder(path.parent)
        content = np.ascontiguousarray(rows).tobytes()
        partial = path.with_name(f"{secrets.token_hex(8)}{PARTIAL}")
        try:
            with open(partial, "xb", opener=private) as file:
                file.write(HEADER.pack(MAGIC, zlib.crc32(content), rows.shape[1]))
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)

    def read(self, scorer: str, spans: Sequence[FrameSpan], width: int) -> NDArray[np.uint8]:
        """The rows of K stretches of frames, (K, F, W), zeros where there are none.

        Args:
            width: W; what is stored in rows of another width counts as none.
        """
        rows = np.zeros((len(spans), max((span.count for span in spans), default=0), width), np.uint8)
        for place, span in enumerate(spans):
            stored = self._rows(self.folder / region_file(span.generation, scorer), span, width)
            rows[place, : len(stored)] = stored
        return rows

    def _rows(self, path: Path, span: FrameSpan, width: int) -> NDArray[np.uint8]:
        content = b""
        with contextlib.suppress(OSError), open(path, "rb", buffering=0) as file:
            header = os.pread(file.fileno(), HEADER.size, 0)
            if len(header) == HEADER.size and HEADER.unpack(header)[::2] == (MAGIC, width):
                content = os.pread(file.fileno(), span.count * width, HEADER.size + span.first * width)
        if len(content) != span.count * width:
            return np.zeros((0, width), np.uint8)
        return np.frombuffer(content, np.uint8).reshape(-1, width)

    def is_whole(self, generation: int, scorer: str, frames: int) -> bool:
        """Whether a file holds the rows of so many frames as they were written; reads all of it.

        Raises:
            OSError: it cannot be read at this moment.
        """
        try:
            content = (self.folder / region_file(generation, scorer)).read_bytes()
        except FileNotFoundError:
            return False
        if len(content) < HEADER.size:
            return False
        magic, checksum, width = HEADER.unpack_from(content)
        rows = content[HEADER.size :]
        return bool(magic == MAGIC and len(rows) == frames * width and zlib.crc32(rows) == checksum)

    def names(self) -> Iterator[str]:
        """Every file below the folder, finished or not."""
        for where, _folders, files in os.walk(self.folder):
            inside = os.path.relpath(where, self.folder)
            yield from (f"{inside}/{file}" for file in files)

    def keep(self, named: Collection[str]) -> int:
        """Remove every file but these; how many went."""
        strays = [name for name in self.names() if name not in named]
        for name in strays:
            (self.folder / name).unlink(missing_ok=True)
        return len(strays)

    def remove(self, generations: Sequence[int]) -> None:
        """Unlink the files of generations that are gone, whichever scorer wrote them."""
        for generation in generations:
            folder, _, name = region_file(generation, "").partition("/")
            for path in (self.folder / folder).glob(f"{name}*"):
                path.unlink(missing_ok=True)

    def drop(self) -> None:
        """Remove the files of a space that is gone."""
        shutil.rmtree(self.folder, ignore_errors=True)
