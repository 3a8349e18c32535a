"""Two videos that searches see: each of three frames, 2 s apart, in one segment of 6 s."""

from __future__ import annotations

import pytest

from mediaindex.store import commit
from mediaindex.store.library import Library
from mediaindex.store.vectors.spaces import Space
from tests.support.noted import A, B
from tests.support.small_library import AddVideo


@pytest.fixture
def two(opened: Library, space: Space, add_video: AddVideo) -> tuple[int, int]:
    """The ids of the videos at A and B."""
    items = add_video(str(A), seed=1), add_video(str(B), seed=2)
    commit.put(opened, space, items)
    return items[0].video_id, items[1].video_id
