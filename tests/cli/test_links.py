"""Folders that are links: every command means the same files by every name."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.support.commands import Commands, counts
from tests.support.films import film


@pytest.fixture
def real(tmp_path: Path) -> Path:
    """A folder on "another disk", with a film at its top and one below."""
    folder = tmp_path / "disk" / "films"
    film(folder / "red.mp4", "red")
    film(folder / "deep" / "blue.mp4", "blue")
    return folder


@pytest.fixture(params=["the folder", "a folder above", "a folder below, both ways"])
def names(request: pytest.FixtureRequest, real: Path, tmp_path: Path) -> tuple[Path, Path]:
    """(the name that the folder is indexed by, another name of it)."""
    match request.param:
        case "the folder":
            (tmp_path / "Videos").symlink_to(real)
            return tmp_path / "Videos", real
        case "a folder above":
            (tmp_path / "var").symlink_to(real.parent)
            return tmp_path / "var" / "films", real
        case _:
            (tmp_path / "Videos").symlink_to(real)
            (tmp_path / "more").symlink_to(tmp_path / "Videos")
            return real, tmp_path / "more"


@pytest.fixture
def other(names: tuple[Path, Path], commands: Commands, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The other name of an indexed folder, in which the user stands."""
    commands("index", names[0])
    monkeypatch.chdir(names[1])
    return names[1]


def files(rows: list[dict[str, Any]]) -> set[str]:
    return {row["path"] for row in rows}


def test_readers(names: tuple[Path, Path], other: Path, commands: Commands) -> None:
    stored = names[0]
    both = {str(stored / "red.mp4"), str(stored / "deep" / "blue.mp4")}
    for within in (".", other, stored):
        assert files(commands.hits("red", "--channel", "pictures", "--in", within)) == both
    for within in ("deep", other / "deep" / "blue.mp4"):
        hits = commands.hits("red", "--channel", "pictures", "--in", within)
        assert files(hits) == {str(stored / "deep" / "blue.mp4")}
    for path in ("red.mp4", other / "red.mp4", stored / "red.mp4"):
        assert commands("show", path)["path"] == str(stored / "red.mp4")
        found = commands("similar", path)["hits"]
        assert files(found) == {str(stored / "deep" / "blue.mp4")}


def test_a_pass_finds_nothing_new(names: tuple[Path, Path], other: Path, commands: Commands) -> None:
    assert counts(commands("index", ".")) == {"videos": 2, "unchanged": 2}
    assert counts(commands("watch", ".", "--once")) == {"videos": 2, "unchanged": 2}
    assert counts(commands("index", other, names[0], "deep")) == {"videos": 2, "unchanged": 2}
    assert counts(commands("index", "red.mp4")) == {"videos": 1, "unchanged": 1}
    film(other / "green.mp4", "green")
    assert counts(commands("index", other / "green.mp4")) == {"videos": 1, "indexed": 1, "decoded": 1}
    assert commands("show", names[0] / "green.mp4")["online"]
    sources = files(commands("sources", "list")["sources"])
    assert sources == {str(names[0]), str(names[0] / "deep")}


def test_sources(names: tuple[Path, Path], other: Path, commands: Commands) -> None:
    assert files(commands("sources", "add", other, "--thumbnails", "none")["sources"]) == {str(names[0])}
    assert commands.hits("red")[0]["thumbnail"] is None
    commands("sources", "confirm", ".")
    forgotten = commands("sources", "remove", ".", "--forget")
    assert (forgotten["sources"], len(forgotten["forgotten"])) == ([], 2)


def test_forgetting(names: tuple[Path, Path], other: Path, commands: Commands) -> None:
    stored = str(names[0] / "red.mp4")
    assert commands("forget", "red.mp4")["forgotten"] == [stored]
    assert stored not in files(commands.hits("red"))
    assert commands("forget", "--undo", other / "red.mp4")["restored"] == [stored]
    assert len(commands("forget", "--dry-run", ".")["forgotten"]) == 2
    (other / "broken.mkv").write_bytes(b"\x1a\x45\xdf\xa3" + bytes(500))
    commands("index", ".", code=None)
    assert commands("retry", "broken.mkv", code=None)["failed"][0]["path"] == str(names[0] / "broken.mkv")


def test_a_link_within_a_source(real: Path, videos: Path, commands: Commands) -> None:
    """The scan follows it, and names its files by it."""
    (videos / "usb").symlink_to(real)
    commands("index", videos)
    assert commands("show", real / "red.mp4")["path"] == str(videos / "usb" / "red.mp4")
    assert len(commands.hits("red", "--channel", "pictures", "--in", real)) == 2
    assert commands("forget", real / "red.mp4")["forgotten"] == [str(videos / "usb" / "red.mp4")]


def test_a_film_that_lies_in_no_source(real: Path, tmp_path: Path, commands: Commands) -> None:
    (tmp_path / "Videos").symlink_to(real)
    commands("index", tmp_path / "Videos" / "red.mp4")
    assert counts(commands("index", real / "red.mp4")) == {"videos": 1, "unchanged": 1}
    assert commands("show", real / "red.mp4")["path"] == str(tmp_path / "Videos" / "red.mp4")


def test_a_folder_above_what_links_lead_to(real: Path, tmp_path: Path, commands: Commands) -> None:
    for name in ("one", "two"):
        film(real / name / f"{name}.mp4", "green" if name == "one" else "white")
        (tmp_path / name).symlink_to(real / name)
        commands("index", tmp_path / name)
    hits = commands.hits("green", "--channel", "pictures", "--in", real)
    assert files(hits) == {str(tmp_path / name / f"{name}.mp4") for name in ("one", "two")}
    assert len(commands("forget", real)["forgotten"]) == 2


def test_two_sources_of_one_folder(real: Path, tmp_path: Path, commands: Commands) -> None:
    """As an older version made them."""
    from mediaindex.store.catalog import sources
    from mediaindex.store.library import open_library

    (tmp_path / "Videos").symlink_to(real)
    commands("index", tmp_path / "Videos")
    with open_library(commands.library) as library, library.write() as connection:
        sources.add_source(connection, real)
    commands("index", real)
    commands("forget", tmp_path / "Videos" / "red.mp4")
    assert "red.mp4" not in commands.files("red")


def test_a_file_that_is_a_link_keeps_its_name(real: Path, videos: Path, commands: Commands) -> None:
    (videos / "alias.mp4").symlink_to(real / "red.mp4")
    commands("index", videos)
    assert commands("show", videos / "alias.mp4")["path"] == str(videos / "alias.mp4")
    assert commands.ran("show", real / "red.mp4").code == 2


def test_a_library_that_is_a_link(videos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    film(videos / "red.mp4", "red")
    linked, plain = (Commands(tmp_path / name, capsys) for name in ("link", "elsewhere"))
    linked("index", videos)
    assert counts(plain("index", videos)) == {"videos": 1, "unchanged": 1}
    assert plain.files("red") == linked.files("red") == ["red.mp4"]
    for root, commands in ((tmp_path / "elsewhere", linked), (tmp_path / "link" / "frames", plain)):
        ran = commands.ran("index", root)
        assert ran.code == 2
        assert "inside the library" in ran.json["error"]
    os.symlink(tmp_path / "elsewhere", videos / "library")
    assert counts(linked("index", videos)) == {"videos": 1, "unchanged": 1}
