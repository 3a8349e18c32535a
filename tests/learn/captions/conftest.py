"""A library that knows three videos, and a way to import into it without a command."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mediaindex.learn.captions.importing import Imported, import_captions
from mediaindex.store.library import Library, open_library
from tests.support.catalogued import add_place

Import = Callable[..., Imported]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "films"
    made.mkdir()
    return made


@pytest.fixture
def known(tmp_path: Path, folder: Path) -> Iterator[Library]:
    """A library with films of 6 s: red.mp4 and blue.mp4 in the folder, sea.mp4 below it."""
    with open_library(tmp_path / "library", create=True) as library:
        for name in ("red.mp4", "blue.mp4", "deep/sea.mp4"):
            add_place(library, folder / name)
        yield library


@pytest.fixture
def take(known: Library) -> Import:
    def imported(*paths: Path) -> Imported:
        return import_captions(known, paths, stored=lambda path: path, detect=lambda _text: None)

    return imported
