"""Names hold from night to night: of contents, of sentences, and of videos with all their sentences."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.learn.evaluation.benchmark_rankings import RankedQueries
from mediaindex.learn.nightly.named_ranks import Asked, query_ranks, steady_sample
from mediaindex.store.evaluations.query_ranks import keys_of

ASKED = Asked(["a", "b", "c"], ["red", "blue", "red"], np.array([0, 0, 2]))
BEFORE = np.array([[-1, -1], [1, -1], [0, 1]], np.int32)
RANKS = np.array([0.0, 1.0, 2.0])
TEXTS = RankedQueries("t2v", "instant", RANKS, 1 / (1 + RANKS), ASKED.video, 3, before=BEFORE,
                      top=np.array([1.0, -np.inf, 0.5], np.float32))  # fmt: skip


def test_a_sentence_is_named_by_its_text_and_what_it_is_about() -> None:
    kept = query_ranks(TEXTS, ASKED)
    assert kept is not None
    names = keys_of(["a\nred", "a\nblue", "c\nred"])
    assert kept.queries.tolist() == sorted(names.tolist())
    order = np.argsort(names)
    assert kept.ranks.tolist() == RANKS[order].tolist()
    assert kept.videos.tolist() == keys_of(["a", "a", "c"])[order].tolist()
    assert kept.items.tolist() == keys_of(["a", "b", "c"]).tolist()
    assert kept.before.tolist() == BEFORE[order].tolist()
    assert np.isnan(kept.top[order.tolist().index(1)])


def test_a_video_that_asks_is_named_with_all_its_sentences() -> None:
    videos = replace(TEXTS, direction="v2t", ranks=RANKS[:2], before=BEFORE[:2], top=None,
                     videos=np.array([0, 2]))  # fmt: skip
    kept = query_ranks(videos, ASKED)
    assert kept is not None
    names = keys_of(["a\nblue\nred", "c\nred"])
    assert kept.items.tolist() == names.tolist()
    assert set(kept.queries.tolist()) == set(names.tolist())
    more = query_ranks(videos, Asked(["a", "b", "c"], ["red", "blue", "red", "dog"], np.array([0, 0, 2, 2])))
    assert more is not None
    assert len(np.intersect1d(more.items, kept.items)) == 1


def test_the_same_sentence_twice_is_one_query_and_few_are_kept_where_asked_for() -> None:
    twice = query_ranks(TEXTS, Asked(["a", "b", "c"], ["red", "red", "red"], np.array([0, 0, 2])))
    assert twice is not None
    assert len(twice.queries) == 2
    few = query_ranks(TEXTS, ASKED, most=1)
    assert few is not None
    assert few.queries.tolist() == [min(keys_of(["a\nred", "a\nblue", "c\nred"]).tolist())]


def test_what_is_not_known_is_not_kept() -> None:
    assert query_ranks(replace(TEXTS, before=None), ASKED) is None


@given(st.sets(st.text(max_size=5), min_size=1), st.integers(1, 10), st.text(max_size=6))
def test_one_name_more_changes_one_of_a_sample_at_the_most(names: set[str], most: int, new: str) -> None:
    some = sorted(names)
    sample = {some[row] for row in steady_sample(some, most)}
    assert len(sample) == min(most, len(some))
    more = [*some, new] if new not in names else some
    after = {more[row] for row in steady_sample(more, most)}
    assert len(sample - after) <= 1
    assert steady_sample(some, 0) == list(range(len(some)))
