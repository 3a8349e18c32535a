"""The values between a search and a reranker."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from mediaindex.search.ranking.shortlist import RerankedList, Reranker, Shortlist
from tests.support.backwards import Backwards


def test_a_reranker_gets_a_list_and_gives_its_order() -> None:
    count = 3
    given = Shortlist(
        "a dog",
        np.ones(4, np.float32),
        np.ones((count, 1, 4), np.float32),
        np.ones((count, 1), np.bool_),
        np.arange(count, dtype=np.float32),
        None,
    )
    assert given.numbers is None, "no scorer is asked unless a reranker reads one"
    reranker: Reranker = Backwards()
    assert isinstance(reranker.rerank(given), RerankedList)
    assert reranker.rerank(given).order.tolist() == [2, 1, 0]
    with pytest.raises(dataclasses.FrozenInstanceError):
        given.text = "a cat"  # type: ignore[misc]
