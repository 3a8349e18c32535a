"""Everything that the program wrote on this machine for one library, and how it is taken away again.

A file counts as the program's by the name that the program gives it, in the folder where it puts it.
Everything else is foreign: it is named and left, with the folders that lead to it. No link is ever
followed, no film ever removed, and a folder only when it is empty.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from mediaindex.errors import NoSpace
from mediaindex.sources.filetypes import MEDIA_EXTENSIONS
from mediaindex.store.layout import (
    ASIDE,
    DATABASE,
    DATABASE_FILES,
    EVALUATING,
    KEEP,
    LOCK,
    RESERVE,
    RESTORING,
    is_part,
)

_NAMES = {
    "frames": r"[^/]+/[^/]+\.mif|[^/]+\.tmp",
    "vectors": r"space_\d+\.lance/.+",
    "matrix": r"(space|bank)_\d+\.[^/]+",
    "thumbnails": r"[^/]+\.(jpg|tmp)",
    "encoders": r"[^/]+/.+",
    "generators": r"[^/]+/.+|\.?personal\.(json|lock)[^/]*",
    "features": r"[^/]+\.parquet(\.partial/.+)?",
    "logs": r"mediaindex\.log[^/]*",
}
_WHAT = {
    "frames": "cached frames of the videos",
    "vectors": "vectors of the frames",
    "matrix": "vectors, as searches read them",
    "thumbnails": "frames that searches have shown",
    "encoders": "imported weights",
    "generators": "trained generators",
    "features": "features of benchmarks",
    "logs": "logs of the watcher",
    LOCK: "lock of the one writer",
    KEEP: "lock of those who copy",
    EVALUATING: "lock of the nightly evaluation",
    RESERVE: "room for a full disk",
}


@dataclass(frozen=True, slots=True)
class Trace:
    """Something that the program wrote: a file, or a folder with the files in it that are its own."""

    path: Path
    what: str
    files: tuple[Path, ...]
    bytes: int


@dataclass(frozen=True, slots=True)
class KeptPath:
    """Something that stays, and why."""

    path: Path
    reason: str


def of_library(root: Path) -> tuple[list[Trace], list[KeptPath]]:
    """What the program wrote into a library's folder, the catalog last, and what stays in it.

    A folder without a catalog is no library: nothing in it is the program's.
    """
    if not _is_regular(root / DATABASE):
        return [], []
    entries = sorted(root.iterdir(), key=lambda entry: (_goes_late(entry.name), entry.name))
    traces: list[Trace] = []
    left: list[KeptPath] = []
    for entry in entries:
        if not is_part(entry.name):
            left.append(KeptPath(entry, "was not written by mediaindex"))
            continue
        trace, foreign = _trace(entry, _what(entry.name), lambda path: _is_ours(path.relative_to(root)))
        traces += [trace] if trace else []
        left += foreign
    return traces, left


def of_thumbnails(folder: Path) -> tuple[list[Trace], list[KeptPath]]:
    """What searches of libraries that cannot be written put into the user's cache folder."""
    if not os.path.lexists(folder):
        return [], []

    def is_thumbnail(path: Path) -> bool:
        return re.fullmatch(_NAMES["thumbnails"], path.relative_to(folder).as_posix()) is not None

    trace, left = _trace(folder, "frames that searches of read-only libraries have shown", is_thumbnail)
    return [trace] if trace else [], left


def of_file(path: Path, what: str) -> list[Trace]:
    """One file, where it is there."""
    return [Trace(path, what, (path,), path.lstat().st_size)] if _is_regular(path) else []


def hub_cache() -> list[KeptPath]:
    """Where the hub's client keeps downloads: other programs use them too."""
    named = os.environ.get("HF_HUB_CACHE") or os.environ.get("HF_HOME")
    home = Path(named) if named else Path.home() / ".cache" / "huggingface"
    folder = home if os.environ.get("HF_HUB_CACHE") else home / "hub"
    reason = "weights of 'models pull' lie here; other programs use this folder too"
    return [KeptPath(folder, reason)] if folder.is_dir() else []


def remove(traces: list[Trace]) -> None:
    """Remove files, and the folders that are empty then.

    Raises:
        NoSpace: something cannot be removed; what comes after it stays too.
    """
    for trace in traces:
        try:
            for path in trace.files:
                path.unlink(missing_ok=True)
        except OSError as error:
            raise NoSpace(
                f"{error.filename} cannot be removed: {error.strerror}; check permissions"
            ) from error
        if trace.files != (trace.path,):
            for where, _folders, _names in os.walk(trace.path, topdown=False):
                remove_empty(Path(where))


def remove_empty(folder: Path) -> None:
    """Remove a folder where nothing is in it; a link to a folder stays."""
    with contextlib.suppress(OSError):
        folder.rmdir()


def _trace(path: Path, what: str, is_ours: Callable[[Path], bool]) -> tuple[Trace | None, list[KeptPath]]:
    files: list[Path] = []
    left: list[KeptPath] = []
    size = 0
    for found in _entries(path):
        if not _is_regular(found):
            left.append(KeptPath(found, "is a link, or no file"))
        elif not is_ours(found):
            left.append(KeptPath(found, "was not written by mediaindex"))
        else:
            files.append(found)
            size += found.lstat().st_size
    is_folder = path.is_dir() and not path.is_symlink()
    return (Trace(path, what, tuple(files), size) if files or is_folder else None), left


def _entries(path: Path) -> Iterator[Path]:
    """Whatever is no folder, at or below a path; links to folders are no folders."""
    if path.is_symlink() or not path.is_dir():
        yield path
        return
    for where, folders, names in os.walk(path):
        yield from (Path(where, name) for name in names)
        yield from (Path(where, name) for name in folders if os.path.islink(os.path.join(where, name)))


def _is_ours(relative: Path) -> bool:
    part, *inside = relative.parts
    if inside and part.startswith((ASIDE, RESTORING)):
        return _is_ours(Path(*inside))
    if relative.suffix.lower().lstrip(".") in MEDIA_EXTENSIONS:
        return False
    if not inside:
        return part in (*DATABASE_FILES, LOCK, KEEP, EVALUATING, RESERVE)
    return re.fullmatch(_NAMES.get(part, r"(?!)"), "/".join(inside), flags=re.DOTALL) is not None


def _is_regular(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def _goes_late(name: str) -> int:
    """The catalog tells that a folder is a library: after a kill the rest must still be known as one."""
    return 2 if name == DATABASE else int(name in (*DATABASE_FILES, LOCK, KEEP))


def _what(name: str) -> str:
    if name in DATABASE_FILES:
        return "the catalog: names, words, times, queries, captions, marks"
    return _WHAT.get(name, "a library that a restore moved aside" if name.startswith(ASIDE) else "left over")
