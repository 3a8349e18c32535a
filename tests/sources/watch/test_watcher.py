"""The watcher on real folders: once told by the kernel, once by polling."""

from __future__ import annotations

import os
import shutil
import threading
import time
from pathlib import Path

import pytest

from mediaindex.sources.rules import Rules
from tests.support.watching import QUIET, Watching, put


def test_a_new_a_changed_and_a_deleted_file_are_told(kind: str, watch: Watching, root: Path) -> None:
    here = watch(root)
    assert (here.watcher.observed[root] is None) == (kind == "kernel")
    film = put(root / "film.mp4")
    here.told(film)
    here.settle()
    with film.open("ab") as file:
        file.write(b"more")
    here.told(film)
    here.settle()
    film.unlink()
    here.told(film)
    assert here.paths == [film]


@pytest.mark.usefixtures("kind")
def test_a_slow_copy_is_told_once_it_is_complete(watch: Watching, root: Path) -> None:
    here = watch(root)
    film = root / "film.mp4"
    with film.open("wb", buffering=0) as file:
        for _ in range(20):
            file.write(b"piece")
            paused = time.monotonic()
            here.take(QUIET / 4)
            if here.paths:  # this machine was busy for longer than the quiet time
                assert time.monotonic() - paused >= QUIET
                here.forget()
        file.write(b"end")
    here.told(film)
    here.until(lambda: not here.watcher.unsettled())
    assert set(here.paths) == {film}


@pytest.mark.usefixtures("kind")
def test_an_atomic_save_is_told_by_its_final_name(watch: Watching, root: Path) -> None:
    film = put(root / "film.mp4")
    here = watch(root)
    put(root / "film.mp4.tmp", b"longer content").rename(film)
    here.told(film)
    assert here.paths == [film]


@pytest.mark.usefixtures("kind")
def test_moves_in_out_and_within_are_told(watch: Watching, root: Path, tmp_path: Path) -> None:
    outside = put(tmp_path / "outside.mp4")
    here = watch(root)
    inside = outside.rename(root / "in.mp4")
    here.told(inside)
    here.settle()
    moved = root / "other.mp4"
    inside.rename(moved)
    here.told(inside, moved)
    here.settle()
    moved.rename(outside)
    here.told(moved)


@pytest.mark.usefixtures("kind")
def test_folders_that_are_moved_in_renamed_and_moved_out_are_told(
    watch: Watching, root: Path, tmp_path: Path
) -> None:
    put(tmp_path / "trip/day 1/film.mp4")
    here = watch(root)
    (tmp_path / "trip").rename(root / "trip")
    here.told(root / "trip/day 1/film.mp4")
    here.settle()
    (root / "trip").rename(root / "holiday")
    here.told(root / "trip", root / "holiday")
    here.settle()
    late = put(root / "holiday/day 1/late.mp4")
    here.told(late)
    here.settle()
    (root / "holiday").rename(tmp_path / "gone")
    here.told(root / "holiday")
    here.settle()
    put(tmp_path / "gone/day 1/film.mp4", b"changed where nobody looks")
    put(root / "last.mp4")
    here.told(root / "last.mp4")
    assert not any((path / "film.mp4").exists() for path in here.paths if path != root / "last.mp4")


@pytest.mark.usefixtures("kind")
def test_a_folder_that_took_the_name_of_one_moved_away_is_told(
    watch: Watching, root: Path, tmp_path: Path
) -> None:
    put(root / "trip/day 1/old.mp4")
    here = watch(root)
    (root / "trip").rename(tmp_path / "away")
    here.told(root / "trip")
    put(root / "trip/day 1/new.mp4")
    here.told(root / "trip/day 1/new.mp4")
    here.settle()
    (tmp_path / "away/day 1").rename(root / "day 1")
    here.told(root / "day 1/old.mp4")
    here.settle()
    late = put(root / "trip/day 1/late.mp4")
    here.told(late)


