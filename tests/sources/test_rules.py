"""What is passed over below a root: by name, by path, and by the ignore files on the way."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.sources.ignore_file import IGNORE_FILE
from mediaindex.sources.rules import Rules, Scopes


@pytest.mark.parametrize(
    ("exclude", "path", "refused"),
    [
        ("b/c", "/v/b/c", True),
        ("b/c/", "/v/b/c", True),
        ("/v/b", "/v/b", True),
        ("b/*", "/v/b/c", True),
        ("b/c", "/v/a/b/c", False),
        ("v/b", "/v/b", False),
        ("B/C", "/v/b/c", True),
        ("private", "/v/private", False),  # a rule for names, which is asked apart
    ],
)
def test_a_glob_with_a_slash_is_compared_with_the_path_from_the_root_or_whole(
    exclude: str, path: str, refused: bool
) -> None:
    assert Rules(exclude=[exclude]).refuse_path(path, "/v") is refused


def test_a_glob_without_a_slash_is_compared_with_every_name() -> None:
    rules = Rules(exclude=["proxy_*", "raw/"])
    assert rules.refuse_name("Proxy_1.mov")
    assert rules.refuse_name("RAW")
    assert rules.refuse_name(".hidden")
    assert not rules.refuse_name("raw.mov")
    assert not Rules(not_media=()).refuse_name(".hidden")


def test_a_folder_apart_is_known_by_its_real_path(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "library")
    rules = Rules(apart=[tmp_path / "link"])
    assert rules.refuse_path(str(tmp_path / "library"), str(tmp_path))
    assert not rules.refuse_path(str(tmp_path / "library2"), str(tmp_path))


def test_nothing_below_a_refused_folder_is_taken_back(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / IGNORE_FILE).write_text("raw/\n!raw/film.mp4\n")
    scopes = Scopes(Rules(), [str(tmp_path)])
    assert scopes.of(str(tmp_path)) is not None
    assert scopes.of(str(tmp_path / "raw")) is None
    assert scopes.of(str(tmp_path / "raw/deeper")) is None
    assert not scopes.admit(str(tmp_path / "raw/film.mp4"), is_folder=False)
    assert scopes.admit(str(tmp_path / "film.mp4"), is_folder=False)


def test_a_root_is_admitted_whatever_lies_above_it(tmp_path: Path) -> None:
    (tmp_path / IGNORE_FILE).write_text("*\n")
    inner = str(tmp_path / ".hidden/inner")
    scopes = Scopes(Rules(), [str(tmp_path), inner])
    assert scopes.admit(inner, is_folder=True)
    assert scopes.admit(f"{inner}/film.mp4", is_folder=False)
    assert not scopes.admit(str(tmp_path / ".hidden/film.mp4"), is_folder=False)


def test_what_lies_below_no_root_is_not_admitted() -> None:
    scopes = Scopes(Rules(), ["/videos"])
    assert scopes.of("/videos2") is None
    assert scopes.of("/") is None
    assert not scopes.admit("/videos2/film.mp4", is_folder=False)


def test_each_fault_of_an_ignore_file_is_given_once(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / IGNORE_FILE).write_text("[z-a]\n")
    (tmp_path / "a" / IGNORE_FILE).mkdir()
    scopes = Scopes(Rules(), [str(tmp_path)])
    scopes.of(str(tmp_path / "a"))
    scopes.of(str(tmp_path / "a" / "b"))
    assert [(fault.path, fault.reason) for fault in scopes.faults()] == [
        (tmp_path / IGNORE_FILE, "line 1 is passed over: it is no pattern of gitignore"),
        (tmp_path / "a" / IGNORE_FILE, "Is a directory"),
    ]
    scopes.of(str(tmp_path / "a"))
    assert scopes.faults() == []


@given(st.lists(st.text("ab*/", min_size=1, max_size=4), max_size=3), st.text("ab", min_size=1, max_size=3))
def test_an_order_of_rules_makes_no_difference(globs: list[str], name: str) -> None:
    one, other = Rules(exclude=globs), Rules(exclude=globs[::-1])
    assert one.refuse_name(name) == other.refuse_name(name)
    assert one.refuse_path(f"/v/{name}", "/v") == other.refuse_path(f"/v/{name}", "/v")
