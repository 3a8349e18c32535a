"""What lies below what, by names alone: the same for text and paths, whatever the names hold."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.sources.path_tree import absolute, innermost, lies_below, outermost, overlap
from tests.support.path_names import nested_paths

names = st.text(st.characters(blacklist_characters="/\0", codec="utf-8"), min_size=1, max_size=5).filter(
    lambda name: name not in (".", "..")
)
any_paths = st.lists(names, max_size=4).map(lambda parts: Path("/", *parts))


@given(any_paths, any_paths)
def test_below_is_what_the_standard_library_calls_relative(path: Path, folder: Path) -> None:
    assert lies_below(path, folder) == path.is_relative_to(folder)
    assert lies_below(str(path), str(folder)) == lies_below(path, folder)


@given(any_paths, names)
def test_whatever_is_joined_to_a_folder_lies_below_it_and_not_the_reverse(folder: Path, name: str) -> None:
    assert lies_below(folder / name, folder)
    assert not lies_below(folder, folder / name)
    assert lies_below(folder, folder)


@pytest.mark.parametrize("sibling", ["/videos2", "/videos.mp4", "/video", "/", "/other/videos"])
def test_a_name_that_begins_alike_is_not_below(sibling: str) -> None:
    assert not lies_below(sibling, "/videos")


def test_everything_lies_below_the_root() -> None:
    assert lies_below("/", "/")
    assert lies_below("/videos/a.mp4", "/")


def test_a_name_that_is_no_utf8_is_compared_like_any_other() -> None:
    folder = Path(os.fsdecode(b"/videos/caf\xe9"))
    assert lies_below(folder / "a.mp4", folder)
    assert not lies_below(Path("/videos/café/a.mp4"), folder)


@given(any_paths, any_paths)
def test_two_paths_overlap_in_either_order(one: Path, other: Path) -> None:
    assert overlap(one, other) == overlap(other, one) == (lies_below(one, other) or lies_below(other, one))


@given(st.sets(nested_paths))
def test_the_outermost_hold_all_and_none_holds_another(found: set[str]) -> None:
    kept = outermost(found)
    assert all(any(lies_below(path, holder) for holder in kept) for path in found)
    assert not any(lies_below(one, other) for one in kept for other in kept if one != other)


@given(st.sets(nested_paths))
def test_the_outermost_are_the_same_for_text_and_paths(found: set[str]) -> None:
    assert outermost(map(Path, found)) == list(map(Path, outermost(found)))


def test_a_folder_holds_its_files_though_another_name_sorts_between_them() -> None:
    assert outermost(["/v/a/1", "/v/a b", "/v/a"]) == ["/v/a", "/v/a b"]


def test_a_typed_path_is_absolute_and_knows_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/somebody")
    assert absolute("~/videos/../films") == Path("/home/somebody/films")
    assert absolute("a/./b") == tmp_path / "a/b"
    assert absolute(Path("/v")) == Path("/v")


def test_a_link_in_a_typed_path_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/nowhere")
    assert absolute(str(tmp_path / "link" / "a.mp4")) == tmp_path / "link" / "a.mp4"


def test_the_innermost_folder_counts() -> None:
    folders = [Path("/"), Path("/videos"), Path("/videos/trip"), Path("/video")]
    assert innermost(Path("/videos/trip/a.mp4"), folders) == Path("/videos/trip")
    assert innermost(Path("/videos/trip"), folders) == Path("/videos/trip")
    assert innermost("/videos/trips", ["/videos/trip", "/videos"]) == "/videos"
    assert innermost(Path("/a"), folders[1:]) is None
