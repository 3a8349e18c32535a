"""Copies of a backup and a restore: only where there is room, and each file whole or not there."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

import pytest

from mediaindex.errors import NoSpace
from mediaindex.store.maintenance.copying import (
    PARTIAL,
    CopiedFile,
    Copy,
    copy_file,
    copy_missing,
    refuse_too_little_room,
    with_progress,
)
from mediaindex.store.maintenance.digests import digest_of


@pytest.fixture
def source(tmp_path: Path) -> Path:
    made = tmp_path / "source"
    made.write_bytes(b"12345")
    os.utime(made, (1000, 1000))
    return made


def new_of(copy: Copy) -> bool:
    """Whether a copy is made, rather than found."""
    (copied,) = copy_missing([copy])
    return copied.new


def test_a_copy_has_the_time_of_its_source_and_is_its_owners_alone(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "backup/a/b"
    copy_file(source, target)
    assert target.read_bytes() == b"12345"
    assert target.stat().st_mtime == 1000
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert [path.name for path in target.parent.iterdir()] == ["b"]


def test_a_copy_that_fails_leaves_the_target_as_it_was(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"old")

    def half(_source: Path, partial: Path) -> None:
        assert partial.name.endswith(PARTIAL)
        partial.write_bytes(b"12")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", half)
    with pytest.raises(OSError, match="No space"):
        copy_file(source, target)
    assert target.read_bytes() == b"old"
    assert {path.name for path in tmp_path.iterdir()} == {"source", "target"}


def test_a_target_of_unknown_content_is_compared_and_a_damaged_one_is_copied_again(
    source: Path, tmp_path: Path
) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"12340")
    assert not new_of(Copy(source, target, 5, digest="known"))
    assert target.read_bytes() == b"12340", "its digest was known, and it was compared before"
    assert new_of(Copy(source, target, 5))
    assert target.read_bytes() == b"12345"
    assert not new_of(Copy(source, target, 5))
    assert new_of(Copy(source, target, 5, damaged=True))


def test_an_immutable_file_is_the_same_by_its_size_and_another_by_its_time_too(
    source: Path, tmp_path: Path
) -> None:
    target = tmp_path / "target"
    assert new_of(Copy(source, target, 5))
    assert not new_of(Copy(source, target, 5))
    os.utime(target, (1, 1))
    assert not new_of(Copy(source, target, 5))
    assert new_of(Copy(source, target, 5, immutable=False))
    os.utime(target, (1001, 1001))
    assert not new_of(Copy(source, target, 5, immutable=False)), "a FAT's clock is that coarse"
    target.write_bytes(b"1234")
    assert new_of(Copy(source, target, 5))


def test_a_manifest_is_always_copied(source: Path, tmp_path: Path) -> None:
    copy = Copy(source, tmp_path / "1.manifest", 5)
    assert new_of(copy)
    assert new_of(copy)


def test_room_is_needed_only_for_what_is_not_there(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = [Copy(source, tmp_path / name, 5) for name in ("a", "b")]
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=9))
    with pytest.raises(NoSpace, match=r"no space left for the shelf: 0 MB .*choose another one"):
        refuse_too_little_room(plan, tmp_path, target="the shelf", remedy="another one")
    copy_file(source, tmp_path / "a")
    refuse_too_little_room(plan, tmp_path, target="the shelf", remedy="another one")


def test_progress_is_told_after_each_file_up_to_all(source: Path, tmp_path: Path) -> None:
    plan = [Copy(source, tmp_path / name, 5) for name in ("a", "b", "c")]
    copy_file(source, tmp_path / "b")
    told: list[tuple[int, int]] = []
    files = with_progress(copy_missing(plan), plan, lambda done, total: told.append((done, total)))
    assert told == [(5, 15), (10, 15), (15, 15)]
    assert files == [CopiedFile(copy.target, 5, copy.target.name != "b", digest_of(source)) for copy in plan]
