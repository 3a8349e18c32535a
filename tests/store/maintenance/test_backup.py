"""A backup is one moment of a library, whoever writes meanwhile; a restore brings that moment back."""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa

from mediaindex.errors import MediaIndexError, NoSpace, StoreError, UsageError, WriterBusy
from mediaindex.store.catalog import locations
from mediaindex.store.catalog.schema import location, request
from mediaindex.store.commit import put, sweep
from mediaindex.store.library import Library, open_library
from mediaindex.store.lock import writer_lock
from mediaindex.store.maintenance import backup as backup_module
from mediaindex.store.maintenance import copying
from mediaindex.store.maintenance.backup import back_up
from mediaindex.store.maintenance.backup_description import describe
from mediaindex.store.maintenance.check import check
from mediaindex.store.maintenance.housekeeping import compact
from mediaindex.store.maintenance.restore import restore, verify
from mediaindex.store.vectors.spaces import Space
from tests.support.flipped_bits import PATTERNS, flip
from tests.support.small_library import AddVideo, paths, restored


def copied(library: Library, target: Path) -> int:
    return sum(file.new for file in back_up(library, target).files)


def test_a_backup_is_whole_and_the_next_one_copies_what_is_new(
    three: Library, space: Space, add_video: AddVideo, target: Path
) -> None:
    with three.write() as connection:
        connection.execute(
            sa.insert(request).values(kind="forget", arguments={}, state="queued", created_at=0.0)
        )
    weights = three.root / "encoders" / "mine" / "weights.safetensors"
    weights.parent.mkdir(parents=True)
    weights.write_bytes(b"one")
    told: list[tuple[int, int]] = []
    done = back_up(three, target, lambda behind, total: told.append((behind, total)))
    assert done.videos == 3
    assert done.vectors
    assert done.missing == []
    assert told[-1][0] == told[-1][1] > 0
    assert {file.path for file in done.files} >= {target / "library.sqlite"}
    assert not (target / "thumbnails").exists()
    assert not (target / "matrix").exists()
    for path, size, new, digest in done.files:
        assert path.stat().st_size == size
        assert path.stat().st_mode & 0o077 == 0
        assert hashlib.sha256(path.read_bytes()).hexdigest() == digest
        assert new
    versions = len(three.vectors(space).versions())
    assert copied(three, target) == 1 + versions, "the catalog and the list of each version"
    put(three, space, [add_video("/videos/new.mp4")])
    weights.write_bytes(b"two")
    os.utime(weights, (0, 0))
    done = back_up(three, target)
    new_files = {file.path.relative_to(target).parts[0] for file in done.files if file.new}
    assert new_files == {"library.sqlite", "frames", "vectors", "encoders"}
    assert (target / "encoders/mine/weights.safetensors").read_bytes() == b"two"
    with restored(target, target.with_name("again")) as again:
        assert paths(again) == paths(three)
        assert check(again).problems == []
        with again.read() as connection:
            assert connection.execute(sa.select(request)).all() == []


def with_generator(library: Library) -> Path:
    weights = library.root / "generators" / "mine" / "model.safetensors"
    weights.parent.mkdir(parents=True)
    weights.write_bytes(b"weights" * 99)
    return weights


@pytest.mark.parametrize("kind", PATTERNS)
def test_a_flipped_bit_is_told_and_mended_by_the_next_backup(three: Library, target: Path, kind: str) -> None:
    with_generator(three)
    assert back_up(three, target).damaged == []
    before = {path: path.read_bytes() for path in target.rglob("*") if path.is_file()}
    harmed = flip(target, kind)
    told: list[tuple[int, int]] = []
    assert back_up(three, target, lambda done, total: told.append((done, total))).damaged == [harmed]
    if kind not in ("database", "description"):
        assert harmed.read_bytes() == before[harmed]
    assert back_up(three, target).damaged == []
    backup = verify(target)
    assert backup.problems == []
    with restored(target, target.with_name("again")) as again:
        assert check(again).problems == []


