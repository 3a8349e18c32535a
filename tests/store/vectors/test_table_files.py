"""The files of tables: which are listed, which are left over, which are synced."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from mediaindex.store.layout import sync_path
from mediaindex.store.vectors import table_files
from mediaindex.store.vectors.table_files import SyncedNames, data_and_manifests, space_tables, sync_new_files


def put(path: Path, content: bytes = b"x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_tables_are_known_by_their_names(tmp_path: Path) -> None:
    for name in ("space_1.lance", "space_22.lance", "space_x.lance", "space_3", "other_4.lance"):
        (tmp_path / name).mkdir()
    assert space_tables(tmp_path) == {1, 22}
    table_files.drop_table(tmp_path, 22)
    table_files.drop_table(tmp_path, 99)
    assert space_tables(tmp_path) == {1}
    assert space_tables(tmp_path / "nowhere") == set()


def test_data_and_manifests_are_listed_apart_and_nothing_else(tmp_path: Path) -> None:
    table = tmp_path / "space_1.lance"
    data = put(table / "data/a.lance", b"12")
    deletions = put(table / "_deletions/b.arrow", b"123")
    manifest = put(table / "_versions/1.manifest", b"1234")
    put(table / "_versions/latest_version_hint.json")
    put(table / "data/.tmp_half")
    put(tmp_path / "foreign.lance/data/c.lance")
    (tmp_path / "space_2.lance").symlink_to(table)
    found, manifests = data_and_manifests(tmp_path)
    assert sorted(found) == sorted([(data, 2), (deletions, 3)])
    assert manifests == [(manifest, 4)]


def test_an_empty_manifest_gives_way_to_the_one_before(tmp_path: Path) -> None:
    whole = put(tmp_path / "_versions/1.manifest")
    empty = put(tmp_path / "_versions/2.manifest", b"")
    assert table_files.empty_manifests(tmp_path) == [empty]
    table_files.remove_empty_manifests(tmp_path)
    assert list((tmp_path / "_versions").iterdir()) == [whole]


def test_what_a_killed_add_left_is_removed(tmp_path: Path) -> None:
    kept = put(tmp_path / "space_1.lance/data/a.lance")
    left = put(tmp_path / "space_1.lance/data/.tmp123")
    table_files.remove_leftovers(tmp_path)
    assert (kept.exists(), left.exists()) == (True, False)


def test_each_new_file_is_synced_once_and_closed_to_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []

    def noted(path: Path, *, mode: int | None = None) -> None:
        synced.append(os.path.relpath(path, tmp_path))
        sync_path(path, mode=mode)

    monkeypatch.setattr(table_files, "sync_path", noted)
    seen: SyncedNames = {}
    first = put(tmp_path / "data/a")
    first.chmod(0o644)
    seen = sync_new_files(tmp_path, seen)
    assert set(synced) == {".", "data", "data/a"}
    assert stat.S_IMODE(first.stat().st_mode) == 0o600
    synced.clear()
    seen = sync_new_files(tmp_path, seen)
    assert synced == []
    put(tmp_path / "data/b")
    seen = sync_new_files(tmp_path, seen)
    assert set(synced) == {"data", "data/b"}


def test_the_hint_that_is_rewritten_is_synced_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: SyncedNames = {}
    put(tmp_path / "latest_version_hint.json")
    seen = sync_new_files(tmp_path, seen)
    synced: list[str] = []
    monkeypatch.setattr(table_files, "sync_path", lambda path, **_: synced.append(path.name))
    seen = sync_new_files(tmp_path, seen)
    assert "latest_version_hint.json" in synced
