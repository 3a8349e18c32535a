"""`restore`: a backup takes the library's place, whole again."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mediaindex.store.lock import writer_lock
from tests.support.commands import Commands, first
from tests.support.films import film
from tests.support.flipped_bits import PATTERNS, flip


def test_backup_and_restore(
    three: Path, commands: Commands, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "backup"
    done = commands("backup", target)
    assert (done["videos"], done["vectors"], done["missing"]) == (3, True, [])
    assert done["bytes"] == sum(row["bytes"] for row in done["files"])
    assert all(Path(row["path"]).stat().st_size == row["bytes"] for row in done["files"])
    assert commands("backup", target)["copied_bytes"] < done["copied_bytes"]
    assert "3 videos" in commands.text("backup", target).out
    before = first(commands, "red")["similarity"]

    elsewhere = Commands(tmp_path / "elsewhere", capsys)
    back = elsewhere("restore", target)
    assert (back["videos"], back["aside"], back["problems"]) == (3, None, [])
    assert all(Path(row["path"]).is_file() for row in back["files"])
    assert first(elsewhere, "red")["similarity"] == before
    assert elsewhere("index", three)["decoded"] == 0
    assert elsewhere("check")["problems"] == []

    assert commands("restore", target, code=2)["exit_code"] == 2
    with writer_lock(commands.library / "lock"):
        assert commands("restore", target, "--force", code=3)["exit_code"] == 3
    film(three / "late.mp4", "white")
    commands("index", three)
    back = commands("restore", target, "--force")
    assert commands("status")["videos"] == 3
    assert Commands(Path(back["aside"]), capsys)("status")["videos"] == 4
    assert "before-restore-" in commands.text("restore", target, "--force").out
    for wrong in (tmp_path / "nowhere", three, commands.library):
        assert commands("restore", wrong, code=2)["exit_code"] == 2


def test_restore_makes_vectors_that_a_backup_lacks(
    three: Path, commands: Commands, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "backup"
    commands("backup", target)
    before = first(commands, "red")["similarity"]
    shutil.rmtree(target / "vectors")
    elsewhere = Commands(tmp_path / "elsewhere", capsys)
    back = elsewhere("restore", target)
    assert back["repaired"]
    assert back["problems"]
    assert first(elsewhere, "red")["similarity"] == before
    next((commands.library / "frames").rglob("*.mif")).unlink()
    ran = commands.ran("backup", target)
    assert (ran.code, len(ran.json["missing"])) == (6, 1)
    assert "check --repair" in ran.err
    ran = elsewhere.text("restore", target, "--force")
    assert ran.code == 0
    assert "1 videos must be decoded again" in ran.err
    assert elsewhere("index", three)["decoded"] == 1
    assert elsewhere("check")["problems"] == []


def test_a_backup_with_a_flipped_bit_becomes_a_library_that_answers(
    three: Path, commands: Commands, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (commands.library / "generators" / "mine").mkdir(parents=True)
    (commands.library / "generators" / "mine" / "model.safetensors").write_bytes(b"weights" * 99)
    whole = tmp_path / "backup"
    assert commands("backup", whole)["damaged"] == []
    before = first(commands, "red")["similarity"]
    for kind in PATTERNS:
        backup = tmp_path / f"backup {kind}"
        shutil.copytree(whole, backup)
        harmed = flip(backup, kind)
        library = Commands(tmp_path / f"library {kind}", capsys)
        if kind == "database":
            assert "library.sqlite" in library("restore", backup, code=6)["error"]
        else:
            back = library("restore", backup, code=6 if kind == "generator" else 0)
            assert any("damaged" in problem for problem in back["problems"])
            assert back["repaired"] == (kind != "generator")
            assert back["decode_again"] == (kind == "blob")
            assert first(library, "red")["similarity"] == before
        ran = commands.text("backup", backup)
        assert (ran.code, f"{harmed} was damaged" in ran.err) == (0, True)
        assert commands("backup", backup)["damaged"] == []