@pytest.mark.usefixtures("kind")
def test_a_folder_deleted_after_it_was_moved_away_is_nobodys(
    watch: Watching, root: Path, tmp_path: Path
) -> None:
    put(root / "trip/film.mp4")
    here = watch(root)
    (root / "trip").rename(tmp_path / "away")
    here.told(root / "trip")
    put(root / "trip/film.mp4")
    here.told(root / "trip/film.mp4")
    shutil.rmtree(root / "trip")
    here.settle()
    shutil.rmtree(tmp_path / "away")
    late = put(root / "late.mp4")
    here.told(late)
    assert here.rescan == {}  # its observer lives


@pytest.mark.usefixtures("kind")
def test_a_tree_that_is_copied_in_and_deleted_is_told(watch: Watching, root: Path, tmp_path: Path) -> None:
    films = [put(tmp_path / f"tree/{n % 3}/{n % 7}/{n}.mp4") for n in range(100)]
    here = watch(root)
    shutil.copytree(tmp_path / "tree", root / "tree")
    here.told(*[root / film.relative_to(tmp_path) for film in films])
    here.settle()
    shutil.rmtree(root / "tree")
    here.told(root / "tree")


@pytest.mark.usefixtures("kind")
def test_what_is_passed_over_is_not_told(watch: Watching, root: Path) -> None:
    library = root / "library"
    put(library / "library.sqlite-wal")
    rules = Rules(exclude=["private", "trip/raw/*"], apart=[library])
    here = watch(root, rules=rules)
    for name in ("a.part", ".hidden/x.mp4", "private/x.mp4", "trip/raw/x.mp4", "picture.jpg", "@eaDir/x.mp4"):
        put(root / name)
    put(library / "library.sqlite-wal", b"more")
    put(root / "film.mp4")
    here.told(root / "film.mp4")
    here.until(lambda: not here.watcher.unsettled())
    assert set(here.paths) <= {root / "film.mp4", root / "trip", root / "trip/raw"}
    assert not here.rescan


@pytest.mark.usefixtures("kind")
def test_a_changed_ignore_file_has_its_folder_looked_at(watch: Watching, root: Path) -> None:
    put(root / "trip/film.mp4")
    here = watch(root)
    put(root / "trip/.mediaindexignore", b"*.mov\n")
    here.told(root / "trip")
    here.settle()
    put(root / "trip/raw.mov")
    put(root / "trip/film.mp4", b"changed")
    here.told(root / "trip/film.mp4")
    assert root / "trip/raw.mov" not in here.paths
    here.settle()
    put(root / ".mediaindexignore", b"!*.mov\n")
    assert "mediaindexignore" in here.rescanned(root)


@pytest.mark.usefixtures("kind")
def test_a_subtitle_has_its_films_looked_at(watch: Watching, root: Path) -> None:
    film, other = put(root / "Harbour.mp4"), put(root / "Market.mp4")
    here = watch(root)
    subtitle = put(root / "harbour.en.srt")
    here.told(film)
    here.settle()
    subtitle.unlink()
    here.told(film)
    assert other not in here.paths


@pytest.mark.usefixtures("kind")
def test_links_are_told_when_they_appear(watch: Watching, root: Path, tmp_path: Path) -> None:
    film = put(tmp_path / "elsewhere/film.mp4")
    here = watch(root)
    (root / "link.mp4").symlink_to(film)
    (root / "hard.mp4").hardlink_to(film)
    here.told(root / "link.mp4", root / "hard.mp4")
    (root / "folder").symlink_to(film.parent)
    assert "link" in here.rescanned(root)


@pytest.mark.usefixtures("kind")
def test_overlapping_roots_are_watched_once_and_told_once(watch: Watching, root: Path) -> None:
    inner = root / "inner"
    inner.mkdir()
    here = watch(inner, root)
    assert sum(found.observation is not None for found in here.watcher._roots._roots.values()) == 1
    film = put(inner / "film.mp4")
    here.told(film)
    here.settle()
    here.watcher.remove(root)
    put(root / "outer.mp4")
    film.write_bytes(b"changed")
    here.told(film)
    assert root / "outer.mp4" not in here.paths


