"""Typed paths: what they are made, and which are refused as a root."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.assembly.paths import absolute_unless_empty, check_root
from mediaindex.errors import UsageError
from mediaindex.sources.path_tree import absolute
from mediaindex.store.library import Library, open_library
from tests.support.commands import Commands, use_these_encoders
from tests.support.films import film

pytestmark = pytest.mark.usefixtures("kept_decoders")


@pytest.fixture
def opened(library: Path) -> Iterator[Library]:
    with open_library(library, create=True) as opened:
        yield opened


def test_a_path_is_absolute_and_begins_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert absolute("videos/../clips") == tmp_path / "clips"
    assert absolute("~/clips") == Path(os.environ["HOME"]) / "clips"
    assert absolute("") == tmp_path


def test_a_link_stays_the_path_that_was_typed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    assert absolute(str(tmp_path / "link")) == tmp_path / "link"


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1))
def test_an_absolute_path_stays_as_it_is(text: str) -> None:
    path = absolute_unless_empty(text)
    assert path.is_absolute()
    assert absolute(str(path)) == path


def test_an_empty_path_is_no_file() -> None:
    with pytest.raises(UsageError, match="empty"):
        absolute_unless_empty("")


def test_a_root_that_exists_is_taken(opened: Library, videos: Path) -> None:
    check_root(opened, videos)


@pytest.mark.parametrize("name", ["", "frames", "vectors/deep"])
def test_a_root_inside_the_library_is_refused(name: str, opened: Library) -> None:
    with pytest.raises(UsageError, match="lies inside the library"):
        check_root(opened, opened.root / name)


def test_a_root_that_is_nowhere_is_refused(opened: Library, videos: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        check_root(opened, videos / "gone")
    (videos / "link").symlink_to(videos / "gone")
    with pytest.raises(UsageError, match="a link to nothing"):
        check_root(opened, videos / "link")


def test_a_root_that_is_known_may_be_unplugged(
    opened: Library, videos: Path, commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_these_encoders(monkeypatch)
    commands("index", film(videos / "drive" / "red.mp4", "red").parent)
    (videos / "drive").rename(videos.parent / "unplugged")
    check_root(opened, videos / "drive")
