"""The library in a folder: none, one that appears, and another in its place."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from mediaindex.errors import StoreError
from mediaindex.store.layout import DATABASE
from mediaindex_tui.finder.library import CurrentLibrary
from tests.support.commands import index_quietly
from tests.support.films import film


@pytest.fixture
def current(library: Path) -> Iterator[CurrentLibrary]:
    made = CurrentLibrary(library)
    yield made
    made.close()


def test_a_library_is_opened_once(current: CurrentLibrary) -> None:
    here = current.now()
    assert here is not None
    assert here is current.now()
    assert (here.contents.videos, here.contents.segments) == (2, 5)


def test_a_library_that_appears_is_taken_up_and_one_that_goes_is_let_go(
    library: Path, tmp_path: Path
) -> None:
    current = CurrentLibrary(tmp_path / "later")
    assert current.now() is None
    assert not (tmp_path / "later").exists()
    shutil.copytree(library, tmp_path / "later")
    here = current.now()
    assert here is not None
    shutil.rmtree(tmp_path / "later")
    assert current.now() is None


def test_another_library_in_its_place_is_another(
    current: CurrentLibrary, library: Path, tmp_path: Path
) -> None:
    before = current.now()
    other = shutil.copytree(library, tmp_path / "other")
    shutil.rmtree(library)
    other.rename(library)
    after = current.now()
    assert after is not None
    assert after is not before
    assert after.contents.videos == 2


def test_what_came_is_counted_and_the_generation_rises(
    current: CurrentLibrary, library: Path, tmp_path: Path
) -> None:
    here = current.now()
    assert here is not None
    generation = here.generation
    assert here.generation == generation
    index_quietly(library, film(tmp_path / "new" / "cat.mp4", "red"))
    assert here.contents.videos == 3
    assert here.generation > generation


def test_names_are_those_below_a_source(current: CurrentLibrary, films: Path) -> None:
    here = current.now()
    assert here is not None
    assert here.name(films / "Holiday" / "flag.mp4") == "Holiday/flag.mp4"
    assert here.name(Path("/elsewhere/sea.mp4")) == "sea.mp4"
    assert here.name(films / "a\nb.mp4") == r"a\nb.mp4"


def test_a_damaged_library_is_said(library: Path) -> None:
    (library / DATABASE).write_bytes(b"no database" * 1000)
    with pytest.raises(StoreError):
        CurrentLibrary(library).now()
