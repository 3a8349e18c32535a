"""What was fitted to the space of one encoder, or to words: LIBRARY/generators/fitted/DIGEST.json.

    {"format": 1, "encoder": {"name", "digest"}, "hubs": …, "calibration": …, "refit": …}

`mediaindex train --encoder NAME` writes `hubs`, the measurement and gate of hub correction, and
`calibration`, that of confidence; `refit` is the same calibration after the user's captions and marks. What
is fitted to words, which no encoder changes, has "words" in the place of a digest.
Backups take it with the generators. The file may be a stranger's: it is bounded, belongs to the encoder that
it names, and each part is checked by what reads it.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from mediaindex.store.layout import make_private_folder, sync_path

FOLDER = Path("generators", "fitted")
WORDS = "words"
"""In the place of a digest: what is fitted to hits by words."""
_FORMAT = 1
_LARGEST_BYTES = 1 << 20
_DIGEST = re.compile(rf"{WORDS}|[0-9a-f]{{8,128}}")
_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Fitted(NamedTuple):
    """The parts of a file.

    Attributes:
        problem: why the file that is there is not read, for a person; None where it is, or there is none.
    """

    parts: Mapping[str, Any]
    problem: str | None = None


def fitted_file(library: Path, digest: str) -> Path:
    """Where what is fitted to an encoder, or to `WORDS`, lies.

    Raises:
        ValueError: the digest is none, and might lead anywhere.
    """
    if not _DIGEST.fullmatch(digest):
        raise ValueError(f"the digest of an encoder is hexadecimal; words have {WORDS!r}")
    return library / FOLDER / f"{digest}.json"


def read_fitted(library: Path | None, digest: str) -> Fitted:
    """What was fitted to an encoder; nothing where no file is there, or it cannot be read.

    Args:
        library: its folder; None where none is looked at.
    """
    if library is None or not _DIGEST.fullmatch(digest):
        return Fitted(_NOTHING)
    path = fitted_file(library, digest)
    try:
        status = path.stat()
    except OSError:
        return Fitted(_NOTHING)
    return _read(path, digest, status.st_mtime_ns, status.st_size)


def write_fitted(library: Path, *, encoder: str | None, digest: str, parts: Mapping[str, Any]) -> Path:
    """Put parts in the place of those of the same name; None removes one. The others stay. The file.

    Args:
        encoder: its name; None for words.

    Raises:
        OSError: it cannot be written. ValueError: the digest is none.
    """
    path = fitted_file(library, digest)
    kept = {**read_fitted(library, digest).parts, **parts}
    content = {
        "format": _FORMAT,
        "encoder": {"name": encoder, "digest": digest},
        **{name: part for name, part in kept.items() if part is not None},
    }
    make_private_folder(path.parent)
    # a hidden name of its own: backups pass over it, and two trainings do not meet in it
    descriptor, temporary = tempfile.mkstemp(prefix=f".{digest[:12]}-", suffix=".tmp", dir=path.parent)
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    sync_path(path.parent)
    return path


@functools.lru_cache(maxsize=16)
def _read(path: Path, digest: str, _mtime_ns: int, _size: int) -> Fitted:
    """As `read_fitted`; a process that goes on reads the file again when its size or time changes."""
    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST_BYTES + 1)
        if len(text) > _LARGEST_BYTES:
            return _unread(path, "it is too large")
        content = json.loads(text)
        if content["format"] != _FORMAT:
            return _unread(path, "it is of another version")
        if content["encoder"]["digest"] != digest:
            return _unread(path, "it was made for another encoder")
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return _unread(path, "it is damaged")
    parts = {name: part for name, part in content.items() if name not in ("format", "encoder")}
    return Fitted(MappingProxyType(parts))


def _unread(path: Path, why: str) -> Fitted:
    return Fitted(_NOTHING, f"{path.parent.name}/{path.name} is not read, {why}")
