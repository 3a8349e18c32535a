"""A copy of a library that can be taken while another process writes.

    library.sqlite   VACUUM INTO: one snapshot
    frames/          the blobs that this snapshot names
    vectors/         LanceDB's files; what was committed after the snapshot counts for nothing
    regions/         the evidence of regions that this snapshot names
    encoders/, generators/
    digests.json     the digest of each of these files
    backup.json      whose copy it is; complete once the last line of it is written

Thumbnails, the matrix and logs are derived, or tell nothing that is worth keeping.

Why it is consistent: files are written once, under fresh names, and never changed. While the copy
runs the writer removes none (`Library.keeping`), so everything that the snapshot names is there
until the end. Of a table the versions are listed before its data: a version is published after the
files that it names. In the folder the new snapshot takes the place of the old one only when all that
it names is there, and what only the old one named is removed after that.

What is in the folder already is read from end to end and compared with its digests first; what does not
hold what was written is copied again. A size and a time do not tell a flipped bit.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.exc import DatabaseError

from mediaindex.errors import NoSpace, StoreError, UsageError
from mediaindex.sources.path_tree import overlap
from mediaindex.store.catalog.database import CLEAN, HEAD, IDENTITY, get_meta, make_engine, set_meta
from mediaindex.store.catalog.videos import EVICTED, LOST
from mediaindex.store.layout import (
    DATABASE,
    LOCK,
    PRIVATE_FILE,
    REGIONS,
    make_private_folder,
    regular_files,
    sync_path,
)
from mediaindex.store.library import Library
from mediaindex.store.lock import writer_lock
from mediaindex.store.maintenance.backup_description import (
    DESCRIPTION,
    Description,
    DescriptionDamaged,
    describe,
    write_description,
)
from mediaindex.store.maintenance.copying import (
    PARTIAL,
    CopiedFile,
    Copy,
    Progress,
    copy_missing,
    is_copied,
    refuse_too_little_room,
    with_progress,
)
from mediaindex.store.maintenance.digests import (
    DIGESTS,
    damaged_files,
    digest_of,
    read_digests,
    write_digests,
)
from mediaindex.store.mapped.region_files import region_file
from mediaindex.store.vectors.table_files import data_and_manifests

SNAPSHOT = f"{DATABASE}.new"
SCORED = "SELECT space_id, generation, scorer FROM indexed WHERE scorer IS NOT NULL"
COPIED = ("frames", "vectors", REGIONS, "encoders", "generators")


@dataclass(frozen=True, slots=True)
class BackupResult:
    """What a backup did.

    Attributes:
        files: every file of it, the catalog first.
        missing: cached frames that the library names and does not have.
        vectors: False where they changed under the copy; a restore makes them from the frames.
        damaged: files of the earlier backup that did not hold what was written; they are whole now.
    """

    videos: int
    files: list[CopiedFile]
    missing: list[str]
    vectors: bool
    damaged: list[Path]


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is to be copied beside the catalog, in this order.

    Attributes:
        files: cached frames, evidence of regions, encoders and generators.
        vectors: what LanceDB never changes under its name. versions: its manifests.
    """

    files: tuple[Copy, ...]
    vectors: tuple[Copy, ...]
    versions: tuple[Copy, ...]

    @property
    def every(self) -> tuple[Copy, ...]:
        """All of it."""
        return (*self.files, *self.vectors, *self.versions)


@dataclass(frozen=True, slots=True)
class _Earlier:
    """What is known of the files of the backup that the folder holds already, by their names in it."""

    digests: Mapping[str, str] = field(default_factory=dict)
    damaged: frozenset[str] = frozenset()


def back_up(library: Library, folder: Path, progress: Progress = lambda _done, _all: None) -> BackupResult:
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
            described = _refuse_foreign(folder, identity)
            try:
                earlier = _earlier(folder, progress, described=described)
                return _copy_library(library, folder, identity, earlier, progress)
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


def other_files(root: Path) -> Iterator[tuple[Path, int]]:
    """Encoders and generators: what the user brought or trained."""
    for name in ("encoders", "generators"):
        if not (root / name).is_symlink():
            yield from (found for found in regular_files(root / name) if found[0].name[0] != ".")


