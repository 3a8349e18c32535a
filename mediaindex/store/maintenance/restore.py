"""Put a backup in the place of a library; what was there is moved aside, never removed.

    verify     schema, integrity of the catalog, and what of its frames is there
    restore    copy into LIBRARY/.restoring-…, leave out what is damaged, move the old parts into
               LIBRARY/before-restore-…, the new in

The lock's file stays where it is, so that nobody writes meanwhile. The catalog is the last of the old
parts to go and the last of the new ones to come: after a kill the library is the old one, or there is
none and the restore is to be run again.

A damaged catalog is refused. Cached frames that are damaged are left out, and decoded again by the next
index; evidence of regions likewise, and made anew from the frames; of vectors the whole table, which the
check that follows makes anew; of weights and generators the
folder of their name, for a network with one wrong number gives wrong answers without a word.
"""

from __future__ import annotations

import dataclasses
import secrets
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError

from mediaindex.errors import NoSpace, SchemaTooNew, StoreError, UsageError
from mediaindex.sources.places.volumes import refuse_unfit
from mediaindex.store import layout
from mediaindex.store.catalog.database import HEAD, make_engine, revision, translated
from mediaindex.store.catalog.schema import extraction, indexed, location, video
from mediaindex.store.layout import DATABASE, DATABASE_FILES, make_private_folder, sync_path
from mediaindex.store.maintenance.backup import SCORED, named_files, other_files, region_name
from mediaindex.store.maintenance.backup_description import Description, DescriptionDamaged, describe
from mediaindex.store.maintenance.copying import (
    CopiedFile,
    Copy,
    Progress,
    copy_missing,
    refuse_too_little_room,
    with_progress,
)
from mediaindex.store.maintenance.digests import holds, read_digests
from mediaindex.store.vectors.table_files import data_and_manifests


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that can be restored.

    Attributes:
        frames: blob → bytes, of those that its catalog names. regions: the same of evidence of regions.
        digests: name of a file → what it held when it was written.
        problems: what of its own records is damaged, a line each.
    """

    folder: Path
    description: Description
    frames: dict[str, int]
    regions: dict[str, int]
    digests: Mapping[str, str]
    problems: list[str]


@dataclass(frozen=True, slots=True)
class RestoreResult:
    """What a restore did.

    Attributes:
        aside: where the library that was there lies now.
        problems: what of the backup was damaged, a line each.
        lost: whether something of that cannot be made anew.
    """

    files: list[tuple[Path, int]]
    aside: Path | None
    problems: list[str]
    lost: bool


def verify(folder: Path) -> Backup:
    """Prove that a backup can be restored; changes nothing.

    Raises:
        UsageError: there is none in the folder, or none that is complete.
        StoreError, SchemaTooNew: it is damaged, or a newer mediaindex wrote it.
    """
    problems: list[str] = []
    try:
        digests = read_digests(folder)
    except StoreError as error:
        digests = {}
        problems.append(f"{error}; what follows was not compared")
    try:
        description = describe(folder)
    except DescriptionDamaged as error:
        # Digests are written when all files are there.
        if DATABASE not in digests:
            raise
        description = Description("", HEAD, 0.0, 0, vectors=False, complete=True)
        problems.append(str(error))
    if description is None or not (folder / DATABASE).is_file():
        raise UsageError(f"there is no backup in {folder}; name the folder that 'mediaindex backup' wrote")
    if not description.complete:
        raise UsageError(f"the backup in {folder} was never completed; run 'mediaindex backup' again")
    if DATABASE in digests and not holds(folder / DATABASE, digests[DATABASE]):
        raise _damaged(folder)
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
            has_evidence = "scorer" in {
                each["name"] for each in sa.inspect(connection).get_columns(indexed.name)
            }
            evidence = connection.exec_driver_sql(SCORED).all() if has_evidence else []
            videos = connection.execute(sa.select(sa.func.count()).select_from(video)).scalar_one()
    except DatabaseError as error:
        raise StoreError(f"the backup is damaged: {translated(error, engine)}") from error
    finally:
        engine.dispose()
    if wrong != ["ok"] or orphans:
        raise _damaged(folder)
    description = dataclasses.replace(description, videos=videos)
    frames = named_files(folder / "frames", named)
    regions = named_files(folder / layout.REGIONS, {region_name(*row) for row in evidence})
    return Backup(folder, description, frames, regions, digests, problems)


def _damaged(folder: Path) -> StoreError:
    return StoreError(f"the backup in {folder} is damaged ({DATABASE}); use an older one")


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
        copied = _carry_out(plan, incoming, progress)
        left_out = _leave_out_damaged(incoming, backup, copied)
        aside = _move_aside(root)
        _move_in(incoming, root)
    except OSError as error:
        raise NoSpace(
            f"the library {root} cannot be written: {error.strerror or error}; free space on its disk"
        ) from error
    files = [
        (root / file.path.relative_to(incoming), file.size) for file in copied if file.path not in left_out
    ]
    problems, lost = _described(left_out, incoming)
    return RestoreResult(files, aside, [*backup.problems, *problems], lost)


def _plan(backup: Backup, incoming: Path) -> list[Copy]:
    folder = backup.folder
    data, manifests = data_and_manifests(folder / "vectors")
    found = [(folder / "frames" / name, size) for name, size in backup.frames.items()]
    found += [(folder / layout.REGIONS / name, size) for name, size in backup.regions.items()]
    found += [*other_files(folder), *data, *manifests]
    found.append((folder / DATABASE, (folder / DATABASE).stat().st_size))
    return [Copy(path, incoming / path.relative_to(folder), size) for path, size in found]


def _carry_out(plan: list[Copy], incoming: Path, progress: Progress) -> list[CopiedFile]:
    try:
        make_private_folder(incoming)
        return with_progress(copy_missing(plan), plan, progress)
    except BaseException:
        shutil.rmtree(incoming, ignore_errors=True)
        raise


def _leave_out_damaged(incoming: Path, backup: Backup, copied: list[CopiedFile]) -> dict[Path, Path]:
    """Remove what does not hold what was written, and what is of no use without it.

    Returns:
        Each file that is left out → the file or folder to which it belongs.
    """
    wholes = set()
    for file in copied:
        name = file.path.relative_to(incoming)
        if file.digest != backup.digests.get(name.as_posix(), file.digest):
            is_alone = name.parts[0] in ("frames", layout.REGIONS)
            wholes.add(file.path if is_alone else incoming.joinpath(*name.parts[:2]))
    for whole in wholes:
        shutil.rmtree(whole) if whole.is_dir() else whole.unlink()
    return {
        file.path: whole for file in copied for whole in (file.path, *file.path.parents) if whole in wholes
    }


def _described(left_out: Mapping[Path, Path], incoming: Path) -> tuple[list[str], bool]:
    """A line for each kind that was left out, and whether any of it is lost."""
    names = sorted({whole.relative_to(incoming).as_posix() for whole in left_out.values()})
    frames = [name for name in names if name.startswith("frames/")]
    vectors = [name for name in names if name.startswith("vectors/")]
    evidence = [name for name in names if name.startswith(f"{layout.REGIONS}/")]
    others = [name for name in names if name.partition("/")[0] not in ("frames", "vectors", layout.REGIONS)]
    lines = [f"{name} is damaged in the backup: its vectors are made anew" for name in vectors]
    lines += [f"{name} is damaged in the backup and left out: take it from elsewhere" for name in others]
    if frames:
        lines.append(f"{len(frames)} files of cached frames are damaged in the backup: {frames[0]}")
    if evidence:
        lines.append(f"{len(evidence)} files of evidence are damaged in the backup: it is made anew")
    return lines, bool(others)


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
