"""`check`: what it finds, and what it repairs."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
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


def rot(library: Path, *numbers: int) -> None:
    """Flip a bit in the middle of cached frames, of the blobs with these numbers."""
    blobs = sorted((library / "frames").rglob("*.mif"))
    for number in numbers:
        content = bytearray(blobs[number].read_bytes())
        content[200] ^= 1
        blobs[number].write_bytes(content)


def found(commands: Commands) -> int:
    return len({hit["path"] for hit in commands.hits("red", "--channel", "pictures")})


@pytest.mark.parametrize("rotten", [(0,), (0, 1, 2)])
def test_damaged_frames_cost_their_videos_alone(
    three: Path, commands: Commands, rotten: tuple[int, ...]
) -> None:
    rot(commands.library, *rotten)
    count = len(rotten)
    assert commands("check", code=6)["problems"] == [
        f"frame cache: the frames of {count} videos are missing or damaged"
    ]
    assert found(commands) == 3, "their vectors are whole"
    thumbnails = [hit["thumbnail"] for hit in commands.hits("red", "--channel", "pictures")]
    assert sum(path is None for path in thumbnails) == count
    shutil.rmtree(commands.library / "vectors")
    shutil.rmtree(commands.library / "matrix")
    mended = commands("check", "--repair")
    assert (mended["repaired"], mended["decode_again"], mended["videos"]) == (True, count, 3 - count)
    assert found(commands) == 3 - count
    (problem,) = commands("check", code=6)["problems"]
    assert problem == f"{count} videos have neither vectors nor cached frames: run 'mediaindex index' on them"
    report = commands("index", three)
    assert (report["decoded"], report["indexed"], report["failed"]) == (count, count, [])
    assert commands("check")["problems"] == []
    assert found(commands) == 3


def test_frames_that_rot_before_they_are_embedded_are_named(three: Path, commands: Commands) -> None:
    rot(commands.library, 0)
    with closing(sqlite3.connect(commands.library / "library.sqlite")) as database:
        database.execute("DELETE FROM indexed")
        database.commit()
    assert "vectors: 3 videos have none" in commands("check", code=6)["problems"]
    report = commands("index", three, code=5)
    assert (report["videos"], report["indexed"], len(report["failed"])) == (2, 2, 1)
    assert "frame 0 is damaged" in report["failed"][0]["reason"]
    assert commands("index", three)["decoded"] == 1
    assert commands("check", "--repair")["repaired"], "of the vectors whose rows were deleted"
    assert commands("check")["problems"] == []


def test_what_lies_at_no_path_is_found_and_removed(three: Path, commands: Commands) -> None:
    with closing(sqlite3.connect(commands.library / "library.sqlite")) as database:
        database.execute("DELETE FROM location WHERE id = 1")
        database.commit()
    problems = commands("check", code=6)["problems"]
    assert "library.sqlite: 1 videos lie at no path" in problems
    assert commands("check", "--repair")["repaired"]
    assert len(list((commands.library / "frames").rglob("*.mif"))) == 2
    assert commands("index", three)["decoded"] == 1
