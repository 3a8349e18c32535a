"""Small files behind public bug reports: what the library does when a part of it rots."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.commands import Commands, use_these_encoders

pytestmark = pytest.mark.corpus


@pytest.fixture
def commands(library: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Commands:
    use_these_encoders(monkeypatch)
    return Commands(library, capsys)


@pytest.fixture
def films(shared: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(shared / "corpus/reported/b26-one-rotten-cached-picture", tmp_path / "films"))


def rot(library: Path) -> None:
    """Change 52 bytes of one cached picture."""
    blob = min((library / "frames").rglob("*.mif"))
    content = bytearray(blob.read_bytes())
    content[8:60] = b"rotten bytes " * 4
    blob.write_bytes(content)


def found(commands: Commands) -> set[str]:
    return {Path(hit["path"]).name for hit in commands.hits("red", "--channel", "pictures")}


def test_one_rotten_cached_picture_costs_its_film_alone(films: Path, commands: Commands) -> None:
    commands("index", films)
    every = found(commands)
    assert len(every) == 3
    rot(commands.library)
    assert any("frames of 1 videos" in line for line in commands("check", code=6)["problems"])
    for hit in commands.hits("red", "--channel", "pictures"):
        assert hit["thumbnail"] is None or Path(hit["thumbnail"]).read_bytes()[:2] == b"\xff\xd8"
    for part in ("vectors", "matrix"):
        shutil.rmtree(commands.library / part)
    mended = commands("check", "--repair")
    assert (mended["repaired"], mended["decode_again"]) == (True, 1)
    assert len(found(commands)) == 2
    assert commands("check", code=6)["problems"] == [
        "1 videos have neither vectors nor cached frames: run 'mediaindex index' on them"
    ]
    assert commands("index", films)["decoded"] == 1
    assert found(commands) == every
    assert commands("check")["problems"] == []


def test_an_index_that_meets_it_goes_on(films: Path, commands: Commands) -> None:
    commands("index", films)
    rot(commands.library)
    with closing(sqlite3.connect(commands.library / "library.sqlite")) as database:
        database.execute("DELETE FROM indexed")
        database.commit()
    assert any("3 videos have none" in line for line in commands("check", code=6)["problems"])
    report = commands("index", films, code=5)
    assert (report["videos"], report["indexed"], len(report["failed"])) == (2, 2, 1)
    assert "frame 0 is damaged" in report["failed"][0]["reason"]
    report = commands("index", films)
    assert (report["videos"], report["decoded"], report["failed"]) == (3, 1, [])
    assert len(found(commands)) == 3


def test_another_encoder_embeds_the_others(films: Path, commands: Commands) -> None:
    commands("index", films)
    rot(commands.library)
    done = commands("models", "use", "builtin", code=5)
    assert (done["indexed"], done["decode_again"], len(done["failed"])) == (2, 1, 1)
    assert "decodes it again" in done["failed"][0]["reason"]
    assert commands("index", films, "--encoder", "builtin")["decoded"] == 1
    assert commands("check")["problems"] == []
