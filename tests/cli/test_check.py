"""`check`: what it finds, and what it repairs."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mediaindex.store.maintenance import eviction
from tests.support.commands import Commands
from tests.support.films import film


def test_check_of_a_sound_library(videos: Path, commands: Commands) -> None:
    film(videos / "red.mp4", "red")
    commands("index", videos)
    found = commands("check")
    assert list(found) == ["schema", "ok", "problems", "repaired", "videos", "vectors", "frames"]
    assert (found["ok"], found["problems"], found["videos"]) == (True, [], 1)
    assert found["vectors"] == found["frames"] > 0
    assert "nothing is wrong" in commands.text("check").out
    assert commands("check", "--repair")["repaired"] is False


def test_lost_vectors_of_frames_that_were_given_up(
    three: Path, commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(eviction, "MIB", 1)
    monkeypatch.setenv("MEDIAINDEX_CACHE_LIMIT_MIB", "1")
    commands("index", three)
    assert list((commands.library / "frames").rglob("*.mif")) == []
    shutil.rmtree(commands.library / "vectors")
    monkeypatch.delenv("MEDIAINDEX_CACHE_LIMIT_MIB")
    mended = commands("check", "--repair")
    assert (mended["repaired"], mended["decode_again"]) == (True, 3)
    assert commands("index", three)["decoded"] == 3
    assert len(commands.files("red", "--channel", "pictures")) == 3
