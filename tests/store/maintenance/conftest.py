"""A library with three videos, and a folder for its backup."""

from __future__ import annotations

from pathlib import Path

import pytest

from mediaindex.store.commit import put
from mediaindex.store.library import Library
from mediaindex.store.vectors.spaces import Space
from tests.support.small_library import AddVideo


@pytest.fixture
def three(opened: Library, space: Space, add_video: AddVideo) -> Library:
    put(opened, space, [add_video(f"/videos/{number}.mp4", seed=number) for number in range(3)])
    return opened


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "backup"
