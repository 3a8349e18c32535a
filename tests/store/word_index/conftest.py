"""A library whose films say what a test wants."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from mediaindex.store.library import Library, open_library
from tests.support.talking_films import AddFilm, talking_film


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with open_library(tmp_path / "library", create=True) as made:
        yield made


@pytest.fixture
def add_film(library: Library) -> AddFilm:
    """A function that adds a film; its id."""
    numbers = itertools.count(1)

    def add(name: str, lines: Sequence[str] = (), *, language: str | None = None) -> int:
        with library.write() as connection:
            return talking_film(connection, next(numbers), name, lines, language=language)

    return add
