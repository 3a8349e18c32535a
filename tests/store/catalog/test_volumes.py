"""The rows of a volume that is mounted at another place."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from mediaindex.store.catalog import failures, locations, sources
from mediaindex.store.catalog import volumes as volume_rows
from mediaindex.store.catalog.failures import Failure
from mediaindex.store.catalog.schema import location
from mediaindex.store.catalog.volumes import KnownVolume
from mediaindex.store.library import Library
from tests.support.small_library import AddVideo

OLD, NEW, INNER = Path("/media/old"), Path("/mnt/new"), Path("/media/old/inner")


@pytest.fixture
def disk(opened: Library, add_video: AddVideo) -> KnownVolume:
    """A volume at OLD with one video, and another mounted inside it with one too."""
    add_video("/media/old/a.mp4", seed=1)
    add_video("/media/old/inner/b.mp4", seed=2)
    with opened.write() as connection:
        disk = volume_rows.ensure_volume(connection, uid="disk", label="Disk", mount_point=OLD)
        inner = volume_rows.ensure_volume(connection, uid="inner", label=None, mount_point=INNER)
        for path, number in (("/media/old/a.mp4", disk), ("/media/old/inner/b.mp4", inner)):
            here = location.c.path == Path(path)
            connection.execute(sa.update(location).where(here).values(volume_id=number))
    return KnownVolume(disk, "disk", OLD)


def rows(opened: Library) -> set[tuple[str, bool]]:
    """(path, whether it has content) of every place."""
    with opened.read() as connection:
        every = locations.locations_below(connection, [Path("/")]).values()
    return {(str(row.path), row.content is not None) for row in every}


def test_every_path_of_the_volume_follows_it(opened: Library, disk: KnownVolume) -> None:
    with opened.write() as connection:
        for name in ("bad.mp4", "inner/bad.mp4"):
            failures.set_failure(
                connection, Failure(OLD / name, "probe", "dead", 1, None, "text", 5, 6, "one")
            )
        failures.set_skip(connection, OLD / "song.mp4", size=1, mtime_ns=2, reason="no film")
        for root in (OLD, OLD / "films", INNER, Path("/media/older")):
            sources.add_source(connection, root)
        volume_rows.move_volume(connection, disk, NEW)
    assert rows(opened) == {("/mnt/new/a.mp4", True), ("/media/old/inner/b.mp4", True)}
    with opened.read() as connection:
        assert set(failures.failures(connection)) == {NEW / "bad.mp4", INNER / "bad.mp4"}
        assert set(failures.skips(connection, [Path("/")])) == {NEW / "song.mp4"}
        roots = [source.path for source in sources.all_sources(connection)]
        assert roots == [NEW, NEW / "films", INNER, Path("/media/older")]
        known = {volume.uid: volume.mount_point for volume in volume_rows.known_volumes(connection)}
        assert (known["disk"], known["inner"]) == (NEW, INNER)


def test_what_the_catalog_names_there_already_stays(opened: Library, disk: KnownVolume) -> None:
    with opened.write() as connection:
        (old,) = locations.locations_below(connection, [OLD / "a.mp4"]).values()
        values = {"volume_id": disk.id, "size": 1, "mtime_ns": 1, "confirmed": True}
        locations.place(connection, NEW / "a.mp4", video_id=old.content, **values)
        for root in (OLD, NEW):
            sources.add_source(connection, root, thumbnails="none" if root == OLD else "library")
        volume_rows.move_volume(connection, disk, NEW)
        (row,) = locations.locations_below(connection, [NEW]).values()
        assert row.id != old.id
        (source,) = sources.all_sources(connection)
        assert (source.path, source.thumbnails) == (NEW, "none")


def test_a_tombstone_gives_way(opened: Library, disk: KnownVolume) -> None:
    with opened.write() as connection:
        values = {"volume_id": disk.id, "size": 1, "mtime_ns": 1, "confirmed": True, "forgotten_at": 1.0}
        locations.place(connection, NEW / "a.mp4", **values)
        volume_rows.move_volume(connection, disk, NEW)
    assert rows(opened) == {("/mnt/new/a.mp4", True), ("/media/old/inner/b.mp4", True)}


def test_the_root_of_another_machine(opened: Library, add_video: AddVideo) -> None:
    add_video("/home/me/a.mp4")
    with opened.write() as connection:
        (root,) = volume_rows.known_volumes(connection)
        assert root.mount_point == Path("/")
        volume_rows.move_volume(connection, root, Path("/mnt/old machine"))
    assert rows(opened) == {("/mnt/old machine/home/me/a.mp4", True)}
    with opened.write() as connection:
        (there,) = volume_rows.known_volumes(connection)
        volume_rows.move_volume(connection, there, Path("/"))
    assert rows(opened) == {("/home/me/a.mp4", True)}


def test_the_volume_of_a_name() -> None:
    volumes = [KnownVolume(1, "root", Path("/")), KnownVolume(2, "disk", OLD), KnownVolume(3, "x", INNER)]
    found = [volume_rows.volume_holding(volumes, path) for path in (Path("/a"), OLD, OLD / "a", INNER / "a")]
    assert [volume.id for volume in found if volume is not None] == [1, 2, 2, 3]
    assert volume_rows.volume_holding(volumes[1:], Path("/media/older/a")) is None
