"""What a library's folder holds by name, and that only its owner reads it."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from mediaindex.store import layout


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A library's folder as a careless copy left it: open to others."""
    made = tmp_path / "library"
    (made / "frames/ab").mkdir(parents=True)
    (made / "library.sqlite").write_bytes(b"12345")
    (made / "frames/ab/x.mif").write_bytes(b"123")
    made.chmod(0o755)
    return made


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("library.sqlite", True),
        ("library.sqlite-wal", True),
        ("frames", True),
        ("lock", True),
        ("before-restore-20200101", True),
        (".restoring-abcd", True),
        ("library.sqlite-journal", False),
        ("notes.txt", False),
        ("Frames", False),
    ],
)
def test_the_programs_own_entries_are_known_by_name(name: str, part: bool) -> None:
    assert layout.is_part(name) is part


def test_files_are_counted_and_neither_links_nor_strangers(root: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/big").write_bytes(bytes(1000))
    (root / "vectors").symlink_to(tmp_path / "outside")
    (root / "frames/link").symlink_to(tmp_path / "outside/big")
    (root / "notes.txt").write_bytes(bytes(100))
    assert layout.occupied(root) == (2, 8)
    assert [path.name for path in layout.parts(root)] == ["frames", "library.sqlite"]
    assert layout.occupied(tmp_path / "nowhere") == (0, 0)


def test_an_open_library_is_closed_whole(root: Path) -> None:
    assert layout.others_may_read(root)
    layout.make_private(root)
    assert not layout.others_may_read(root)
    assert (mode(root), mode(root / "frames/ab"), mode(root / "frames/ab/x.mif")) == (0o700, 0o700, 0o600)


def test_a_folder_with_something_foreign_stays_open_and_the_librarys_parts_do_not(root: Path) -> None:
    (root / "notes.txt").write_text("")
    (root / "notes.txt").chmod(0o644)
    layout.make_private(root)
    assert mode(root) == 0o755
    assert mode(root / "notes.txt") == 0o644
    assert mode(root / "library.sqlite") == 0o600
    assert not layout.others_may_read(root)


def test_private_folders_are_made_with_their_parents_and_left_as_they_are(tmp_path: Path) -> None:
    layout.make_private_folder(tmp_path / "a/b")
    assert (mode(tmp_path / "a"), mode(tmp_path / "a/b")) == (0o700, 0o700)
    (tmp_path / "a").chmod(0o755)
    layout.make_private_folder(tmp_path / "a")
    assert mode(tmp_path / "a") == 0o755


def test_a_private_file_is_its_owners_alone(tmp_path: Path) -> None:
    with open(tmp_path / "file", "wb", opener=layout.private):
        pass
    assert mode(tmp_path / "file") == 0o600
    (tmp_path / "file").chmod(0o644)
    layout.sync_path(tmp_path / "file", mode=0o600)
    assert mode(tmp_path / "file") == 0o600
