"""What a library lists for an example: five numbers of each moment, and which of them are right."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.learn.personal.examples import read_examples
from mediaindex.learn.personal.lists import listed, rank_in, ranks_by
from mediaindex.learn.personal.train import rankings_before
from mediaindex.search.ranking.evidence_reranker import MixtureReranker
from mediaindex.search.ranking.mixture import Mixture
from mediaindex.search.ranking.user_gate import NO_VERDICTS
from mediaindex.store.library import Library
from tests.support.personal_library import FILMS, AsItCame, asking_of, example, space_of


def mixture_of(library: Library) -> Mixture:
    mixture = rankings_before(library.root, space_of(library), NO_VERDICTS).shipped.mixture
    assert mixture is not None
    return mixture


@given(st.lists(st.booleans(), min_size=1, max_size=8), st.permutations(range(8)))
def test_the_rank_is_that_of_the_first_right_one(right: list[bool], places: list[int]) -> None:
    order = np.array([place for place in places if place < len(right)])
    expected = next((place for place, one in enumerate(order) if right[one]), float("inf"))
    assert rank_in(order, np.array(right)) == expected


def test_a_list_is_what_a_search_reranks(personal_library: Library) -> None:
    asking, mixture = asking_of(personal_library), mixture_of(personal_library)
    with personal_library.read() as connection:
        own = read_examples(connection, space_of(personal_library).id).all[:5]
    events: list[tuple[int, int]] = []
    lists = list(listed(asking, own, mixture, lambda done, total: events.append((done, total))))
    assert events == [(done, 5) for done in range(6)]
    reranked = list(ranks_by(asking, own, MixtureReranker(mixture), lambda _done, _total: None))
    instant = list(ranks_by(asking, own, AsItCame(), lambda _done, _total: None))
    weights = np.array(mixture.weights)
    for one, by_search, as_it_came in zip(lists, reranked, instant, strict=True):
        assert one is not None
        assert one.numbers.shape[1] == 5
        assert len(one.numbers) >= FILMS
        assert np.isfinite(one.numbers).all()
        assert one.right.any()
        assert not one.wrong.any()
        assert (one.rank(weights), one.instant_rank) == (by_search, as_it_came)


def test_what_is_not_listed_is_not_found(personal_library: Library) -> None:
    (one,) = listed(
        asking_of(personal_library),
        [example("a dog", 10**6)],
        mixture_of(personal_library),
        lambda _d, _t: None,
    )
    assert one is not None
    assert one.instant_rank == one.rank(np.ones(5)) == float("inf")


def test_moments_without_evidence_give_no_list(personal_library: Library) -> None:
    other = Mixture("another scorer", (1.0,) * 5, 1.0)
    found = listed(asking_of(personal_library), [example("a dog", 1)], other, lambda _d, _t: None)
    assert list(found) == [None]
