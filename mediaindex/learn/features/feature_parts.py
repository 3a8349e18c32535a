"""A feature file while it is made: `FILE.partial/` with finished parts, each fsynced, then renamed.

A run that is killed loses the part that it was filling. The next run keeps the finished parts, makes what
they lack, and joins all of it as FILE, which appears whole or not at all.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import logging
import os
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from mediaindex.errors import NoSpace, UsageError
from mediaindex.learn.features.caption_tables import SkippedInput
from mediaindex.learn.features.feature_rows import (
    ClipFeatures,
    Header,
    read_header,
    table_of,
    tables_in,
    write_tables,
)
from mediaindex.store.lock import writer_lock

logger = logging.getLogger(__name__)

PART_SECONDS = 10.0
PART_CLIPS = 1000
_PART = re.compile(r"part-(\d{6,})\.parquet")
_LOCK, _FILLING, _WHOLE = "lock", "filling", "whole"
_SKIPPED = b"mediaindex.skipped"
_KEY = "key"


class FeatureParts:
    """The parts of one file; a context manager that holds their lock.

    Attributes:
        done: keys of the media files whose clips lie in finished parts.
        skipped: by key of a media file, which of its clips were left out.

    Raises, on entering:
        UsageError: FILE exists, or the parts are of another run. WriterBusy: another process makes FILE.
        NoSpace: nothing can be written there.
    """

    def __init__(self, target: Path, header: Header) -> None:
        self.done: set[str] = set()
        self.skipped: dict[str, list[SkippedInput]] = {}
        self.folder = _partial(target)
        self._target = target
        self._header = header
        self._next = 0
        self._clips: list[tuple[str, ClipFeatures]] = []
        self._new_skipped: dict[str, list[SkippedInput]] = {}
        self._since = time.monotonic()
        self._lock = contextlib.ExitStack()

    def __enter__(self) -> FeatureParts:
        require_new(self._target)
        with self._writing():
            self.folder.mkdir(exist_ok=True)
        self._lock.enter_context(writer_lock(self.folder / _LOCK))
        try:
            self._read_finished_parts()
        except BaseException:
            self._lock.close()
            raise
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._lock.close()

    def add(self, key: str, clips: Sequence[ClipFeatures], skipped: Sequence[SkippedInput] = ()) -> None:
        """Add all clips of one media file; finishes a part every 1000 clips or 10 s.

        Raises:
            NoSpace: the part cannot be written.
        """
        self._clips += [(key, clip) for clip in clips]
        if skipped:
            self._new_skipped[key] = list(skipped)
        if len(self._clips) >= PART_CLIPS or time.monotonic() - self._since >= PART_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write the part that is being filled, if it has a clip.

        Raises:
            NoSpace: it cannot be written.
        """
        if self._clips:
            table = table_of([clip for _key, clip in self._clips], self._header)
            table = table.append_column(_KEY, [[key for key, _clip in self._clips]])
            skipped = {
                key: [dataclasses.astuple(row) for row in rows] for key, rows in self._new_skipped.items()
            }
            metadata = {**table.schema.metadata, _SKIPPED: json.dumps(skipped)}
            table = table.replace_schema_metadata(metadata)
            with self._writing():
                write_tables(self.folder / _FILLING, [table])
                _fsync(self.folder / _FILLING)
                os.rename(self.folder / _FILLING, self.folder / f"part-{self._next:06}.parquet")
                _fsync(self.folder)
            self.done |= {key for key, _clip in self._clips}
            self.skipped |= self._new_skipped
            self._next += 1
        self._clips, self._new_skipped, self._since = [], {}, time.monotonic()

    def finish(self, keys: set[str]) -> tuple[int, int, int]:
        """Join the clips of these media files as FILE, and remove the parts.

        Returns:
            Clips, captions and frames in FILE; where there are none, no file is made.

        Raises:
            NoSpace: it cannot be written.
        """
        self.flush()
        counts = (0, 0, 0)
        if self.done & keys:
            with self._writing():
                write_tables(self.folder / _WHOLE, self._tables_of(keys))
                _fsync(self.folder / _WHOLE)
                counts = _counts(self.folder / _WHOLE)
                os.rename(self.folder / _WHOLE, self._target)
                _fsync(self._target.parent)
        self._remove()
        return counts

    def _tables_of(self, keys: set[str]) -> Iterator[Any]:
        """The row groups of all parts, without the clips of other media files."""
        metadata = table_of([], self._header).schema.metadata
        for _number, path in self._parts():
            for table in tables_in(path):
                wanted = table.filter([key in keys for key in table[_KEY].to_pylist()])
                if len(wanted):
                    yield wanted.drop_columns([_KEY]).replace_schema_metadata(metadata)

    def _read_finished_parts(self) -> None:
        for number, path in self._parts():
            self._next = number + 1
            try:
                header, tables = read_header(path), list(tables_in(path))
                if not all(_KEY in table.column_names for table in tables):
                    raise UsageError(f"{path} is damaged: its column {_KEY} lacks")
            except UsageError as error:
                logger.warning("%s; its clips are made again", error)
                with self._writing():
                    path.rename(path.with_suffix(".damaged"))
                continue
            if dataclasses.replace(header, created=self._header.created) != self._header:
                raise UsageError(
                    f"{self.folder} holds parts of another run, with the encoder {header.encoder} for "
                    f"{header.split}; remove it, or choose another --out"
                )
            for table in tables:
                self.done |= set(table[_KEY].to_pylist())
                skipped = json.loads(table.schema.metadata[_SKIPPED])
                self.skipped |= {key: [SkippedInput(*row) for row in rows] for key, rows in skipped.items()}

    def _parts(self) -> list[tuple[int, Path]]:
        matches = ((_PART.fullmatch(name), name) for name in os.listdir(self.folder))
        return sorted((int(match[1]), self.folder / name) for match, name in matches if match)

    def _remove(self) -> None:
        """Remove what this class wrote; the folder stays where it holds anything else."""
        names = [_FILLING, _WHOLE, _LOCK]
        with contextlib.suppress(OSError):
            names += [name for name in os.listdir(self.folder) if re.match(r"part-\d{6,}\.", name)]
            for name in names:
                (self.folder / name).unlink(missing_ok=True)
            self.folder.rmdir()

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise NoSpace(
                f"{self._target} cannot be written: {error.strerror or error}; "
                "free space or choose another --out, and run again to go on"
            ) from error


def require_new(target: Path) -> None:
    """Refuse a file that exists.

    Raises:
        UsageError: it exists; the message names the parts that a run killed after its last rename left.
    """
    if os.path.lexists(target):
        parts = _partial(target)
        beside = f"; {parts} is what is left of its making, and can be removed" if parts.is_dir() else ""
        raise UsageError(f"{target} exists; choose another --out, or remove it first{beside}")


def _counts(path: Path) -> tuple[int, int, int]:
    """Clips, captions and frames of a file."""
    clips = captions = frames = 0
    for table in tables_in(path, columns=["captions", "seconds"]):
        clips += len(table)
        captions += sum(map(len, table["captions"].to_pylist()))
        frames += sum(map(len, table["seconds"].to_pylist()))
    return clips, captions, frames


def _partial(target: Path) -> Path:
    return target.with_name(f"{target.name}.partial")


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
