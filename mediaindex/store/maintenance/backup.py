"""A copy of a library that can be taken while another process writes.

    library.sqlite   VACUUM INTO: one snapshot
    frames/          the blobs that this snapshot names
    vectors/         LanceDB's files; what was committed after the snapshot counts for nothing
    encoders/, generators/
    backup.json      whose copy it is; complete once the last line of it is written

Thumbnails, the matrix and logs are derived, or tell nothing that is worth keeping.

Why it is consistent: files are written once, under fresh names, and never changed. While the copy
runs the writer removes none (`Library.keeping`), so everything that the snapshot names is there
until the end. Of a table the versions are listed before its data: a version is published after the
files that it names. In the folder the new snapshot takes the place of the old one only when all that
it names is there, and what only the old one named is removed after that.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import secrets
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mediaindex.errors import (
    NoSpace,
    StoreError,
    UsageError,
)
from mediaindex.sources.path_tree import overlap
from mediaindex.store.catalog.database import (
    CLEAN,
    HEAD,
    IDENTITY,
    get_meta,
    set_meta,
)
from mediaindex.store.catalog.videos import EVICTED, LOST
from mediaindex.store.layout import (
    DATABASE,
    LOCK,
    PRIVATE_FILE,
    make_private_folder,
    private,
    regular_files,
    sync_path,
)
from mediaindex.store.library import Library
from mediaindex.store.lock import writer_lock
from mediaindex.store.vectors.table_files import data_and_manifests

DESCRIPTION = "backup.json"
FORMAT = 1
LARGEST_DESCRIPTION_BYTES = 1 << 16
SNAPSHOT = f"{DATABASE}.new"
PARTIAL = ".partial"
COPIED = ("frames", "vectors", "encoders", "generators")
CLOCK_SLACK_SECONDS = 2.0
"""What FAT makes of a file's time."""

Told = Callable[[int, int], None]
"""Is told (bytes done, bytes of all)."""


@dataclass(frozen=True, slots=True)
class Copy:
    """One file of a backup. `once`: never changed under its name, so that its size tells it is the same."""

    source: Path
    target: Path
    size: int
    once: bool = True


@dataclass(frozen=True, slots=True)
class Description:
    """What backup.json says: whose copy it is, of which schema, and whether all vectors are in it.

    Attributes:
        complete: False while the first backup into a folder is being written.
    """

    library: str
    revision: str
    made_at: float
    videos: int
    vectors: bool
    complete: bool


