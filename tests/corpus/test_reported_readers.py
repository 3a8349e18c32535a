"""Small libraries behind public bug reports about reading: a full disk, a library's folder that is a link."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.commands import Commands, counts, use_these_encoders
from tests.support.disks import fill, mounted

pytestmark = pytest.mark.corpus


@pytest.fixture(autouse=True)
def _encoders(monkeypatch: pytest.MonkeyPatch) -> None:
    use_these_encoders(monkeypatch)


@pytest.fixture
def reported(shared: Path) -> Path:
    return shared / "corpus" / "reported"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    yield from mounted(tmp_path / "disk", "-t", "tmpfs", "-o", "size=6m", "tmpfs")


def test_b14_a_full_disk(reported: Path, disk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    films = reported / "b14-full-disk"
    commands = Commands(disk / "library", capsys)
    commands("index", films)
    fill(disk / "filler")
    assert commands.hits("one")
    commands("open", 1, "--player", "true {path} {seconds}")
    assert commands("show", films / "one.mp4")["online"]
    assert commands("status")["videos"] == 2
    commands("similar", films / "one.mp4")
    assert commands("watch", "--status")["running"] is False
    commands("compact")
    assert commands("forget", "--now", films / "one.mp4")["videos"] == 1
    assert commands("status")["videos"] == 1
    assert commands("check")["problems"] == []


def test_b15_the_folder_is_a_link(
    reported: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = shutil.copytree(reported / "b15-symlinked-library", tmp_path / "disk" / "films")
    link = tmp_path / "Videos"
    link.symlink_to(real)
    commands = Commands(tmp_path / "library", capsys)
    assert counts(commands("index", link))["videos"] == 2
    monkeypatch.chdir(link)
    for within in (".", "harbour.mp4", link):
        assert "harbour.mp4" in commands.files("harbour", "--in", within)
    assert commands("show", "harbour.mp4")["path"] == str(link / "harbour.mp4")
    assert "harbour.mp4" not in {Path(hit["path"]).name for hit in commands("similar", "harbour.mp4")["hits"]}
    assert counts(commands("index", ".")) == {"videos": 2, "unchanged": 2}
    assert [row["path"] for row in commands("sources", "list")["sources"]] == [str(link)]
    commands("forget", "harbour.mp4")
    assert "harbour.mp4" not in commands.files("harbour")
