"""Which personal ranking of a library is in use, and which one was before it.

    generators/personal.json   {"format": 1, "rankings": {ENCODER'S DIGEST: {"current": …, "previous": …}}}

A name is a folder beside that file; null is the ranking that searches have without one. The file is replaced
whole, so that a search sees one state or the other. What it does not name as current, no search uses: a
training that was killed before this step changed nothing.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from mediaindex.errors import NoSpace, UsageError
from mediaindex.store.layout import make_private_folder, sync_path
from mediaindex.store.lock import writer_lock

GENERATORS = "generators"
FILE = "personal.json"
LOCK = ".personal.lock"
_FORMAT = 1
_LARGEST_BYTES = 1 << 20


class Selection(NamedTuple):
    """The names of two personal rankings; None stands for the ranking without any."""

    current: str | None = None
    previous: str | None = None

    @property
    def is_empty(self) -> bool:
        """Whether no personal ranking was ever in use."""
        return self.current is None and self.previous is None


@contextlib.contextmanager
def personal_lock(library: Path) -> Iterator[None]:
    """Keep every other training and choice of a personal ranking of a library out.

    Raises:
        WriterBusy: there is one. NoSpace: nothing can be written.
    """
    folder = library / GENERATORS
    try:
        make_private_folder(folder)
    except OSError as error:
        raise NoSpace(f"{folder} cannot be written: {error.strerror}; check permissions and space") from error
    with writer_lock(folder / LOCK):
        yield


def read_selection(library: Path, digest: str) -> Selection:
    """What is in use for the encoder of a digest; nothing where the file is missing or cannot be read."""
    row = _read(library).get(digest)
    if not isinstance(row, dict):
        return Selection()
    current, previous = (_folder_name(row.get(key)) for key in ("current", "previous"))
    return Selection(current, previous)


def selected_names(library: Path) -> set[str]:
    """The folders that a selection of any encoder names."""
    rows = (row for row in _read(library).values() if isinstance(row, dict))
    names = (_folder_name(row.get(key)) for row in rows for key in ("current", "previous"))
    return {name for name in names if name is not None}


def select(library: Path, digest: str, selection: Selection) -> None:
    """Put a selection in use; it is on disk afterwards. The caller holds `personal_lock`.

    Raises:
        NoSpace: it cannot be written; what was in use stays so.
    """
    folder = library / GENERATORS
    row = {"current": selection.current, "previous": selection.previous}
    config = {"format": _FORMAT, "rankings": {**_read(library), digest: row}}
    try:
        descriptor, unfinished = tempfile.mkstemp(prefix=f".{FILE}.", dir=folder)
        try:
            with open(descriptor, "w", encoding="utf-8") as file:
                json.dump(config, file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            os.replace(unfinished, folder / FILE)
            sync_path(folder)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(unfinished)
            raise
    except OSError as error:
        raise NoSpace(
            f"{folder / FILE} cannot be written: {error.strerror}; free space and run again"
        ) from error


def swap(library: Path, digest: str) -> Selection:
    """Go back to what was in use before, or forward again; the selection afterwards.

    Raises:
        UsageError: there never was another. NoSpace: see `select`.
    """
    before = read_selection(library, digest)
    if before.is_empty:
        raise UsageError("there is no earlier personal ranking to go back to; 'mediaindex train' makes one")
    after = Selection(before.previous, before.current)
    if after.current is not None and not (folder := library / GENERATORS / after.current).is_dir():
        raise UsageError(f"{folder} is gone; 'mediaindex train' makes another from your captions")
    select(library, digest, after)
    return after


def _read(library: Path) -> Mapping[str, Any]:
    """The rows of the file by digest; none where it cannot be read."""
    try:
        with (library / GENERATORS / FILE).open("rb") as file:
            rows = json.loads(file.read(_LARGEST_BYTES))["rankings"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}
    return rows if isinstance(rows, dict) else {}


def _folder_name(value: object) -> str | None:
    """The name of a folder beside the file; None for anything else, such as a path out of it."""
    is_name = (
        isinstance(value, str) and value not in ("", ".", "..") and "/" not in value and "\0" not in value
    )
    return str(value) if is_name else None
