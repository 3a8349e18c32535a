"""`saved`: searches to be asked again."""

from __future__ import annotations

from pathlib import Path

import pytest

from mediaindex.store.library import open_library
from tests.support.commands import Commands


@pytest.fixture(autouse=True)
def _library(library: Path) -> None:
    open_library(library, create=True).close()


def test_searches_are_saved_listed_and_removed(commands: Commands) -> None:
    (first,) = commands("saved", "add", "dancing at night")["saved"]
    assert list(first) == ["id", "text", "created_at"]
    (second,) = commands("saved", "add", "dog longer:5s")["saved"]
    assert commands("saved", "add", " dancing  at night")["saved"] == [first]
    assert commands("saved", "list")["saved"] == [second, first]
    assert "dog longer:5s" in commands.text("saved", "list").out
    assert commands("saved", "remove", first["id"])["saved"] == [first]
    assert commands("saved", "list")["saved"] == [second]


@pytest.mark.parametrize(
    ("words", "said"),
    [(["add", " "], "the search is empty"), (["remove", "9"], "there is no saved search 9")],
)
def test_what_is_no_search_is_refused(words: list[str], said: str, commands: Commands) -> None:
    ran = commands.ran("saved", *words)
    assert ran.code == 2
    assert said in ran.json["error"]
