"""What is kept of a night comes back as it was, is small, and damage is told."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.errors import StoreError
from mediaindex.store.evaluations.query_ranks import QueryRanks, keys_of
from tests.support.kept_ranks import kept, scores


@given(st.integers(0, 1000), st.integers(1, 40))
def test_it_comes_back_as_it_was(seed: int, count: int) -> None:
    one = kept(scores(seed, count))
    again = QueryRanks.from_bytes(one.to_bytes())
    for name in QueryRanks.__slots__:
        assert np.array_equal(getattr(again, name), getattr(one, name)), name
        assert getattr(again, name).dtype == getattr(one, name).dtype


def test_a_thousand_queries_that_find_nothing_take_a_quarter_of_a_megabyte() -> None:
    one = kept(np.random.default_rng(0).normal(size=(1000, 1000)))
    assert len(one.to_bytes()) < 260_000


def test_names_have_the_same_numbers_everywhere() -> None:
    by_b2sum = ["e4a6a0577479b2b4", "eed6b68784097845"]  # printf 'a\nred' | b2sum -l 64
    expected = [int.from_bytes(bytes.fromhex(one), "little", signed=True) for one in by_b2sum]
    assert keys_of(["", "a\nred"]).tolist() == expected
    assert len(set(keys_of(["caf\u00e9", "cafe\u0301", "\udce9"]).tolist())) == 3
    assert keys_of([]).dtype == np.int64


@given(st.binary(max_size=200), st.integers(0, 10**6))
def test_damage_is_told(noise: bytes, place: int) -> None:
    with pytest.raises(StoreError, match="damaged"):
        QueryRanks.from_bytes(noise)
    good = kept(scores(0, 5)).to_bytes()
    cut = good[: place % len(good)]
    with pytest.raises(StoreError, match="damaged"):
        QueryRanks.from_bytes(cut)


def test_shapes_that_do_not_agree_are_damage() -> None:
    one = kept(scores(0, 5))
    object.__setattr__(one, "ranks", one.ranks[:3])
    with pytest.raises(StoreError, match="do not agree"):
        QueryRanks.from_bytes(one.to_bytes())
    outside = kept(scores(0, 5))
    outside.before[0, 0] = 5
    with pytest.raises(StoreError, match="do not agree"):
        QueryRanks.from_bytes(outside.to_bytes())