def named_files(folder: Path, named: set[str]) -> dict[str, int]:
    """The sizes of those of these files that are in a folder of a library or backup, by names below it.

    What is there is listed, rather than opened by the names that a database has: those of a backup
    from somewhere else may lead anywhere.
    """
    if folder.is_symlink():
        return {}
    found = ((path.relative_to(folder).as_posix(), size) for path, size in regular_files(folder))
    return {name: size for name, size in found if name in named}


def region_name(space_id: int, generation: int, scorer: str) -> str:
    """The name of a file of evidence, below regions/."""
    return f"space_{space_id}/{region_file(generation, scorer)}"


def files_of(folder: Path) -> list[tuple[Path, int]]:
    """The files of a backup with their sizes, the catalog first; links are not followed, nor given."""
    found = [(folder / DATABASE, (folder / DATABASE).stat().st_size)] if (folder / DATABASE).is_file() else []
    for name in COPIED:
        if not (folder / name).is_symlink():
            found += regular_files(folder / name)
    return found


def _refuse_foreign(folder: Path, identity: str) -> bool:
    """Whether the description of an earlier backup, if there is one, can be read."""
    for name in (*COPIED, DATABASE, SNAPSHOT, DESCRIPTION, DIGESTS):
        if (folder / name).is_symlink():
            raise UsageError(f"{folder / name} is a link; a backup is written into folders of its own")
    try:
        known = describe(folder)
    except DescriptionDamaged:
        if _identity_of_copy(folder) != identity:
            raise
        return False
    if known is None and {entry.name for entry in folder.iterdir()} - {LOCK, f"{DESCRIPTION}{PARTIAL}"}:
        raise UsageError(f"{folder} holds something else than a backup; choose an empty folder")
    if known is not None and known.library != identity:
        raise UsageError(f"{folder} holds the backup of another library; choose another folder")
    if known is None:
        write_description(folder, Description(identity, HEAD, time.time(), 0, vectors=False, complete=False))
    return True


def _identity_of_copy(folder: Path) -> str | None:
    """Whose copy a folder holds, by the catalog in it."""
    engine = make_engine(folder / DATABASE, read_only=True)
    try:
        with engine.connect() as connection, connection.begin():
            return get_meta(connection, IDENTITY)
    except DatabaseError:
        return None
    finally:
        engine.dispose()


def _earlier(folder: Path, progress: Progress, *, described: bool) -> _Earlier:
    """Read an earlier backup from end to end."""
    damaged = set() if described else {DESCRIPTION}
    try:
        digests = read_digests(folder)
    except StoreError:
        return _Earlier(damaged=frozenset({DIGESTS, *damaged}))
    return _Earlier(digests, frozenset(damaged | damaged_files(folder, digests, files_of(folder), progress)))


def _identity(library: Library) -> str:
    with library.read() as connection:
        known = get_meta(connection, IDENTITY)
    if known is not None or library.read_only:
        return known or f"read-only {library.root}"
    with library.write() as connection:
        known = get_meta(connection, IDENTITY) or secrets.token_hex(16)
        set_meta(connection, IDENTITY, known)
    return known


def _copy_library(
    library: Library, folder: Path, identity: str, earlier: _Earlier, progress: Progress
) -> BackupResult:
    with library.keeping():
        videos, named, evidence = _snapshot(library, folder / SNAPSHOT)
        present = named_files(library.root / "frames", named)
        regions = named_files(library.root / REGIONS, evidence)
        plan = _plan(library.root, folder, present, regions, earlier)
        refuse_too_little_room(plan.every, folder, target=f"the backup in {folder}", remedy="another folder")
        _forget_replaced(folder, plan, earlier.digests)
        files = with_progress(_carry_out(plan, folder), plan.every, progress)
    snapshot = folder / SNAPSHOT
    catalog = CopiedFile(folder / DATABASE, snapshot.stat().st_size, new=True, digest=digest_of(snapshot))
    _publish(folder, {copy.target for copy in plan.every})
    vectors = len(files) == len(plan.every)
    names = {file.path.relative_to(folder).as_posix(): file.digest for file in (catalog, *files)}
    write_digests(folder, names, PARTIAL)
    write_description(folder, Description(identity, HEAD, time.time(), videos, vectors, complete=True))
    _sync_folder(folder)
    missing = sorted(n for n in named - present.keys() if not n.startswith((LOST, EVICTED)))
    damaged = [folder / name for name in sorted(earlier.damaged)]
    return BackupResult(videos, [catalog, *files], missing, vectors, damaged)