@dataclass(slots=True)
class BackedUp:
    """What a backup did.

    Attributes:
        files: every file of it, with its size and whether it was copied now.
        missing: cached frames that the library names and does not have.
        vectors: False where they changed under the copy; a restore makes them from the frames.
    """

    videos: int
    files: list[tuple[Path, int, bool]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    vectors: bool = True


def back_up(library: Library, folder: Path, told: Told = lambda _done, _all: None) -> BackedUp:
    """Copy a library into a folder: a new or empty one, or that of its last backup.

    Raises:
        UsageError: the folder holds something else, or lies where a backup may not.
        WriterBusy: another backup is being written into it.
        NoSpace: there is no room; the backup that was there before is still whole.
    """
    refuse_overlap(library.root, folder)
    try:
        make_private_folder(folder)
        with writer_lock(folder / LOCK):
            identity = _identity(library)
            _refuse_foreign(folder, identity)
            try:
                return _copy_library(library, folder, identity, told)
            finally:
                _remove_snapshot(folder)
    except (OSError, sqlite3.DatabaseError) as error:
        raise NoSpace(
            f"the backup in {folder} cannot be written: {getattr(error, 'strerror', None) or error}; "
            "free space there or choose another folder"
        ) from error


def refuse_overlap(root: Path, folder: Path) -> None:
    """A copy inside what is copied never ends.

    Raises:
        UsageError: one of the folders lies in the other.
    """
    if overlap(os.path.realpath(root), os.path.realpath(folder)):
        raise UsageError(f"{folder} and the library {root} lie in each other; choose another folder")


def describe(folder: Path) -> Description | None:
    """What backup.json of a folder says, None where there is none.

    Raises:
        StoreError: it is no description of a backup that this program can read.
    """
    path = folder / DESCRIPTION
    try:
        with path.open("rb") as file:
            said: Any = json.loads(file.read(LARGEST_DESCRIPTION_BYTES))
        if said["format"] != FORMAT:
            raise StoreError(f"{path} was written by another mediaindex; update this one")
        return Description(
            str(said["library"]),
            str(said["revision"]),
            float(said["made_at"]),
            int(said["videos"]),
            said["vectors"] is True,
            said["complete"] is True,
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise StoreError(f"{path} cannot be read; it is no description of a backup") from error


def copy_file(source: Path, target: Path) -> None:
    """Copy a file durably; under its name it is whole or not there."""
    make_private_folder(target.parent)
    partial = target.with_name(f"{target.name}.{secrets.token_hex(4)}{PARTIAL}")
    try:
        shutil.copyfile(source, partial)
        found = source.stat()
        os.utime(partial, ns=(found.st_atime_ns, found.st_mtime_ns))
        sync_path(partial, mode=PRIVATE_FILE)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def is_copied(copy: Copy) -> bool:
    """Whether the target is there already, as far as size (and time, of what may change) tell."""
    try:
        found, source = copy.target.lstat(), copy.source.lstat()
    except OSError:
        return False
    alike = abs(found.st_mtime - source.st_mtime) <= CLOCK_SLACK_SECONDS
    return found.st_size == copy.size and (copy.once or alike)


def other_files(root: Path) -> Iterator[tuple[Path, int]]:
    """Encoders and generators: what the user brought or trained."""
    for name in ("encoders", "generators"):
        if not (root / name).is_symlink():
            yield from (found for found in regular_files(root / name) if found[0].name[0] != ".")


def blobs(root: Path, named: set[str]) -> dict[str, int]:
    """The sizes of those of these blobs that are in a library or backup.

    What is there is listed, rather than opened by the names that a database has: those of a backup
    from somewhere else may lead anywhere.
    """
    folder = root / "frames"
    if folder.is_symlink():
        return {}
    found = ((path.relative_to(folder).as_posix(), size) for path, size in regular_files(folder))
    return {name: size for name, size in found if name in named}


def _refuse_foreign(folder: Path, identity: str) -> None:
    known = describe(folder)
    if known is None and {entry.name for entry in folder.iterdir()} - {LOCK, f"{DESCRIPTION}{PARTIAL}"}:
        raise UsageError(f"{folder} holds something else than a backup; choose an empty folder")
    if known is not None and known.library != identity:
        raise UsageError(f"{folder} holds the backup of another library; choose another folder")
    for name in (*COPIED, DATABASE, SNAPSHOT, DESCRIPTION):
        if (folder / name).is_symlink():
            raise UsageError(f"{folder / name} is a link; a backup is written into folders of its own")
    if known is None:
        _write_description(folder, Description(identity, HEAD, time.time(), 0, vectors=False, complete=False))


def _identity(library: Library) -> str:
    with library.read() as connection:
        known = get_meta(connection, IDENTITY)
    if known is not None or library.read_only:
        return known or f"read-only {library.root}"
    with library.write() as connection:
        known = get_meta(connection, IDENTITY) or secrets.token_hex(16)
        set_meta(connection, IDENTITY, known)
    return known


def _copy_library(library: Library, folder: Path, identity: str, told: Told) -> BackedUp:
    with library.keeping():
        videos, named = _snapshot(library, folder / SNAPSHOT)
        done = BackedUp(videos)
        present = blobs(library.root, named)
        done.missing = sorted(n for n in named - present.keys() if not n.startswith((LOST, EVICTED)))
        data, manifests = data_and_manifests(library.root / "vectors")
        plan = [_copy(library.root, folder, library.root / "frames" / n, size) for n, size in present.items()]
        plan += [_copy(library.root, folder, *file, once=False) for file in other_files(library.root)]
        vectors = [_copy(library.root, folder, *file) for file in data]
        versions = [_copy(library.root, folder, *file, once=False) for file in manifests]
        _refuse_too_little_room(folder, [*plan, *vectors, *versions])
        total = sum(copy.size for copy in (*plan, *vectors, *versions))
        _carry_out(plan, done, told, total)
        try:
            _carry_out(vectors, done, told, total)
            # One of a table that was begun anew has a higher number, and would be taken for the newest.
            _remove_stale(folder / "vectors", {copy.target for copy in versions}, "*/_versions/*.manifest")
            _carry_out(versions, done, told, total)
        except FileNotFoundError:  # a repair threw a damaged table away
            done.vectors = False
    _publish(folder, done, {copy.target for copy in (*plan, *vectors, *versions)})
    said = Description(identity, HEAD, time.time(), videos, vectors=done.vectors, complete=True)
    _write_description(folder, said)
    return done


def _snapshot(library: Library, target: Path) -> tuple[int, set[str]]:
    """Write the catalog as it is at one moment; (videos, blobs that it names)."""
    _remove_snapshot(target.parent)
    try:
        with library.outside_transaction() as database:
            # As bytes: a path that is no UTF-8 has no other form.
            database.execute("VACUUM INTO CAST(? AS TEXT)", (os.fsencode(target),))
    except NoSpace as error:
        raise NoSpace(f"the backup in {target.parent} cannot be written: {error}") from error
    with closing(sqlite3.connect(target)) as copy, copy:
        # What was asked of the writer is not asked of another library, and vectors that were
        # committed after the snapshot have to be looked for.
        copy.execute("DELETE FROM request")
        copy.execute("INSERT OR REPLACE INTO meta(key, value) VALUES (?, '0')", (CLEAN,))
        names = {str(row[0]) for row in copy.execute("SELECT frame_file FROM extraction")}
        videos = int(copy.execute("SELECT count(*) FROM video").fetchone()[0])
    sync_path(target, mode=PRIVATE_FILE)
    return videos, names


def _remove_snapshot(folder: Path) -> None:
    """Remove what a backup that did not end had of the catalog."""
    for name in (SNAPSHOT, f"{SNAPSHOT}-journal"):
        (folder / name).unlink(missing_ok=True)


def _copy(root: Path, folder: Path, source: Path, size: int, *, once: bool = True) -> Copy:
    return Copy(source, folder / source.relative_to(root), size, once)


def _refuse_too_little_room(folder: Path, plan: Sequence[Copy]) -> None:
    """Before a byte is copied: a disk that is filled to the brim troubles others too."""
    needed = sum(copy.size for copy in plan if not is_copied(copy))
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise NoSpace(
            f"no space left for the backup in {folder}: {needed / 1e6:.0f} MB are needed and "
            f"{free / 1e6:.0f} MB free; free space there or choose another folder"
        )


def _carry_out(plan: Sequence[Copy], done: BackedUp, told: Told, total: int) -> None:
    behind = sum(size for _path, size, _copied in done.files)
    for copy in plan:
        there = is_copied(copy) and copy.target.suffix != ".manifest"
        if not there:
            copy_file(copy.source, copy.target)
        done.files.append((copy.target, copy.size, not there))
        behind += copy.size
        told(behind, total)


def _publish(folder: Path, done: BackedUp, kept: set[Path]) -> None:
    """Let the new snapshot take the place of the old, and remove what only that one named."""
    for where, _folders, _names in os.walk(folder):
        _sync_folder(Path(where))
    done.files.insert(0, (folder / DATABASE, (folder / SNAPSHOT).stat().st_size, True))
    (folder / SNAPSHOT).replace(folder / DATABASE)
    _sync_folder(folder)
    _remove_stale(folder / "frames", kept, "*/*.mif")
    _remove_stale(folder / "vectors", kept, "space_*.lance/**/*")
    for name in COPIED:
        _remove_stale(folder / name, kept, f"**/*{PARTIAL}")


def _write_description(folder: Path, said: Description) -> None:
    temporary = folder / f"{DESCRIPTION}{PARTIAL}"
    try:
        with open(temporary, "w", encoding="utf-8", opener=private) as file:
            json.dump({"format": FORMAT, **dataclasses.asdict(said)}, file, indent=1)
        sync_path(temporary)
        temporary.replace(folder / DESCRIPTION)
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    """Network file systems may refuse to sync a folder; its files are safe then all the same."""
    with contextlib.suppress(OSError):
        sync_path(folder)


def _remove_stale(folder: Path, kept: set[Path], pattern: str) -> None:
    """Remove what only an earlier backup needed, of the names that backups write."""
    for path in folder.glob(pattern):
        if path not in kept and path.is_file() and not path.is_symlink():
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
