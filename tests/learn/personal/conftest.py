"""The library of personal_library.py, indexed once for a test file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mediaindex.store.library import Library, open_library
from tests.support.commands import index_quietly
from tests.support.personal_library import ENCODER, add_contrary_captions, write_films


@pytest.fixture(scope="module")
def personal_library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    folder = tmp_path_factory.mktemp("personal")
    write_films(folder / "videos")
    index_quietly(folder / "library", folder / "videos", encoder=ENCODER)
    with open_library(folder / "library") as library:
        add_contrary_captions(library)
        yield library
