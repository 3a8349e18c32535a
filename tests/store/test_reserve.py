"""The reserve: made where there is room to spare, given up only on a full disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mediaindex.store.reserve import RESERVED_BYTES, reserve, reserve_given_up
from tests.support.disks import fill, mounted


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    yield from mounted(tmp_path / "disk", "-t", "tmpfs", "-o", "size=6m", "tmpfs")


def test_a_disk_with_room_has_a_reserve_that_stays(tmp_path: Path) -> None:
    reserve(tmp_path)
    before = (tmp_path / "reserve").stat()
    assert (before.st_size, before.st_mode & 0o777) == (RESERVED_BYTES, 0o600)
    with reserve_given_up(tmp_path):
        assert (tmp_path / "reserve").stat().st_ino == before.st_ino
    reserve(tmp_path)
    assert (tmp_path / "reserve").stat().st_ino == before.st_ino


def test_a_disk_that_is_nearly_full_has_a_smaller_one_or_none(tmp_path: Path, disk: Path) -> None:
    (disk / "film").write_bytes(bytes(4 * RESERVED_BYTES))
    reserve(disk)
    assert RESERVED_BYTES / 4 <= (disk / "reserve").stat().st_size <= RESERVED_BYTES / 2
    (disk / "reserve").unlink()
    (disk / "film").write_bytes(bytes(11 * RESERVED_BYTES // 2))
    reserve(disk)
    assert not (disk / "reserve").exists()
    reserve(tmp_path / "no such folder")


def test_a_full_disk_gets_room_and_the_reserve_is_made_again(disk: Path) -> None:
    reserve(disk)
    fill(disk / "filler")
    with reserve_given_up(disk):
        (disk / "log").write_bytes(bytes(RESERVED_BYTES))
        (disk / "log").unlink()
        (disk / "filler").unlink()
    assert (disk / "reserve").exists()


@pytest.mark.parametrize("derived", ["thumbnails", "matrix"])
def test_without_a_reserve_what_is_derived_gives_room(disk: Path, derived: str) -> None:
    (disk / derived).mkdir()
    (disk / derived / "file").write_bytes(bytes(1 << 16))
    fill(disk / "filler")
    with reserve_given_up(disk):
        (disk / "log").write_bytes(bytes(1 << 16))
    assert list((disk / derived).iterdir()) == []
