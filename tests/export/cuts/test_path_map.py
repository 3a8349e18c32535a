"""Paths as another machine sees them, and their URLs."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.errors import UsageError
from mediaindex.export.cuts.path_map import PathRule, file_url, mapped, name_of, path_rule


@pytest.mark.parametrize(
    ("there", "path"),
    [
        ("/Volumes/Shoot", "/Volumes/Shoot/day 1/a.mov"),
        ("/", "/day 1/a.mov"),
        ("D:\\", "D:\\day 1\\a.mov"),
        ("D:", "D:\\day 1\\a.mov"),
        ("D:/Shoot/", "D:/Shoot\\day 1\\a.mov"),
        ("\\\\nas\\shoot", "\\\\nas\\shoot\\day 1\\a.mov"),
    ],
)
def test_what_lies_below_the_folder_is_written_for_the_other_machine(there: str, path: str) -> None:
    assert mapped(Path("/mnt/shoot/day 1/a.mov"), [PathRule("/mnt/shoot", there)]) == path


def test_the_first_rule_that_fits_counts_and_names_are_whole() -> None:
    rules = [path_rule("/mnt/shoot=/a"), path_rule("/mnt=/b"), PathRule("/", "/c")]
    paths = ["/mnt/shoot/x", "/mnt/shooting/x", "/home/x", "/mnt/shoot"]
    assert [mapped(Path(path), rules) for path in paths] == ["/a/x", "/b/shooting/x", "/c/home/x", "/a"]
    assert mapped(Path("/home/x"), rules[:2]) == "/home/x"


@pytest.mark.parametrize("typed", ["", "a", "=b", "a="])
def test_a_rule_has_two_sides(typed: str) -> None:
    with pytest.raises(UsageError, match="FROM=TO"):
        path_rule(typed)


def test_a_relative_folder_is_one_of_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert path_rule("shoot=/a=b") == PathRule(str(tmp_path / "shoot"), "/a=b")


@given(st.binary(min_size=1, max_size=40).filter(lambda name: b"\0" not in name and b"/" not in name))
def test_a_url_holds_every_byte_of_a_name(name: bytes) -> None:
    url = file_url(os.fsdecode(b"/films/" + name))
    assert url.isascii()
    assert url.isprintable()
    assert " " not in url
    assert unquote_to_bytes(url) == b"file:///films/" + name


def test_urls_of_other_systems() -> None:
    assert file_url("C:\\a b\\c.mov") == "file:///C:/a%20b/c.mov"
    assert file_url("\\\\nas\\a\\c.mov") == "file://nas/a/c.mov"
    assert file_url("/a#?.mov", host="localhost") == "file://localhost/a%23%3F.mov"
    assert [name_of(path) for path in ("/a/b\\c.mov", "C:\\a\\c.mov", "\\\\nas\\a/c.mov")] == [
        "b\\c.mov",
        "c.mov",
        "c.mov",
    ]
