"""A library that a test file prepared, opened anew for each of its tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mediaindex.store.library import Library, open_library


@pytest.fixture
def opened(prepared: Path) -> Iterator[Library]:
    with open_library(prepared / "library") as library:
        yield library
