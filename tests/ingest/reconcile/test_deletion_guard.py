"""When so much of a root is gone at once that nothing of it is forgotten unasked."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import sqlalchemy as sa

from mediaindex.ingest.reconcile import deletion_guard
from mediaindex.ingest.reconcile.long_gone import long_gone
from mediaindex.store import forgetting
from mediaindex.store.catalog import sources
from mediaindex.store.catalog.schema import location
from mediaindex.store.library import Library
from tests.support.drives import mounted
from tests.support.reconciling import automatic, learn, written


@pytest.fixture
def videos(tmp_path: Path, opened: Library) -> Path:
    """A source with twenty known files."""
    folder = tmp_path / "videos"
    for number in range(20):
        learn(opened, written(folder / f"{number:02}.mp4", b"%d" % number))
    with opened.write() as connection:
        sources.add_source(connection, folder)
    return folder


def delete(folder: Path, count: int) -> None:
    for path in sorted(folder.iterdir())[:count]:
        path.rename(folder.parent / f"deleted {path.name}")


def put_back(folder: Path, count: int) -> None:
    for path in sorted(folder.parent.glob("deleted *"))[:count]:
        path.rename(folder / path.name.removeprefix("deleted "))


def held_since(opened: Library) -> float | None:
    with opened.read() as connection:
        (source,) = sources.all_sources(connection)
    return source.held_since


def purged(opened: Library, before: float) -> int:
    gone = long_gone(opened, before=before)
    with opened.write() as connection:
        return len(forgetting.purge_missing(connection, gone))


@pytest.mark.parametrize(("count", "is_held"), [(2, False), (3, True), (20, True)])
def test_more_than_a_tenth_at_once_holds(opened: Library, videos: Path, count: int, is_held: bool) -> None:
    delete(videos, count)
    assert automatic(opened, videos).findings.held == ([videos] if is_held else [])
    assert (held_since(opened) is not None) is is_held
    assert purged(opened, before=1e12) == (0 if is_held else count)


def test_two_of_three_do_not_hold(opened: Library, videos: Path) -> None:
    with opened.write() as connection:
        forgetting.forget(connection, sorted(videos.iterdir())[3:], at=1.0)
    delete(videos, 2)
    assert automatic(opened, videos).findings.held == []


def test_a_folder_that_is_gone_altogether_holds(opened: Library, videos: Path) -> None:
    shutil.move(videos, videos.parent / "elsewhere")
    assert automatic(opened, videos).findings.held == [videos]
    shutil.move(videos.parent / "elsewhere", videos)
    assert automatic(opened, videos).findings.held == []
    assert held_since(opened) is None


def test_many_small_changes_count_as_one(opened: Library, videos: Path) -> None:
    for number in range(3):
        path = videos / f"{number:02}.mp4"
        path.unlink()
        automatic(opened, path, sources=[videos])
    assert held_since(opened) is not None


def test_what_vanished_long_ago_does_not_hold(opened: Library, videos: Path) -> None:
    delete(videos, 2)
    automatic(opened, videos)
    with opened.write() as connection:
        long_ago = sa.update(location).where(location.c.missing_since.is_not(None)).values(missing_since=1.0)
        connection.execute(long_ago)
    delete(videos, 1)
    assert automatic(opened, videos).findings.held == []


def test_files_that_are_back_release_and_the_rest_has_its_time_from_then(
    opened: Library, videos: Path
) -> None:
    delete(videos, 4)
    automatic(opened, videos)
    since = held_since(opened)
    assert since is not None
    with opened.write() as connection:
        connection.execute(
            sa.update(location).where(location.c.missing_since.is_not(None)).values(missing_since=1.0)
        )
    put_back(videos, 1)
    assert automatic(opened, videos).findings.held == [videos]
    assert held_since(opened) == since
    put_back(videos, 2)
    assert automatic(opened, videos).findings.held == []
    assert held_since(opened) is None
    assert purged(opened, before=since) == 0
    assert purged(opened, before=1e12) == 1


def test_what_the_user_forgets_releases(opened: Library, videos: Path) -> None:
    delete(videos, 5)
    automatic(opened, videos)
    with opened.write() as connection:
        forgetting.forget_missing(connection, videos, at=1.0)
    assert deletion_guard.review(opened, [videos], 2.0) == []
    assert held_since(opened) is None


def test_an_empty_mount_point_holds_whatever_the_number(opened: Library, tmp_path: Path) -> None:
    """A share that mounts empty: the volume is there, and nothing on it."""
    folder = tmp_path / "share"
    folder.mkdir()
    with mounted("-t", "tmpfs", "none", folder):
        learn(opened, written(folder / "a.mp4", b"a"))
        with opened.write() as connection:
            sources.add_source(connection, folder)
        (folder / "a.mp4").unlink()
        assert automatic(opened, folder).findings.held == [folder]
        written(folder / "other.mp4", b"b")
        assert automatic(opened, folder).findings.held == []


def test_only_the_sources_of_a_pass_are_looked_at(opened: Library, videos: Path, tmp_path: Path) -> None:
    with opened.write() as connection:
        sources.add_source(connection, tmp_path / "other")
        for path in (videos, tmp_path / "other"):
            sources.hold(connection, path, 1.0)
    automatic(opened, videos / "00.mp4", sources=[videos])
    with opened.read() as connection:
        since = {found.path: found.held_since for found in sources.all_sources(connection)}
    assert since == {videos: None, tmp_path / "other": 1.0}


def test_holding_is_told_once(opened: Library, videos: Path, caplog: pytest.LogCaptureFixture) -> None:
    delete(videos, 4)
    for _ in range(2):
        automatic(opened, videos)
    (told,) = caplog.messages
    assert told.startswith(f"4 of the 20 files below {videos} are gone at once")
    assert f"'mediaindex sources confirm {videos}'" in told
