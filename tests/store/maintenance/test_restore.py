"""A restore takes only what is a whole backup, and moves what was there aside."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from mediaindex.errors import NoSpace, SchemaTooNew, StoreError, UsageError
from mediaindex.store.catalog.schema import location
from mediaindex.store.commit import recover
from mediaindex.store.library import Library, open_library
from mediaindex.store.maintenance.backup import back_up
from mediaindex.store.maintenance.check import check
from mediaindex.store.maintenance.restore import has_videos, restore, verify
from mediaindex.store.vectors.spaces import Space
from tests.support.flipped_bits import flip
from tests.support.small_library import restored


def test_restore_refuses_what_is_no_backup(three: Library, target: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no backup"):
        verify(tmp_path)
    back_up(three, target)
    said = json.loads((target / "backup.json").read_text())
    del said["digest"]
    (target / "digests.json").unlink()
    for change, error in (
        ({"complete": False}, UsageError),
        ({"format": 99}, StoreError),
        ({"made_at": []}, StoreError),
    ):
        (target / "backup.json").write_text(json.dumps({**said, **change}))
        with pytest.raises(error):
            verify(target)
    (target / "backup.json").write_text(json.dumps(said))
    with closing(sqlite3.connect(target / "library.sqlite")) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
        database.commit()
    with pytest.raises(SchemaTooNew):
        verify(target)
    content = bytearray((target / "library.sqlite").read_bytes())
    content[8192:] = os.urandom(len(content) - 8192)
    (target / "library.sqlite").write_bytes(content)
    with pytest.raises(StoreError, match="damaged"):
        verify(target)


def test_names_in_a_strangers_backup_lead_nowhere(three: Library, target: Path, tmp_path: Path) -> None:
    back_up(three, target)
    (tmp_path / "secret.mif").write_bytes(b"of the user")
    (target / "digests.json").unlink()
    with closing(sqlite3.connect(target / "library.sqlite")) as database:
        database.execute("UPDATE extraction SET frame_file = '../../secret.mif' WHERE id = 1")
        database.execute("UPDATE extraction SET frame_file = ? WHERE id = 2", (str(tmp_path / "secret.mif"),))
        database.commit()
    found = verify(target)
    assert len(found.frames) == 1
    with restored(target, tmp_path / "again") as again:
        assert len(list((again.root / "frames").rglob("*.mif"))) == 1


def test_restore_moves_the_old_library_aside(three: Library, space: Space, target: Path) -> None:
    back_up(three, target)
    root = three.root
    (root / "notes.txt").write_text("of the user")
    (root / ".restoring-dead").mkdir()
    with three.write() as connection:
        connection.exec_driver_sql("UPDATE location SET mtime_ns = 77")
    assert has_videos(root)
    done = restore(root, verify(target))
    three.close()
    assert done.aside is not None
    assert done.aside.parent == root
    assert not (root / ".restoring-dead").exists()
    assert (root / "notes.txt").exists()
    with open_library(root) as library:
        recover(library)
        assert check(library).problems == []
        with library.read() as connection:
            assert 77 not in connection.execute(sa.select(location.c.mtime_ns)).scalars().all()
        assert len(library.matrix(space).load()) == 9, "made anew"
    with open_library(done.aside) as old, old.read() as connection:
        assert set(connection.execute(sa.select(location.c.mtime_ns)).scalars()) == {77}


def test_a_part_that_cannot_be_moved_leaves_the_old_library(
    three: Library, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    back_up(three, target)
    rename = Path.rename

    def refuse(self: Path, other: Path) -> Path:
        if self == three.root / "vectors":
            raise OSError(16, "Device or resource busy")
        return rename(self, other)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(NoSpace, match="busy"):
        restore(three.root, verify(target))
    assert list(three.root.glob("before-restore-*")) == []
    assert check(three).problems == []


def test_an_empty_or_damaged_library(tmp_path: Path) -> None:
    assert not has_videos(tmp_path / "nowhere")
    open_library(tmp_path / "empty", create=True).close()
    assert not has_videos(tmp_path / "empty")
    (tmp_path / "empty" / "library.sqlite").write_bytes(b"this is no database" * 1000)
    assert has_videos(tmp_path / "empty")
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare" / "library.sqlite").touch()
    assert not has_videos(tmp_path / "bare")


@pytest.mark.parametrize(
    ("kind", "left_out"),
    [
        ("blob", "1 files of cached frames"),
        ("vectors", "vectors/space_1.lance is damaged"),
        ("manifest", "vectors/space_1.lance is damaged"),
        ("generator", "generators/mine is damaged"),
        ("description", "backup.json is damaged"),
        ("digests", "digests.json is damaged"),
    ],
)
def test_a_flipped_bit_costs_what_it_is_in_alone(
    three: Library, target: Path, tmp_path: Path, kind: str, left_out: str
) -> None:
    weights = three.root / "generators" / "mine" / "model.safetensors"
    weights.parent.mkdir(parents=True)
    weights.write_bytes(b"weights" * 99)
    back_up(three, target)
    harmed = flip(target, kind)
    root = tmp_path / "again"
    root.mkdir()
    done = restore(root, verify(target))
    assert len(done.problems) == 1
    assert left_out in done.problems[0]
    assert done.lost == (kind == "generator")
    assert not (root / harmed.relative_to(target)).exists()
    assert all(path.stat().st_size == size for path, size in done.files)
    assert {path for path, _size in done.files} == {path for path in root.rglob("*") if path.is_file()}
    with open_library(root) as library:
        recover(library)
        found = check(library)
        assert bool(found.lost_frames) == (kind == "blob")
        assert bool(found.incomplete) == (kind in ("vectors", "manifest"))


def test_a_damaged_catalog_is_refused(three: Library, target: Path) -> None:
    back_up(three, target)
    flip(target, "database")
    with pytest.raises(StoreError, match=r"library\.sqlite"):
        verify(target)
    flip(target, "description")
    (target / "digests.json").unlink()
    with pytest.raises(StoreError, match=r"backup\.json is damaged"):
        verify(target)
