"""What a library answers to its user's captions and marks, asked with and without the video that is meant."""

from __future__ import annotations

import numpy as np
import pytest

from mediaindex.learn.evaluation.library_queries import KnownAnswer
from mediaindex.learn.fitting.picture_samples import MOMENTS
from mediaindex.learn.fitting.user_samples import UserQuestions, judgements_in, shows
from mediaindex.search.channels.moments import Moment
from mediaindex.search.channels.pictures import PictureChannel
from mediaindex.search.confidence.picture_numbers import NAMES
from mediaindex.store.library import Library
from mediaindex.store.notes import marks
from mediaindex.store.vectors.reader import SpaceReader, consistent
from tests.support.judged_library import NumberedEncoder, filled, marked


def test_each_caption_is_asked_with_its_video_and_without(opened: Library) -> None:
    space = filled(opened, count=60)
    marked(opened, [(3, 4, True), (5, 20, False)])
    reader = SpaceReader(opened, space)
    pictures, judged = consistent(
        opened,
        lambda connection: (
            channel := PictureChannel(reader.snapshot(connection), blend=space.blend),
            judgements_in(connection, channel),
        ),
    )
    assert len(judged) == 62
    bank = reader.bank
    assert bank is not None
    samples = UserQuestions(pictures, bank, NumberedEncoder(), corrects_hubs=True).samples(judged)
    assert samples.numbers.shape == (2 * 60 * MOMENTS + 2, len(NAMES))
    assert np.isfinite(samples.numbers).all()
    first = samples.first
    assert first.sum() == 120
    assert samples.right[first & samples.answered].mean() > 0.5
    assert not samples.right[first & ~samples.answered].any()
    assert sorted(samples.right[-2:].tolist()) == [False, True]
    assert not samples.first[-2:].any()


def test_marks_of_a_query_with_a_filter_are_passed_over(opened: Library) -> None:
    space = filled(opened, count=8)
    marked(opened, [(3, 4, True)])
    with opened.write() as connection:
        for query in ("in:holiday query 3", "query -snow 3", "query 3"):
            marks.put(connection, query, 5, 1.0, is_right=True)
    reader = SpaceReader(opened, space)
    judged = consistent(
        opened,
        lambda connection: judgements_in(
            connection, PictureChannel(reader.snapshot(connection), blend=space.blend)
        ),
    )
    assert sorted((mark.query, mark.video_id) for mark in judged.marks) == [("query 3", 4), ("query 3", 5)]


@pytest.mark.parametrize(
    ("stretch", "moment", "right"),
    [
        (None, (1, 0.0, 2.0), True),
        (None, (2, 0.0, 2.0), False),
        ((4.0, 6.0), (1, 5.0, 9.0), True),
        ((4.0, 6.0), (1, 6.0, 9.0), False),
        ((4.0, 6.0), (2, 4.0, 6.0), False),
    ],
)
def test_a_moment_is_right_where_it_overlaps(
    stretch: tuple[float, float] | None, moment: tuple[int, float, float], right: bool
) -> None:
    video, start, end = moment
    assert shows(KnownAnswer("a dog", 1, stretch), Moment(video, 1, start, end, 0.5)) is right
