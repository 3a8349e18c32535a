"""Moments: how many of each video are kept."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mediaindex.search.channels.moments import within_each_video


@given(videos=st.lists(st.integers(1, 3), max_size=12), per_video=st.integers(1, 3) | st.none())
def test_the_first_of_each_video_are_kept_in_their_order(videos: list[int], per_video: int | None) -> None:
    items = list(enumerate(videos))
    kept = list(within_each_video(items, lambda item: item[1], per_video))
    assert kept == sorted(kept)
    for video_id in set(videos):
        own = [item for item in items if item[1] == video_id]
        assert [item for item in kept if item[1] == video_id] == own[:per_video]
