"""Put a backup in the place of a library; what was there is moved aside, never removed.

    verify     schema, integrity of the catalog, and what of its frames is there
    restore    copy into LIBRARY/.restoring-…, move the old parts into LIBRARY/before-restore-…, the new in

The lock's file stays where it is, so that nobody writes meanwhile. The catalog is the last of the old
parts to go and the last of the new ones to come: after a kill the library is the old one, or there is
none and the restore is to be run again.
"""

from __future__ import annotations

import secrets
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError

from mediaindex.errors import NoSpace, SchemaTooNew, StoreError, UsageError
from mediaindex.sources.places.volumes import refuse_unfit
from mediaindex.store import layout
from mediaindex.store.catalog.database import HEAD, make_engine, revision, translated
from mediaindex.store.catalog.schema import extraction, location
from mediaindex.store.layout import DATABASE, DATABASE_FILES, make_private_folder, sync_path
from mediaindex.store.maintenance.backup import blobs, other_files
from mediaindex.store.maintenance.backup_description import Description, describe
from mediaindex.store.maintenance.copying import (
    Copy,
    Progress,
    copy_missing,
    refuse_too_little_room,
    with_progress,
)
from mediaindex.store.vectors.table_files import data_and_manifests


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was found good. `frames`: blob → bytes, of those that its catalog names."""

    folder: Path
    description: Description
    frames: dict[str, int]


@dataclass(frozen=True, slots=True)
class RestoreResult:
    """What a restore did. `aside`: where the library that was there lies now."""

    files: list[tuple[Path, int]]
    aside: Path | None


def verify(folder: Path) -> Backup:
    """Prove that a backup can be restored; changes nothing.

    Raises:
        UsageError: there is none in the folder, or none that is complete.
        StoreError, SchemaTooNew: it is damaged, or a newer mediaindex wrote it.
    """
    description = describe(folder)
    if description is None or not (folder / DATABASE).is_file():
        raise UsageError(f"there is no backup in {folder}; name the folder that 'mediaindex backup' wrote")
    if not description.complete:
        raise UsageError(f"the backup in {folder} was never completed; run 'mediaindex backup' again")
    engine = make_engine(folder / DATABASE, read_only=True)
    try:
        found = revision(engine)
        if found is None or found > HEAD:
            raise SchemaTooNew(
                f"{folder} was written by a newer mediaindex (schema {found}); update this one"
            )
        with engine.connect() as connection, connection.begin():
            wrong = connection.exec_driver_sql("PRAGMA integrity_check").scalars().all()
            orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
            named = set(connection.execute(sa.select(extraction.c.frame_file)).scalars())
    except DatabaseError as error:
        raise StoreError(f"the backup is damaged: {translated(error, engine)}") from error
    finally:
        engine.dispose()
    if wrong != ["ok"] or orphans:
        raise StoreError(f"the backup in {folder} is damaged ({DATABASE}); use an older one")
    return Backup(folder, description, blobs(folder, named))


def has_videos(root: Path) -> bool:
    """Whether a library has anything to lose; one that cannot be read counts as one that has.

    The library is not opened for it: that would bring its schema up to date.
    """
    if not (root / DATABASE).is_file():
        return False
    engine = make_engine(root / DATABASE)
    try:
        with engine.connect() as connection, connection.begin():
            if not sa.inspect(connection).has_table(location.name):
                return False
            return connection.execute(sa.select(location.c.id).limit(1)).first() is not None
    except DatabaseError:
        return True
    finally:
        engine.dispose()


def restore(root: Path, backup: Backup, progress: Progress = lambda _done, _all: None) -> RestoreResult:
    """Put a backup in the place of the library in `root`, whose lock the caller holds.

    Raises:
        NoSpace: there is no room; the library is as it was.
    """
    refuse_unfit(root)
    incoming = root / f"{layout.RESTORING}{secrets.token_hex(4)}"
    plan = _plan(backup, incoming)
    try:
        _remove_leftovers(root)
        refuse_too_little_room(plan, root, target=f"the library in {root}", remedy="another --library")
        _carry_out(plan, incoming, progress)
        aside = _move_aside(root)
        _move_in(incoming, root)
    except OSError as error:
        raise NoSpace(
            f"the library {root} cannot be written: {error.strerror or error}; free space on its disk"
        ) from error
    return RestoreResult([(root / c.target.relative_to(incoming), c.size) for c in plan], aside)


def _plan(backup: Backup, incoming: Path) -> list[Copy]:
    folder = backup.folder
    data, manifests = data_and_manifests(folder / "vectors")
    found = [(folder / "frames" / name, size) for name, size in backup.frames.items()]
    found += [*other_files(folder), *data, *manifests]
    found.append((folder / DATABASE, (folder / DATABASE).stat().st_size))
    return [Copy(path, incoming / path.relative_to(folder), size) for path, size in found]


def _carry_out(plan: list[Copy], incoming: Path, progress: Progress) -> None:
    try:
        make_private_folder(incoming)
        with_progress(copy_missing(plan), plan, progress)
    except BaseException:
        shutil.rmtree(incoming, ignore_errors=True)
        raise


def _remove_leftovers(root: Path) -> None:
    """What restores that were killed had copied so far; the backups are still where they were."""
    for leftover in root.glob(f"{layout.RESTORING}*"):
        if not leftover.is_symlink():
            shutil.rmtree(leftover)


def _move_aside(root: Path) -> Path | None:
    """Move the parts of the old library into a folder of their own, the catalog last."""
    names = {entry.name for entry in root.iterdir()} & {*layout.FOLDERS, *DATABASE_FILES}
    if not names:
        return None
    stamp = time.strftime("%Y%m%d-%H%M%S")
    aside = root / f"{layout.ASIDE}{stamp}-{secrets.token_hex(2)}"
    make_private_folder(aside)
    moved: list[str] = []
    try:
        for name in sorted(names, key=lambda name: (name in DATABASE_FILES, name)):
            (root / name).rename(aside / name)
            moved.append(name)
    except OSError:  # such as of a part that is a mount point
        for name in moved:
            (aside / name).rename(root / name)
        aside.rmdir()
        raise
    sync_path(aside)
    sync_path(root)
    return aside


def _move_in(incoming: Path, root: Path) -> None:
    for part in sorted(incoming.iterdir(), key=lambda part: part.name == DATABASE):
        part.rename(root / part.name)
    sync_path(root)
    incoming.rmdir()
    layout.close_folder(root)
