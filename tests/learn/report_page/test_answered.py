"""Queries one by one."""

from __future__ import annotations

import numpy as np

from mediaindex.learn.report_page.answered import Moment
from tests.support.answered import answered


def test_what_stood_first_is_right_where_it_is_the_video_that_is_meant() -> None:
    found = answered([0, 3, 1], right=[4, 5, 6], first=[Moment(4), Moment(6), None])
    assert found.first_is_right.tolist() == [True, False, False]
    assert found.first_is_right.dtype == np.bool_
