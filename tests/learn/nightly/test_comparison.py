"""Two nights among what both had: the same as ranking anew with the scores, which were not kept."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.learn.evaluation.metrics import ranks
from mediaindex.learn.nightly.comparison import DEPTH, paired
from tests.support.kept_ranks import kept, scores


@given(st.integers(0, 10**6), st.integers(2, 30), st.data())
def test_ranks_among_the_common_items_are_those_of_a_smaller_table(
    seed: int, count: int, data: st.DataObject
) -> None:
    table = np.round(scores(seed, count, noise=2.0), 1)  # with ties
    names = np.arange(count)
    there = [np.array(sorted(data.draw(st.sets(st.sampled_from(list(names)), min_size=1)))) for _ in range(2)]
    common = np.intersect1d(there[0], there[1])
    tonight, before = (kept(table[np.ix_(own, own)], names=own) for own in there)
    pair = paired(tonight, before)
    expected = np.minimum(ranks(table[np.ix_(common, common)], np.arange(len(common))), DEPTH)
    assert pair.unknown == 0
    assert pair.videos.tolist() == common.tolist()
    assert pair.tonight.tolist() == expected.tolist() == pair.before.tolist()
    assert pair.is_same
    assert not pair.differences("R@1").any()


def test_growth_and_loss_alone_change_nothing_in_a_large_gallery() -> None:
    table = scores(1, 400, noise=1.5)
    before = kept(table[:300, :300], names=np.arange(300))
    tonight = kept(table[20:, 20:], names=np.arange(20, 400))
    pair = paired(tonight, before)
    assert pair.is_same
    assert len(pair.tonight) + pair.unknown == 280
    assert pair.unknown == 0


def test_a_query_is_left_out_where_too_much_before_its_answer_is_gone() -> None:
    table = np.zeros((120, 120))
    table[0] = np.arange(120)  # of the first query the right item comes last
    before, tonight = kept(table), kept(table[:60, :60])
    assert paired(kept(table[:60, :60]), tonight).unknown == 0
    pair = paired(before, tonight)
    # The 50 best of before are all gone: whether ten of the others stand before is not known.
    assert pair.unknown == 1
    assert 0 not in pair.videos


def test_differences_are_one_for_each_video() -> None:
    before = kept([[1, 0, 0], [0, 1, 0], [0, 0, 1]])
    tonight = kept([[1, 2, 0], [0, 1, 0], [0, 5, 1]])
    for one in (before, tonight):
        object.__setattr__(one, "videos", np.array([7, 7, 8]))
    pair = paired(tonight, before)
    assert pair.differences("R@1").tolist() == [-0.5, -1.0]
    assert pair.differences("R@10").tolist() == [0.0, 0.0]
    assert pair.differences("MRR@10").tolist() == pytest.approx([-0.25, -0.5])
    nothing = paired(kept([[1.0]], names=[5]), before)
    assert nothing.is_same
    assert nothing.differences("R@1").tolist() == []
