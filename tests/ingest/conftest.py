"""A library for every test of the write corridor."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mediaindex.store.library import Library, open_library


@pytest.fixture(scope="module", autouse=True)
def _decoders(kept_decoders: None) -> None:
    """The passes of a test file share their decoders."""


@pytest.fixture
def opened(library: Path) -> Iterator[Library]:
    with open_library(library, create=True) as made:
        yield made
