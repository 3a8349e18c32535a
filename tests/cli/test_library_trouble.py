"""A library on a full or read-only disk, of another version, or damaged: one line, nothing lost."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.commands import ENCODER, Commands, counts
from tests.support.disks import fill, mounted
from tests.support.films import film


@pytest.fixture
def two(videos: Path, commands: Commands) -> Path:
    film(videos / "red.mp4", "red")
    film(videos / "blue.mp4", "blue")
    commands("index", videos)
    return videos


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk with room for a library, but not for much more."""
    yield from mounted(tmp_path / "small disk", "-t", "tmpfs", "-o", "size=3m", "tmpfs")


def test_there_is_no_library_yet(commands: Commands, videos: Path) -> None:
    for command, *arguments in (("search", "red"), ("status",), ("show", str(videos)), ("check",)):
        ran = commands.ran(command, *arguments)
        assert ran.code == 2
        assert "mediaindex index FOLDER" in ran.json["error"]
    assert not commands.library.exists()


def test_a_library_of_a_newer_schema(two: Path, commands: Commands) -> None:
    with closing(sqlite3.connect(commands.library / "library.sqlite")) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
        database.commit()
    for command, *arguments in (("search", "red"), ("index", str(two)), ("check",)):
        ran = commands.ran(command, *arguments)
        assert ran.code == 6
        assert "newer mediaindex" in ran.json["error"]
        assert "update" in ran.json["error"]


@pytest.mark.parametrize("damage", ["header", "pages", "text", "empty"])
def test_a_damaged_database(damage: str, two: Path, commands: Commands) -> None:
    path = commands.library / "library.sqlite"
    content = bytearray(path.read_bytes())
    match damage:
        case "header":
            content[:100] = os.urandom(100)
        case "pages":
            content[4096:] = os.urandom(len(content) - 4096)
        case "text":
            content = bytearray(b"this is no database " * 1000)
        case "empty":
            content = bytearray()
    path.write_bytes(content)
    ran = commands.ran("search", "red")
    assert ran.code == 6
    assert "library.sqlite" in ran.json["error"]
    assert len(ran.err.splitlines()) == 1
    assert commands.ran("index", two).code == 6


def manifests(library: Path) -> list[Path]:
    """The manifests of the only space, newest first (Lance numbers them downwards)."""
    return sorted((library / "vectors").glob("*.lance/_versions/*.manifest"))


def test_a_zero_byte_newest_manifest_is_named_and_healed(two: Path, commands: Commands) -> None:
    """What a power loss leaves: the newest version's file is there and empty."""
    before = commands.hits("red", "--channel", "pictures")
    manifests(commands.library)[0].write_bytes(b"")
    shutil.rmtree(commands.library / "matrix")
    ran = commands.ran("search", "red", "--channel", "pictures")
    assert ran.code == 6
    assert "check --repair" in ran.json["error"]
    found = commands("check", code=6)
    assert (found["ok"], found["repaired"]) == (False, False)
    assert len(found["problems"]) == 1
    mended = commands("check", "--repair")
    assert (mended["ok"], mended["repaired"], mended["decode_again"]) == (True, True, 0)
    assert commands("check")["problems"] == []
    after = commands.hits("red", "--channel", "pictures")
    assert [hit["similarity"] for hit in after] == [hit["similarity"] for hit in before]


def test_a_deleted_vectors_folder_is_rebuilt_without_decoding(two: Path, commands: Commands) -> None:
    before = commands.hits("red", "--channel", "pictures")
    for name in ("vectors", "matrix"):
        shutil.rmtree(commands.library / name)
    shutil.rmtree(two)  # nothing can be decoded any more
    ran = commands.ran("search", "red", "--channel", "pictures")
    assert ran.code == 6
    assert "check --repair" in ran.json["error"]
    assert commands.files("red", "--channel", "words") == ["red.mp4"]
    assert commands("check", code=6)["ok"] is False
    assert commands("check", "--repair")["repaired"] is True
    after = commands.hits("red", "--channel", "pictures")
    assert [hit["similarity"] for hit in after] == [hit["similarity"] for hit in before]
    assert commands("check")["problems"] == []