def _forget_replaced(folder: Path, plan: _Plan, digests: Mapping[str, str]) -> None:
    """Take from the digests what is about to be replaced: after a kill nobody knows what stands there."""
    replaced = {copy.target for copy in plan.versions}
    replaced |= {copy.target for copy in plan.files if not copy.immutable and not is_copied(copy)}
    names = {DATABASE, *(target.relative_to(folder).as_posix() for target in replaced)}
    if names & digests.keys():
        write_digests(folder, {n: digest for n, digest in digests.items() if n not in names}, PARTIAL)


def _plan(
    root: Path, folder: Path, present: Mapping[str, int], regions: Mapping[str, int], earlier: _Earlier
) -> _Plan:
    def copy(source: Path, size: int, *, immutable: bool = True) -> Copy:
        name = source.relative_to(root)
        damaged = name.as_posix() in earlier.damaged
        digest = None if damaged else earlier.digests.get(name.as_posix())
        return Copy(source, folder / name, size, immutable, digest, damaged)

    data, manifests = data_and_manifests(root / "vectors")
    return _Plan(
        files=(
            *(copy(root / "frames" / name, size) for name, size in present.items()),
            *(copy(root / REGIONS / name, size) for name, size in regions.items()),
            *(copy(*file, immutable=False) for file in other_files(root)),
        ),
        vectors=tuple(copy(*file) for file in data),
        versions=tuple(copy(*file, immutable=False) for file in manifests),
    )


def _carry_out(plan: _Plan, folder: Path) -> Iterator[CopiedFile]:
    """Copy what is not there yet; it ends early where a repair throws a damaged table away."""
    yield from copy_missing(plan.files)
    with contextlib.suppress(FileNotFoundError):
        yield from copy_missing(plan.vectors)
        # One of a table that was begun anew has a higher number, and would be taken for the newest.
        _remove_stale(folder / "vectors", {copy.target for copy in plan.versions}, "*/_versions/*.manifest")
        yield from copy_missing(plan.versions)


def _snapshot(library: Library, target: Path) -> tuple[int, set[str], set[str]]:
    """Write the catalog as it is at one moment; (videos, blobs and evidence of regions that it names)."""
    _remove_snapshot(target.parent)
    try:
        with library.outside_transaction() as database:
            # As bytes: a path that is no UTF-8 has no other form.
            database.execute("VACUUM INTO CAST(? AS TEXT)", (os.fsencode(target),))
    except NoSpace as error:
        raise NoSpace(f"the backup in {target.parent} cannot be written: {error}") from error
    with closing(sqlite3.connect(target)) as copy, copy:
        # What was asked of the writer is not asked of another library, what it has thrown away is not
        # copied, and vectors that were committed after the snapshot have to be looked for.
        copy.execute("DELETE FROM request")
        copy.execute("DELETE FROM garbage_blob")
        copy.execute("INSERT OR REPLACE INTO meta(key, value) VALUES (?, '0')", (CLEAN,))
        names = {str(row[0]) for row in copy.execute("SELECT frame_file FROM extraction")}
        videos = int(copy.execute("SELECT count(*) FROM video").fetchone()[0])
        scored = copy.execute(SCORED).fetchall()
    sync_path(target, mode=PRIVATE_FILE)
    return videos, names, {region_name(*row) for row in scored}


def _remove_snapshot(folder: Path) -> None:
    """Remove what a backup that did not end had of the catalog."""
    for name in (SNAPSHOT, f"{SNAPSHOT}-journal"):
        (folder / name).unlink(missing_ok=True)


def _publish(folder: Path, kept: set[Path]) -> None:
    """Let the new snapshot take the place of the old, and remove what only that one named."""
    for where, _folders, _names in os.walk(folder):
        _sync_folder(Path(where))
    (folder / SNAPSHOT).replace(folder / DATABASE)
    _sync_folder(folder)
    _remove_stale(folder / "frames", kept, "*/*.mif")
    _remove_stale(folder / REGIONS, kept, "space_*/*/*")
    _remove_stale(folder / "vectors", kept, "space_*.lance/**/*")
    for name in COPIED:
        _remove_stale(folder / name, kept, f"**/*{PARTIAL}")


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
