"""`index` of folders and names as people have them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.commands import Commands, counts
from tests.support.films import film

NAMES = (
    "two\nlines.mp4",
    'it\'s "quoted".mp4',
    "🎥 film 猫.mp4",
    "-rf.mp4",
    "a%20b#c?d.mp4",
    "con\x1b[31mtrol.mp4",
    "@12.mp4",
    "x" * 251 + ".mp4",
)


def test_names_of_every_kind(videos: Path, commands: Commands) -> None:
    for name in NAMES:
        film(videos / name, "red", tags={"title": name[:20]})
    raw = os.fsdecode(os.fsencode(videos) + b"/caf\xe9 \xff.mp4")
    os.rename(film(videos / "plain.mp4", "blue"), raw)
    report = commands("index", videos)
    assert report["indexed"] + report["copies"] == len(NAMES) + 1
    assert report["failed"] == []
    for path in [*(videos / name for name in NAMES), Path(raw)]:
        shown = commands("show", path)
        assert (shown["path"], shown["online"]) == (str(path), True)
    (hit,) = commands.hits("blue", "--in", raw, "--channel", "pictures")
    assert hit["path"] == raw
    text = commands.text("search", "red", "--per-video", 1, "--limit", 20)
    assert "\x1b" not in text.out
    assert all(line[:3].strip().isdigit() for line in text.out.splitlines())
    (videos / NAMES[0]).rename(videos / "one\nmore.mp4")
    assert counts(commands("index", videos))["moved"] == 1
    assert commands("forget", videos / "one\nmore.mp4")["forgotten"] == [str(videos / "one\nmore.mp4")]


def test_no_progress_or_escape_goes_to_stdout(videos: Path, commands: Commands) -> None:
    film(videos / "new\nline.mp4", "red")
    (videos / "bro\x1b[2Jken.mkv").write_text("text " * 100)
    ran = commands.text("index", videos)
    assert ran.code == 5
    assert "\x1b" not in ran.out + ran.err
    assert len([line for line in ran.out.splitlines() if line.startswith("failed")]) == 1


def test_links_that_lead_in_circles(videos: Path, commands: Commands) -> None:
    film(videos / "a" / "red.mp4", "red")
    (videos / "a" / "up").symlink_to(videos, target_is_directory=True)
    (videos / "self").symlink_to(videos / "self")
    (videos / "nowhere.mp4").symlink_to(videos / "gone.mp4")
    report = commands("index", videos)
    assert counts(report) == {"videos": 1, "indexed": 1, "decoded": 1}
    assert report["failed"] == []


def test_one_file(videos: Path, commands: Commands) -> None:
    path = film(videos / "red.mp4", "red")
    film(videos / "blue.mp4", "blue")
    assert counts(commands("index", path)) == {"videos": 1, "indexed": 1, "decoded": 1}
    assert commands.files("red blue", "--channel", "pictures") == ["red.mp4"]
    assert commands("status")["sources"] == []


def test_an_empty_folder(videos: Path, commands: Commands) -> None:
    assert counts(commands("index", videos)) == {}
    assert "no videos were found" in commands.text("index", videos).out
    assert commands.hits("anything") == []


def test_a_missing_folder(videos: Path, commands: Commands) -> None:
    ran = commands.ran("index", videos / "spelled wrong")
    assert ran.code == 2
    assert "does not exist" in ran.json["error"]
    assert "spelling" in ran.err
    assert len(ran.err.splitlines()) == 1


def test_a_link_to_nothing(videos: Path, commands: Commands) -> None:
    (videos / "link").symlink_to(videos / "gone")
    ran = commands.ran("index", videos / "link")
    assert ran.code == 2
    assert "link to nothing" in ran.json["error"]


def test_a_known_folder_that_was_deleted(videos: Path, commands: Commands) -> None:
    path = film(videos / "sub" / "red.mp4", "red")
    commands("index", videos)
    path.unlink()
    path.parent.rmdir()
    report = commands("index", path.parent)
    assert (counts(report), report["failed"]) == ({}, [])
    assert commands("status")["missing"] == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every folder")
def test_an_unreadable_folder(videos: Path, commands: Commands) -> None:
    film(videos / "red.mp4", "red")
    locked = videos / "locked"
    locked.mkdir(mode=0o000)
    try:
        ran = commands.ran("index", locked)
        assert ran.code == 2
        assert "permissions" in ran.json["error"]
        report = commands("index", videos, code=5)
        assert counts(report) == {"videos": 1, "indexed": 1, "decoded": 1}
        assert report["failed"][0]["path"] == str(locked)
    finally:
        locked.chmod(0o700)


def test_a_folder_that_cannot_be_listed(
    videos: Path, commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As root meets it: a drive that answers with an I/O error."""
    film(videos / "red.mp4", "red")
    bad = videos / "bad sectors"
    bad.mkdir()
    scandir = os.scandir

    def failing(path: str) -> object:
        if os.fspath(path) == str(bad):
            raise OSError(5, "Input/output error")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", failing)
    report = commands("index", videos, code=5)
    assert counts(report) == {"videos": 1, "indexed": 1, "decoded": 1}
    assert report["failed"] == [{"path": str(bad), "stage": "read", "reason": "Input/output error"}]


def test_nested_roots_count_each_file_once(videos: Path, commands: Commands) -> None:
    film(videos / "inner" / "red.mp4", "red")
    film(videos / "blue.mp4", "blue")
    report = commands("index", videos / "inner", videos)
    assert counts(report) == {"videos": 2, "indexed": 2, "decoded": 2}
    assert counts(commands("index", videos / "inner")) == {"videos": 1, "unchanged": 1}
    assert commands("status")["missing"] == 0


def test_a_root_inside_the_library(videos: Path, commands: Commands) -> None:
    commands("index", videos)
    for path in (commands.library, commands.library / "frames"):
        ran = commands.ran("index", path)
        assert ran.code == 2
        assert "inside the library" in ran.json["error"]


def test_a_library_inside_the_root(videos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    film(videos / "red.mp4", "red")
    commands = Commands(videos / "library", capsys)
    commands("index", videos)
    commands("search", "red")
    assert counts(commands("index", videos)) == {"videos": 1, "unchanged": 1}


def test_what_is_no_media_is_passed_over(videos: Path, commands: Commands) -> None:
    good = film(videos.parent / "good.mp4", "red").read_bytes()
    for name in ("._red.mp4", ".hidden/red.mp4", "@eaDir/red.mp4", "red.mp4.part", "$RECYCLE.BIN/red.mp4"):
        (videos / name).parent.mkdir(exist_ok=True)
        (videos / name).write_bytes(good)
    report = commands("index", videos)
    assert (counts(report), report["skipped"]) == ({}, [])
