"""The files of LanceDB's tables, by their names; a kill or a power loss leaves some behind."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from mediaindex.store.layout import PRIVATE_FILE, PRIVATE_FOLDER, regular_files, sync_path

SyncedNames = Mapping[str, frozenset[str]]
"""Directory → names of the files and directories in it that are on disk for sure."""


def space_tables(folder: Path) -> set[int]:
    """The ids of the spaces that have a table in the folder."""
    names = (entry.name for entry in folder.glob("space_*.lance"))
    return {int(match[1]) for name in names if (match := re.fullmatch(r"space_(\d+)\.lance", name))}


def drop_table(folder: Path, space_id: int) -> None:
    """Remove a table's folder; readers that still have it open fail and ask again."""
    shutil.rmtree(folder / f"space_{space_id}.lance", ignore_errors=True)


def empty_manifests(table: Path) -> list[Path]:
    """Manifests of no bytes, which a power loss leaves and no LanceDB opens."""
    return [manifest for manifest in table.glob("_versions/*.manifest") if not manifest.stat().st_size]


def remove_empty_manifests(table: Path) -> None:
    """Let the version before be the newest again; what it misses is rebuilt from frames/."""
    for manifest in empty_manifests(table):
        manifest.unlink()


def remove_leftovers(folder: Path) -> None:
    """Unlink what a killed add left in `data/`: no optimize of LanceDB ever does."""
    for leftover in folder.glob("space_*.lance/data/.tmp*"):
        leftover.unlink(missing_ok=True)


def sync_new_files(folder: Path, synced: SyncedNames) -> SyncedNames:
    """fsync the files and directories below `folder` that are not among these; all that are synced then."""
    now = dict(synced)
    for where, directories, files in os.walk(folder):
        new = {*directories, *files} - now.get(where, frozenset())
        for name in [*(new - set(directories)), *(["."] if new else [])]:
            with contextlib.suppress(FileNotFoundError):
                # LanceDB makes its files by the umask.
                sync_path(Path(where, name), mode=PRIVATE_FOLDER if name == "." else PRIVATE_FILE)
        # The hint is rewritten at each commit and may be lost: LanceDB finds the newest without it.
        now[where] = frozenset({*directories, *files} - {"latest_version_hint.json"})
    return now


def data_and_manifests(vectors: Path) -> tuple[list[tuple[Path, int]], list[tuple[Path, int]]]:
    """(what never changes under its name, manifests) of all tables, each with its size.

    Manifests are listed first: one is published after the files that it names.
    """

    def is_manifest(path: Path) -> bool:
        return path.parent.name == "_versions"

    manifests: list[tuple[Path, int]] = []
    data: list[tuple[Path, int]] = []
    for table in sorted(vectors.glob("space_*.lance")):
        if table.is_symlink() or not re.fullmatch(r"space_\d+\.lance", table.name):
            continue
        manifests += [(p, n) for p, n in regular_files(table / "_versions") if p.suffix == ".manifest"]
        data += [(p, n) for p, n in regular_files(table) if not is_manifest(p) and p.name[0] != "."]
    return data, manifests
