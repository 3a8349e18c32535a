"""Volumes that are mounted, unplugged, and mounted elsewhere."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mediaindex.ingest.reconcile.mounted_volumes import MountedVolumes, recognise
from mediaindex.store.catalog import failures, locations, sources, volumes
from mediaindex.store.catalog.locations import Location
from mediaindex.store.library import Library
from tests.support.drives import Drive
from tests.support.reconciling import learn, written
from tests.support.unreadable import closed


@pytest.fixture
def share(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Drive:
    """A network share, known by its name wherever it is mounted."""
    return Drive(monkeypatch, tmp_path / "shelf")


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Drive:
    """A drive that the system gives no name: another mount point is another volume."""
    return Drive(monkeypatch, tmp_path / "shelf", file_system="exfat", source="/dev/none")


def place(library: Library, path: Path) -> Location:
    with library.read() as connection:
        found = locations.location_at(connection, path)
    assert found is not None
    return found


def test_a_new_volume_is_recorded_once(opened: Library, share: Drive, tmp_path: Path) -> None:
    film = written(share.plug(tmp_path / "a") / "film.mp4", b"film")
    beside = written(tmp_path / "other.mp4", b"other")
    mounted = MountedVolumes(opened)
    number = mounted.volume_id(film)
    assert mounted.volume_id(film.parent) == number
    assert mounted.volume_id(beside) != number
    assert MountedVolumes(opened).volume_id(film) == number
    with opened.read() as connection:
        assert len(volumes.known_volumes(connection)) == 2


def test_a_place_is_mounted_with_its_drive_and_not_with_its_folder(
    opened: Library, share: Drive, tmp_path: Path
) -> None:
    film = written(share.plug(tmp_path / "a") / "film.mp4", b"film")
    learn(opened, film)
    known = place(opened, film)
    film.unlink()
    assert MountedVolumes(opened).is_mounted(known), "the drive is there without the file"
    assert MountedVolumes(opened).would_be_there(film)
    share.unplug()
    (tmp_path / "a").mkdir()
    assert not MountedVolumes(opened).is_mounted(known)
    assert not MountedVolumes(opened).would_be_there(film)
    assert MountedVolumes(opened).would_be_there(tmp_path / "never known.mp4")


def test_a_drive_that_moved_takes_its_places_along(opened: Library, share: Drive, tmp_path: Path) -> None:
    film = written(share.plug(tmp_path / "a") / "films" / "film.mp4", b"film")
    learn(opened, film)
    with opened.write() as connection:
        sources.add_source(connection, film.parent)
    assert recognise(opened) == 0
    share.unplug()
    assert recognise(opened) == 0, "it is nowhere"
    share.plug(tmp_path / "b")
    assert recognise(opened) == 1
    assert recognise(opened) == 0
    moved = tmp_path / "b" / "films" / "film.mp4"
    assert MountedVolumes(opened).is_mounted(place(opened, moved))
    with opened.read() as connection:
        assert [source.path for source in sources.all_sources(connection)] == [moved.parent]


def test_a_nameless_drive_is_recognised_by_the_same_path_below_its_mount_point(
    opened: Library, card: Drive, tmp_path: Path
) -> None:
    film = written(card.plug(tmp_path / "a") / "films" / "film.mp4", b"film")
    learn(opened, film)
    known = place(opened, film)
    card.unplug()
    moved = card.plug(tmp_path / "b") / "films" / "film.mp4"
    other = written(tmp_path / "b" / "other" / "film.mp4", b"film")
    mounted = MountedVolumes(opened)
    assert mounted.is_elsewhere(known, moved)
    assert not mounted.is_elsewhere(known, other)
    assert not mounted.is_elsewhere(known, written(tmp_path / "films" / "film.mp4", b"film"))


def test_a_named_drive_is_never_taken_for_another(opened: Library, share: Drive, tmp_path: Path) -> None:
    film = written(share.plug(tmp_path / "a") / "film.mp4", b"film")
    learn(opened, film)
    known = place(opened, film)
    share.unplug()
    copy = written(tmp_path / "b" / "film.mp4", b"film")
    assert not MountedVolumes(opened).is_elsewhere(known, copy)
    shutil.rmtree(tmp_path / "b")


def test_a_drive_whose_mount_point_cannot_be_read_has_not_moved(
    opened: Library, share: Drive, tmp_path: Path
) -> None:
    """It seems absent and is listed as mounted. To move it to where it is removed its sources and notes."""
    film = tmp_path / "media" / "usb" / "film.mp4"
    film.parents[1].mkdir()
    written(share.plug(film.parent) / film.name, b"film")
    learn(opened, film)
    with opened.write() as connection:
        sources.add_source(connection, film.parent)
        failures.set_skip(connection, film.with_name("song.mp4"), size=1, mtime_ns=2, reason="no film")
    with closed(tmp_path / "media"):
        assert recognise(opened) == 0
        assert not MountedVolumes(opened).is_mounted(place(opened, film))
    with opened.read() as connection:
        assert [source.path for source in sources.all_sources(connection)] == [film.parent]
        assert list(failures.skips(connection, [film.parent])) == [film.with_name("song.mp4")]
    assert MountedVolumes(opened).is_mounted(place(opened, film))
