"""Only the owner reads a library: modes of what is written, and of what others could read."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from tests.support.commands import Commands
from tests.support.films import film


def modes(library: Path) -> set[int]:
    return {stat.S_IMODE(path.lstat().st_mode) for path in [library, *library.rglob("*")]}


def test_only_the_owner_reads_a_library(three: Path, commands: Commands, tmp_path: Path) -> None:
    commands.hits("red")
    umask = os.umask(0)
    try:
        film(three / "late.mp4", "white")
        commands("index", three)
        commands("compact")
    finally:
        os.umask(umask)
    open_parts = {
        path
        for path in [commands.library, *commands.library.rglob("*")]
        if stat.S_IMODE(path.lstat().st_mode) & 0o077 and path.name != "latest_version_hint.json"
    }
    assert open_parts == set()
    prepared = tmp_path / "prepared"
    prepared.mkdir(mode=0o755)
    prepared.chmod(0o755)
    Commands(prepared, commands._capsys)("index", three)
    assert stat.S_IMODE(prepared.stat().st_mode) == 0o700


def test_a_library_that_others_may_read_is_named_and_closed(three: Path, commands: Commands) -> None:
    def widen() -> None:
        for path in [commands.library, *commands.library.rglob("*")]:
            path.chmod(0o755 if path.is_dir() else 0o644)

    widen()
    assert any("other users" in line for line in commands("check", code=6)["problems"])
    assert commands("check", "--repair")["repaired"]
    assert modes(commands.library) == {0o700, 0o600}
    widen()
    (library,) = [row for row in commands("doctor", code=None)["checks"] if row["name"] == "library"]
    assert "mended" in library["detail"]
    assert modes(commands.library) == {0o700, 0o600}
    (commands.library / "notes.txt").write_text("of the user")
    widen()
    assert commands("check", "--repair")["repaired"]
    assert stat.S_IMODE(commands.library.stat().st_mode) == 0o755, "something foreign lies in it"
    assert stat.S_IMODE((commands.library / "notes.txt").stat().st_mode) == 0o644
    assert stat.S_IMODE((commands.library / "frames").stat().st_mode) == 0o700
