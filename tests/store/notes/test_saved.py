"""Saved searches: each text once."""

from __future__ import annotations

import pytest

from mediaindex.errors import UsageError
from mediaindex.store.library import Library
from mediaindex.store.notes import saved


def test_a_search_is_saved_once(opened: Library) -> None:
    with opened.write() as connection:
        first = saved.save(connection, " dancing  at night ")
        second = saved.save(connection, 'dog "on the beach"')
        assert first.text == "dancing at night"
        assert saved.save(connection, "dancing at night") == first
        assert saved.every(connection) == [second, first]
        assert saved.count(connection) == 2


@pytest.mark.parametrize("text", ["", " \n\t"])
def test_nothing_is_no_search(opened: Library, text: str) -> None:
    with opened.write() as connection:
        with pytest.raises(UsageError, match="empty"):
            saved.save(connection, text)
        assert saved.every(connection) == []


def test_saved_searches_are_removed_by_number_and_by_text(opened: Library) -> None:
    with opened.write() as connection:
        one, other, kept = (saved.save(connection, text) for text in ("one", "o\udce9 ther", "kept"))
        assert saved.remove(connection, [one.id, 99]) == [one.id]
        assert saved.remove_text(connection, " o\udce9  ther")
        assert not saved.remove_text(connection, other.text)
        assert saved.every(connection) == [kept]