def test_a_file_that_is_gone_from_a_backup_is_told_and_copied_again(three: Library, target: Path) -> None:
    back_up(three, target)
    blob = next((target / "frames").rglob("*.mif"))
    blob.unlink()
    assert back_up(three, target).damaged == [blob]
    assert blob.is_file()


def test_a_backup_of_an_earlier_version_is_compared_once(three: Library, target: Path) -> None:
    back_up(three, target)
    (target / "digests.json").unlink()
    flip(target, "blob")
    done = back_up(three, target)
    assert done.damaged == [], "nothing was known of it"
    assert sum(file.new for file in done.files if "frames" in file.path.parts) == 1
    assert verify(target).problems == []
    assert back_up(three, target).damaged == []


def test_a_description_and_a_catalog_that_are_damaged_belong_to_nobody(three: Library, target: Path) -> None:
    back_up(three, target)
    flip(target, "description")
    (target / "library.sqlite").write_bytes(b"no database")
    with pytest.raises(StoreError, match="damaged"):
        back_up(three, target)


def test_a_kill_while_files_are_replaced_leaves_a_backup_that_can_be_restored(
    three: Library, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = with_generator(three)
    back_up(three, target)
    weights.write_bytes(b"trained again")
    with monkeypatch.context() as patch:
        patch.setattr(backup_module, "_publish", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            back_up(three, target)
    target.with_name("again").mkdir()
    done = restore(target.with_name("again"), verify(target))
    assert (done.problems, done.lost) == ([], False)


def test_what_only_the_last_backup_needed_goes(three: Library, space: Space, target: Path) -> None:
    back_up(three, target)
    (target / "frames" / "mine.txt").write_text("of the user")
    with three.write() as connection:
        ids = connection.execute(sa.select(location.c.id).limit(2)).scalars()
        locations.remove_locations(connection, list(ids))
    sweep(three)
    compact(three)
    back_up(three, target)
    assert len(list((target / "frames").rglob("*.mif"))) == 1
    assert len(list((target / "vectors").rglob("*.lance"))) == 2, "the table and its only piece"
    assert (target / "frames" / "mine.txt").exists()
    with restored(target, target.with_name("again")) as again:
        assert check(again).problems == []


def test_a_table_that_was_begun_anew_is_not_mixed_with_its_old_versions(
    three: Library, space: Space, add_video: AddVideo, target: Path
) -> None:
    for number in range(5):
        put(three, space, [add_video(f"/videos/more {number}.mp4")])
    back_up(three, target)
    shutil.rmtree(three.root / "vectors" / "space_1.lance")
    three.forget_handles()
    with three.write() as connection:
        connection.exec_driver_sql("DELETE FROM indexed")
    put(three, space, [add_video("/videos/newest.mp4")])
    back_up(three, target)
    with restored(target, target.with_name("again")) as again:
        assert len(again.vectors(space).read()) == 3
        assert [line for line in check(again).problems if "vectors of" in line] == []


def test_a_backup_beside_a_writer_is_one_moment(
    three: Library, space: Space, add_video: AddVideo, tmp_path: Path
) -> None:
    """The writer adds, replaces, forgets, sweeps and compacts without a pause."""
    begun, over = threading.Event(), threading.Event()
    problems: list[MediaIndexError] = []

    def copy_again_and_again() -> None:
        try:
            begun.wait()
            with open_library(three.root) as mine:
                for number in range(6):
                    done = back_up(mine, tmp_path / f"backup {number % 2}")
                    assert done.vectors
                    assert done.missing == []
        except MediaIndexError as error:
            problems.append(error)
        finally:
            over.set()

    copier = threading.Thread(target=copy_again_and_again, daemon=True)
    copier.start()
    rounds = 0
    while not over.is_set():
        rounds += 1
        item = add_video(f"/videos/{rounds % 7}.mp4", seed=rounds)
        put(three, space, [item])
        put(three, space, [item])
        if rounds % 3 == 0:
            with three.write() as connection:
                oldest = connection.execute(sa.select(sa.func.min(location.c.id))).scalar_one()
                locations.remove_locations(connection, [oldest])
        sweep(three)
        if rounds % 4 == 0:
            compact(three)
            begun.set()
    copier.join()
    assert problems == []
    for number in range(2):
        with restored(tmp_path / f"backup {number}", tmp_path / f"again {number}") as again:
            assert check(again).problems == []
            assert len(paths(again)) >= 2


def test_a_full_disk_is_found_before_a_byte_is_copied(
    three: Library, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    back_up(three, target)
    before = {path: path.read_bytes() for path in target.rglob("*") if path.is_file()}
    usage = shutil.disk_usage(target)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=10))
    for path in (target / "frames").rglob("*.mif"):
        before.pop(path)
        path.unlink()
    with pytest.raises(NoSpace, match="no space left"):
        back_up(three, target)
    with pytest.raises(NoSpace, match="no space left"):
        restore(three.root, verify(target))
    assert {path: path.read_bytes() for path in before} == before
    assert check(three).problems == []


def test_a_disk_that_fills_up_under_the_copy_leaves_the_last_backup(
    three: Library, space: Space, add_video: AddVideo, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    back_up(three, target)
    put(three, space, [add_video("/videos/new.mp4")])

    def full(_source: object, _target: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copyfile", full)
        with pytest.raises(NoSpace, match="No space left"):
            back_up(three, target)
        with pytest.raises(NoSpace):
            restore(three.root, verify(target))
    assert list(target.rglob("*.partial")) == []
    assert list(three.root.glob(".restoring-*")) == []
    assert len(paths(three)) == 4
    with restored(target, target.with_name("again")) as again:
        assert len(paths(again)) == 3
        assert check(again).problems == []


def test_blobs_that_are_missing_are_named(three: Library, target: Path) -> None:
    blob, _size = next(three.frames.names())
    three.frames.remove(blob)
    assert back_up(three, target).missing == [blob]
    with restored(target, target.with_name("again")) as again:
        assert len(check(again).lost_frames) == 1


def test_where_a_backup_may_not_go(three: Library, target: Path, tmp_path: Path) -> None:
    for folder in (three.root, three.root / "frames" / "backup", tmp_path):
        with pytest.raises(UsageError, match="lie in each other"):
            back_up(three, folder)
    target.mkdir()
    (target / "holiday.txt").write_text("of the user")
    with pytest.raises(UsageError, match="something else"):
        back_up(three, target)
    assert sorted(path.name for path in target.iterdir()) == ["holiday.txt", "lock"]
    (target / "holiday.txt").unlink()
    back_up(three, target)
    with (
        open_library(tmp_path / "another", create=True) as another,
        pytest.raises(UsageError, match="another library"),
    ):
        back_up(another, target)
    shutil.rmtree(target / "frames")
    (target / "frames").symlink_to(three.root / "frames")
    with pytest.raises(UsageError, match="is a link"):
        back_up(three, target)
    with writer_lock(target / "lock"), pytest.raises(WriterBusy):
        back_up(three, target)
    (tmp_path / "file").write_text("a file")
    with pytest.raises(NoSpace):
        back_up(three, tmp_path / "file" / "backup")


def test_a_name_that_is_no_utf8(three: Library, tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"b\xe9 'quoted'")
    back_up(three, folder)
    with restored(folder, tmp_path / "again") as again:
        assert check(again).problems == []


def test_a_table_that_vanishes_under_the_copy_is_left_to_the_restore(
    three: Library, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy_file = copying.copy_file

    def vanish(source: Path, goal: Path) -> None:
        if "vectors" in source.parts:
            raise FileNotFoundError(2, "No such file or directory")
        copy_file(source, goal)

    monkeypatch.setattr(copying, "copy_file", vanish)
    assert not back_up(three, target).vectors
    said = describe(target)
    assert said is not None
    assert said.complete
    assert not said.vectors


def test_a_backup_that_was_never_completed(
    three: Library, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(copying, "copy_file", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            back_up(three, target)
    said = describe(target)
    assert said is not None
    assert not said.complete
    with pytest.raises(UsageError):
        verify(target)
    back_up(three, target)
    with restored(target, target.with_name("again")) as again:
        assert check(again).problems == []
