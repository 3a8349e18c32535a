"""compact, backup, restore, the cache's limit, modes, and a disk without room: as a user sees them."""

from __future__ import annotations

import io
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mediaindex.store.library import open_library
from mediaindex.store.lock import writer_lock
from mediaindex.store.maintenance import eviction
from tests.support.commands import Commands, process
from tests.support.disks import fill, mounted
from tests.support.films import film


@pytest.fixture
def three(videos: Path, commands: Commands) -> Path:
    for colour in ("red", "blue", "green"):
        film(videos / f"{colour}.mp4", colour)
    commands("index", videos)
    return videos


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    yield from mounted(tmp_path / "small disk", "-t", "tmpfs", "-o", "size=4m", "tmpfs")


def first(commands: Commands, colour: str) -> dict[str, Any]:
    return commands.hits(colour, "--channel", "pictures", "--limit", 1)[0]


def forgetful(commands: Commands, three: Path) -> None:
    """Write a few further versions of the vectors."""
    for number in range(3):
        film(three / f"more {number}.mp4", "white", ("black", 1.0 + number))
        commands("index", three)


def test_compact(three: Path, commands: Commands) -> None:
    forgetful(commands, three)
    before = first(commands, "red")
    done = commands("compact")
    assert done["versions"]["after"] == 1
    assert done["fragments"] == {"before": 4, "after": 1}
    assert done["files"]["after"] < done["files"]["before"]
    assert first(commands, "red")["similarity"] == before["similarity"]
    assert commands("check")["problems"] == []
    assert "now" in commands.text("compact").out
    with open_library(commands.library) as library, library.keeping():
        ran = commands.text("compact")
        assert (ran.code, "backup" in ran.err) == (0, True)


@pytest.mark.slow
def test_compact_by_the_process_that_writes(three: Path, commands: Commands) -> None:
    with writer_lock(commands.library / "lock"):
        assert commands("compact", "--no-wait", code=3)["exit_code"] == 3
    for number in range(6):
        film(three / f"late {number}.mp4", "white", ("yellow", 2.0 + number))
    writer = process("index", three, "--jobs", 1, library=commands.library)
    try:
        asker = process("compact", "--json", library=commands.library)
        out, _err = asker.communicate(timeout=120)
        assert asker.returncode == 0, out
        assert '"postponed": false' in out
    finally:
        assert writer.wait(120) == 0
        writer.communicate()
    assert commands("check")["problems"] == []
    assert commands("status")["videos"] == 9


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


@pytest.mark.slow
def test_a_backup_while_an_index_runs(
    three: Path, commands: Commands, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(5):
        film(three / f"late {number}.mp4", "white", ("yellow", 2.0 + number))
    target = tmp_path / "backup"
    writer = process("index", three, "--jobs", 1, library=commands.library)
    try:
        copies = 0
        while (writer.poll() is None and copies < 6) or copies < 1:
            assert commands("backup", target)["videos"] >= 3
            copies += 1
        back = Commands(tmp_path / "seen", capsys)("restore", target)
        assert (back["problems"], back["decode_again"]) == ([], 0)
    finally:
        assert writer.wait(120) == 0
        writer.communicate()
    assert commands("check")["problems"] == []
    assert commands("status")["videos"] == 8


def test_a_limit_for_the_frame_cache(
    three: Path, commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    blobs = sorted((commands.library / "frames").rglob("*.mif"))
    shown = first(commands, "red")["thumbnail"]
    monkeypatch.setattr(eviction, "MIB", max(blob.stat().st_size for blob in blobs))
    assert commands("index", three, "--cache-limit", "1M")["decoded"] == 0
    assert len(list((commands.library / "frames").rglob("*.mif"))) == 1
    assert commands("check")["problems"] == []
    hits = {Path(hit["path"]).name: hit for hit in commands.hits("red", "--channel", "pictures")}
    assert hits["red.mp4"]["thumbnail"] == shown
    assert Path(shown).is_file()
    assert hits["blue.mp4"]["thumbnail"] is None
    assert commands("index", three)["decoded"] == 0
    used = commands.ran("models", "use", "builtin")
    assert used.json["decode_again"] == 2
    assert "2 videos" in used.err
    report = commands("index", three, "--cache-limit", "0")
    assert report["decoded"] == 2
    assert len(commands.files("red", "--channel", "pictures")) == 3
    assert commands("check")["problems"] == []


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


@pytest.mark.parametrize(
    ("typed", "mebibytes"), [("0", 0), ("500M", 500), ("20G", 20480), ("1.5GiB", 1536), ("2TB", 2 << 20)]
)
def test_sizes(typed: str, mebibytes: int, commands: Commands) -> None:
    from mediaindex.cli import build_parser

    asked = build_parser().parse_args(["index", "/videos", "--cache-limit", typed])
    assert asked.cache_limit_mib == mebibytes


@pytest.mark.parametrize("typed", ["20", "G", "-1G", "1e9G", "20K", "a lot"])
def test_no_sizes(typed: str, commands: Commands) -> None:
    ran = commands.text("index", "/videos", f"--cache-limit={typed}")
    assert ran.code == 2
    assert "20G" in ran.err


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


def test_a_full_disk_under_compact_and_backup(
    videos: Path, small_disk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    commands = Commands(small_disk / "library", capsys)
    for colour in ("red", "blue", "green"):
        film(videos / f"{colour}.mp4", colour)
        commands("index", videos)
    before = first(commands, "red")["similarity"]
    filler = small_disk / "filler"
    fill(filler)
    ran = commands.ran("compact")
    assert ran.code == 7, ran
    assert "space" in ran.json["error"]
    assert len(ran.err.splitlines()) == 1
    other = tmp_path / "roomy"
    ran = commands.ran("backup", other)
    assert ran.code == 7, "SQLite needs a page beside the catalog to read it"
    assert "space" in ran.json["error"]
    filler.unlink()
    assert commands("check")["problems"] == []
    assert commands("compact")["versions"]["after"] == 1
    assert first(commands, "red")["similarity"] == before
    assert commands("check")["problems"] == []

    library = Commands(tmp_path / "library", capsys)
    library("index", videos)
    fill(filler)
    ran = library.ran("backup", small_disk / "backup")
    assert ran.code == 7, ran
    assert "space" in ran.json["error"]
    filler.unlink()
    library("backup", small_disk / "backup")
    fill(filler)
    restored = Commands(small_disk / "restored", capsys)
    assert restored.ran("restore", small_disk / "backup").code == 7
    filler.unlink()
    assert restored("restore", small_disk / "backup")["problems"] == []
    assert first(restored, "red")["similarity"] == before


def test_a_backup_of_a_read_only_library(
    three: Path, commands: Commands, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder in mounted(tmp_path / "frozen", "--bind", "-o", "ro", str(commands.library)):
        frozen = Commands(folder, capsys)
        assert frozen("backup", tmp_path / "backup")["videos"] == 3
        assert frozen.ran("compact").code == 7
        assert frozen.ran("restore", tmp_path / "backup", "--force").code == 7
        assert frozen.ran("purge", "--yes").code == 7
    assert commands("check")["problems"] == []


# purge


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
    ]
    for path in strange:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("of the user")
    (library / "encoders" / "mine" / "weights.bin").write_text("of the program")
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
