"""`purge`: what it lists and removes, and what it leaves."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import pytest

from mediaindex.store.lock import writer_lock
from tests.support.commands import Commands


@pytest.fixture
def confirmed(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Someone at a terminal who types a line."""

    def types(line: str) -> None:
        typed = io.StringIO(f"{line}\n")
        monkeypatch.setattr(typed, "isatty", lambda: True, raising=False)
        monkeypatch.setattr("sys.stdin", typed)

    return types


def test_purge_lists_and_removes_everything(
    three: Path, commands: Commands, tmp_path: Path, confirmed: Any
) -> None:
    commands.hits("red")
    commands("backup", tmp_path / "backup")
    commands("restore", tmp_path / "backup", "--force")
    home = Path(os.environ["HOME"])
    settings = home / ".config" / "mediaindex" / "config.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text("jobs = 1\n")
    (home / ".cache/huggingface/hub").mkdir(parents=True)
    listed = commands("purge", "--dry-run")
    named = {Path(row["path"]).name for row in listed["files"]}
    assert {"library.sqlite", "frames", "vectors", "matrix", "lock", "config.toml"} <= named
    assert any(name.startswith("before-restore-") for name in named)
    assert not listed["removed"]
    assert [Path(row["path"]).name for row in listed["left"]] == ["hub"]
    assert sum(row["files"] for row in listed["files"]) == len(
        [path for path in [*commands.library.rglob("*"), settings] if path.is_file()]
    )
    assert commands("purge", code=2)["exit_code"] == 2
    with writer_lock(commands.library / "lock"):
        assert commands("purge", "--yes", code=3)["exit_code"] == 3
    confirmed("yes")
    assert commands.text("purge").code == 1
    assert settings.exists()
    confirmed("purge")
    ran = commands.text("purge")
    assert (ran.code, ran.out) == (0, "removed\n")
    assert str(commands.library / "frames") in ran.err
    assert not commands.library.exists()
    assert not settings.parent.exists()
    assert (home / ".cache/huggingface/hub").exists()
    assert len(list(three.iterdir())) == 3
    assert (tmp_path / "backup" / "library.sqlite").exists()
    assert commands("purge", "--yes")["files"] == []


def test_purge_leaves_what_is_foreign(three: Path, commands: Commands, tmp_path: Path) -> None:
    library = commands.library
    strange = [
        library / "notes.txt",
        library / "frames" / "holiday.mp4",
        library / "encoders" / "mine" / "holiday.MOV",
        library / "thumbnails" / "deep" / "a.jpg",
        library / "logs" / "diary.txt",
        library / "features" / "holiday.mp4",
    ]
    for path in strange:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("of the user")
    (library / "encoders" / "mine" / "weights.bin").write_text("of the program")
    (library / "features" / "msvd-test-0.parquet").write_text("of the program")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "ab.tmp").write_text("of the user")
    links = [library / "frames" / "linked", library / "generators"]
    for link in links:
        link.symlink_to(tmp_path / "elsewhere")
    done = commands("purge", "--yes")
    assert {row["path"] for row in done["left"]} == {str(path) for path in [*strange, *links]}
    assert all(path.exists() for path in strange)
    assert (tmp_path / "elsewhere" / "ab.tmp").exists()
    remaining = {path for path in library.rglob("*") if not path.is_dir() or path.is_symlink()}
    assert remaining == {*strange, *links}


def test_purge_through_a_link_and_without_a_library(
    three: Path, commands: Commands, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    beside = tmp_path / "not a library"
    (beside / "frames" / "ab").mkdir(parents=True)
    (beside / "frames" / "ab" / "cd.mif").write_text("of the user")
    assert Commands(beside, capsys)("purge", "--yes")["files"] == []
    assert (beside / "frames" / "ab" / "cd.mif").exists()
    (tmp_path / "link").symlink_to(commands.library)
    Commands(tmp_path / "link", capsys)("purge", "--yes")
    assert (tmp_path / "link").is_symlink()
    assert list(commands.library.iterdir()) == []


def test_purge_takes_thumbnails_of_read_only_libraries_and_the_service(
    three: Path, commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mediaindex.cli.shared.user_service import service_of

    cache = Path(os.environ["HOME"]) / ".cache" / "mediaindex" / "thumbnails"
    cache.mkdir(parents=True)
    (cache / "a.b-3.jpg").write_bytes(b"jpeg")
    ran = commands.ran("service", "install", "--no-start")
    assert ran.code == 0, ran
    unit = service_of(commands.library).path
    assert unit.exists()
    commands("purge", "--yes")
    assert not unit.exists()
    assert not cache.parent.exists()