@pytest.mark.usefixtures("kind")
def test_a_root_is_added_and_removed_while_it_runs(watch: Watching, root: Path, tmp_path: Path) -> None:
    here = watch(root)
    more = tmp_path / "more"
    more.mkdir()
    here.watcher.add(more)
    here.rescanned(more)
    film = put(more / "film.mp4")
    here.told(film)
    here.settle()
    here.watcher.remove(more)
    film.unlink()
    last = put(root / "last.mp4")
    here.told(last)
    assert here.paths == [last]
    assert set(here.watcher.observed) == {root}


@pytest.mark.usefixtures("kind")
def test_a_root_that_vanishes_and_returns_is_watched_again(watch: Watching, root: Path) -> None:
    here = watch(root)
    root.rename(root.with_name("away"))
    assert here.rescanned(root) == "it is gone"
    assert "not there" in str(here.watcher.observed[root])
    root.with_name("away").rename(root)
    assert here.rescanned(root) == "it is there again"
    here.told(put(root / "film.mp4"))


@pytest.mark.usefixtures("kind")
def test_a_root_that_is_replaced_is_watched_again(watch: Watching, root: Path) -> None:
    here = watch(root)
    root.rename(root.with_name("old"))
    root.mkdir()
    here.rescanned(root)
    here.until(lambda: here.watcher.observed[root] is None or "polled" in str(here.watcher.observed[root]))
    here.settle()
    here.told(put(root / "film.mp4"))


@pytest.mark.usefixtures("kind")
def test_a_root_that_is_a_file_is_watched_alone(watch: Watching, root: Path) -> None:
    film = put(root / "odd.txt")
    here = watch(film)
    put(root / "beside.mp4")
    put(root / "new", b"another").rename(film)
    here.told(film)
    here.settle()
    film.unlink()
    assert here.rescanned(film) == "it is gone"
    put(film)
    assert here.rescanned(film) == "it is there again"


@pytest.mark.usefixtures("kind")
def test_a_root_that_is_a_link_is_told_by_the_name_it_was_given(
    watch: Watching, root: Path, tmp_path: Path
) -> None:
    alias = tmp_path / "alias"
    alias.symlink_to(root)
    here = watch(alias)
    put(root / "deep/film.mp4")
    here.told(alias / "deep/film.mp4")
    other = tmp_path / "other"
    other.mkdir()
    alias.unlink()
    alias.symlink_to(other)
    here.rescanned(alias)
    here.settle()
    put(other / "second.mp4")
    here.told(alias / "second.mp4")


@pytest.mark.usefixtures("kind")
@pytest.mark.parametrize("name", ["line\nbreak.mp4", os.fsdecode(b"caf\xe9.mp4"), "-i.mp4", "[x] *?.mp4"])
def test_names_of_any_kind_are_told(watch: Watching, root: Path, name: str) -> None:
    here = watch(root)
    here.told(put(root / name))
    assert here.paths == [root / name]


def test_a_wait_can_be_ended_and_a_path_be_noted_by_hand(watch: Watching, root: Path) -> None:
    here = watch(root)
    waker = threading.Thread(target=here.watcher.wake)
    waker.start()
    assert not here.watcher.wait(3600.0)
    waker.join()
    film = put(root.parent / "behind a link.mp4")
    here.watcher.note(film)
    here.watcher.note(root / "film.mp4")
    assert here.watcher.unsettled() == {film, root / "film.mp4"}
    here.told(root / "film.mp4")
    assert here.paths == [root / "film.mp4"]


def test_a_subtitle_whose_folder_is_gone_concerns_nobody(watch: Watching, root: Path) -> None:
    here = watch(root)
    here.watcher.note(root / "gone/film.srt")
    here.watcher.note(root / "film.mp4")
    here.told(root / "film.mp4")
    assert here.paths == [root / "film.mp4"]
