"""What a match counts, and that leaving out the matches of other videos changes no answer."""

from __future__ import annotations

import heapq

from hypothesis import given
from hypothesis import strategies as st

from mediaindex.store.word_index.matches import Place
from mediaindex.store.word_index.moments import rank_of
from mediaindex.store.word_index.relevance import (
    FIELD_WEIGHTS,
    cues_of_best_videos,
    files_of_best_videos,
    saturation,
)

videos = st.integers(1, 8)
fields = st.sampled_from(sorted(FIELD_WEIGHTS))
lengths = st.integers(1, 30)
files = st.lists(st.tuples(videos, fields, lengths), max_size=30)
cues = st.lists(
    st.tuples(videos, st.integers(1, 1000), lengths).map(
        lambda row: (row[0], row[1], ("subtitle", "caption")[row[1] % 2], row[2])
    ),
    max_size=30,
)


def places(rows: list[tuple[int, int, str, int]]) -> dict[tuple[int, int], Place]:
    """Rows (video, cue, field, length) of one word as places."""
    found: dict[tuple[int, int], Place] = {}
    for video_id, cue, where, length in rows:
        place = found.setdefault((video_id, cue), Place(video_id, cue))
        place.add(0, where, saturation(length), is_exact=True)
    return found


def best_videos(rows: list[tuple[int, int, str, int]], number: int) -> list[int]:
    """The best videos by their best place, as the search for moments chooses them."""
    ranks = {video_id: (0, 0, 0, 0.0) for video_id, *_ in rows}
    for place in places(rows).values():
        ranks[place.video_id] = max(ranks[place.video_id], rank_of(place))
    return heapq.nlargest(number, ranks, key=lambda video: (ranks[video], -video))


def test_a_short_line_says_more() -> None:
    assert saturation(1) > saturation(6) == 1.0 > saturation(20)


@given(files, st.integers(1, 9))
def test_the_files_of_the_best_videos_are_whole(rows: list[tuple[int, str, int]], number: int) -> None:
    kept = files_of_best_videos(rows, number)
    best = best_videos([(video_id, 0, where, length) for video_id, where, length in rows], number)
    assert kept == [row for row in rows if row[0] in best]


@given(cues, st.integers(1, 9))
def test_the_cues_of_the_best_videos_are_whole(rows: list[tuple[int, int, str, int]], number: int) -> None:
    kept = cues_of_best_videos(rows, number)
    assert kept == [row for row in rows if row[0] in best_videos(rows, number)]