def test_a_lost_frame_cache_is_decoded_again(two: Path, commands: Commands) -> None:
    blob = next((commands.library / "frames").rglob("*.mif"))
    blob.write_bytes(blob.read_bytes()[:-10])
    found = commands("check", "--repair")
    assert found["decode_again"] == 1
    assert "index" in commands.text("check", "--repair").out or commands("check")["ok"]
    report = commands("index", two)
    assert (report["decoded"], report["failed"]) == (1, [])
    assert commands("check")["problems"] == []


def test_a_deleted_matrix_costs_nothing(two: Path, commands: Commands) -> None:
    before = commands.hits("red", "--channel", "pictures")
    shutil.rmtree(commands.library / "matrix")
    assert commands.hits("red", "--channel", "pictures") == before


def test_a_full_disk_stops_the_run_and_the_next_one_goes_on(
    videos: Path, small_disk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number, colour in enumerate(("red", "blue", "green", "white")):
        film(videos / f"{number}.mp4", colour)
    commands = Commands(small_disk / "library", capsys)
    assert counts(commands("index", videos / "0.mp4"))["indexed"] == 1
    filler = small_disk / "filler"
    fill(filler)
    ran = commands.ran("index", videos)
    assert ran.code == 7, ran
    assert "space" in ran.json["error"]
    assert len(ran.err.splitlines()) == 1
    filler.unlink()
    assert commands("check")["problems"] == []
    assert commands.files("red", "--channel", "pictures", "--limit", 1) == ["0.mp4"]
    report = commands("index", videos)
    assert (report["videos"], report["failed"]) == (4, [])
    assert commands("status")["videos"] == 4
    assert commands("check")["problems"] == []


def test_a_read_only_library_can_be_searched(two: Path, commands: Commands, tmp_path: Path) -> None:
    frozen = mounted(tmp_path / "frozen", "--bind", "-o", "ro", str(commands.library))
    for folder in frozen:
        where = Commands(folder, commands._capsys)
        hit = where.hits("red", "--channel", "pictures", "--limit", 1)[0]
        assert Path(hit["path"]).name == "red.mp4"
        assert Path(hit["thumbnail"]).is_file()
        assert folder not in Path(hit["thumbnail"]).parents
        assert where("status")["videos"] == 2
        assert where("show", two / "red.mp4")["path"] == str(two / "red.mp4")
        for command, argument in (("index", str(two)), ("forget", str(two)), ("check", "--repair")):
            ran = where.ran(command, argument)
            assert ran.code == 7
            assert "read-only" in ran.json["error"]
            assert len(ran.err.splitlines()) == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_that_cannot_be_written(
    videos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tmp_path.chmod(0o500)
    try:
        ran = Commands(tmp_path / "library", capsys).ran("index", videos)
        assert ran.code == 7
        assert "--library" in ran.json["error"]
    finally:
        tmp_path.chmod(0o700)


def test_a_file_where_the_library_should_be(
    videos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "library").write_text("a file")
    ran = Commands(tmp_path / "library", capsys).ran("index", videos)
    assert ran.code == 7
    assert "--library" in ran.json["error"]


def test_a_library_on_a_network_disk_is_refused(
    videos: Path, commands: Commands, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from mediaindex.sources.places import mount_listing

    listing = "\n".join(
        f"{line.partition(' - ')[0]} - nfs4 server:/home rw"
        for line in mount_listing.MOUNTINFO.read_text().splitlines()
    )
    listed = tmp_path / "mountinfo"
    listed.write_text(listing)
    monkeypatch.setattr(mount_listing, "MOUNTINFO", listed)
    ran = commands.ran("index", videos)
    assert ran.code == 7
    assert "nfs4" in ran.json["error"]
    assert "--library" in ran.json["error"]


def test_an_encoder_that_is_not_here(two: Path, commands: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    film(two / "green.mp4", "green")
    ran = commands.ran("index", two, "--encoder", "open_clip:ViT-B-32/laion2b_s34b_b79k")
    assert ran.code == 4
    assert "models" in ran.json["error"]
    monkeypatch.delenv("MEDIAINDEX_ENCODER")
    assert commands("status")["encoder"] == ENCODER
    assert commands("index", two)["indexed"] == 1
    assert commands.files("green", "--channel", "pictures", "--limit", 1) == ["green.mp4"]
