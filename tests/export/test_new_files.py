"""A new file is whole or absent, and takes nobody's place."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

import pytest

from mediaindex.errors import NoSpace, UsageError
from mediaindex.export.new_files import check_places, make_folder, new_file, write_new

LEFT = ".mediaindex-export-0123456789abcdef.part"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_appears_when_it_is_whole(tmp_path: Path) -> None:
    with new_file(tmp_path / "a", force=False) as part:
        part.write_bytes(b"half")
        assert not (tmp_path / "a").exists()
        assert part.parent == tmp_path
    assert (names(tmp_path), (tmp_path / "a").read_bytes()) == (["a"], b"half")


def test_nothing_is_left_of_one_that_failed(tmp_path: Path) -> None:
    def interrupted() -> None:
        with new_file(tmp_path / "a", force=False) as part:
            part.write_bytes(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert names(tmp_path) == []


def test_an_existing_file_is_replaced_only_by_force(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    with pytest.raises(UsageError, match="--force"):
        write_new(tmp_path / "a", b"new", force=False)
    assert (tmp_path / "a").read_text() == "old"
    write_new(tmp_path / "a", b"new", force=True)
    assert (names(tmp_path), (tmp_path / "a").read_text()) == (["a"], "new")


def test_a_link_to_nothing_is_a_taken_name(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("nowhere")
    with pytest.raises(UsageError, match="exists"):
        write_new(tmp_path / "a", b"new", force=False)
    assert names(tmp_path) == ["a"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
def test_a_full_disk_is_named_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def full(_part: Path, _content: bytes) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(NoSpace, match="cannot be written"):
        write_new(tmp_path / "a", b"content", force=False)
    assert names(tmp_path) == []


def test_a_file_system_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise OSError(errno.EPERM, "not permitted")

    monkeypatch.setattr(os, "link", refused)
    write_new(tmp_path / "a", b"new", force=False)
    with pytest.raises(UsageError, match="exists"):
        write_new(tmp_path / "a", b"newer", force=False)
    assert (names(tmp_path), (tmp_path / "a").read_text()) == (["a"], "new")


def test_what_a_killed_process_left_is_removed_and_what_a_living_one_writes_is_not(tmp_path: Path) -> None:
    (tmp_path / LEFT).write_text("left")
    living = tmp_path / LEFT.replace("0123", "3210")
    descriptor = os.open(living, os.O_CREAT | os.O_RDWR)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    (tmp_path / "notes.part").touch()
    write_new(tmp_path / "a", b"new", force=False)
    os.close(descriptor)
    assert names(tmp_path) == sorted([living.name, "a", "notes.part"])


def test_places_are_checked_before_work_begins(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    check_places([tmp_path / "b"], force=False)
    check_places([tmp_path / "a"], force=True)
    for path, reason in (
        (tmp_path / "a", "exists"),
        (tmp_path / "no" / "a", "no folder"),
        (tmp_path, "is a folder"),
    ):
        with pytest.raises(UsageError, match=reason):
            check_places([path], force=False)


def test_a_folder_is_made_where_there_is_none(tmp_path: Path) -> None:
    make_folder(tmp_path / "a" / "b")
    make_folder(tmp_path / "a" / "b")
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="must name a folder"):
        make_folder(tmp_path / "file")
