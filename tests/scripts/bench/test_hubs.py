"""The benchmark of hub correction: its rules, and that it runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from bench.hubs import Gallery, half_of, of_pictures, verdict
from numpy.typing import NDArray

from mediaindex.search.channels.similarity import unit
from tests.support.benchmarks import bench

DIM, ITEMS = 16, 400


def gallery(name: str, *, hubs: float, seed: int = 0, items: int = ITEMS) -> Gallery:
    """Photographs of which every tenth is near to all sentences, by so much."""
    numbers = np.random.default_rng(seed)
    pictures = numbers.normal(size=(items, DIM))
    pictures[::10, 0] += hubs
    texts = pictures + numbers.normal(size=(items, DIM))
    texts[:, 0] = 3.0
    return of_pictures(name, unit(pictures), unit(texts), np.arange(items))


def bank(seed: int = 1) -> NDArray[np.float32]:
    queries = np.random.default_rng(seed).normal(size=(200, DIM))
    queries[:, 0] = 3.0
    return unit(queries)


def test_photographs_that_are_near_to_every_sentence_are_found_by_their_own() -> None:
    made = gallery("many hubs", hubs=5.0)
    assert made.reciprocal_ranks(bank()).mean() > made.reciprocal_ranks(None).mean() + 1


def gate_of(halves: list[Gallery], left_out: list[Gallery]) -> bool:
    (gate,) = verdict(halves, left_out, bank(), bank())["gates"]
    return bool(gate["on"])


def against_it(name: str, items: int = ITEMS) -> Gallery:
    """Photographs whose sentences are those of the bank: what is near to them is right."""
    queries = bank()[:50]
    pictures = np.concatenate([queries, unit(np.random.default_rng(5).normal(size=(items - 50, DIM)))])
    right = np.arange(items) % 50
    noise = np.random.default_rng(6).normal(scale=0.7, size=(items, DIM)).astype(np.float32)
    return of_pictures(name, pictures.astype(np.float32), unit(queries[right] + noise), right)


def test_each_source_is_corrected_by_the_bank_of_its_own_encoder() -> None:
    half, source = gallery("half", hubs=5.0), gallery("source", hubs=5.0, seed=3)
    own, other = bank(), -bank()
    gains = verdict([half], [source], own, other)["mrr"]
    assert gains["half"]["low"] > 0
    assert gains["source"]["high"] < gains["half"]["low"]
    assert verdict([half], [source], other, own)["mrr"]["source"]["low"] > 0


def test_it_is_on_only_where_both_halves_gain_and_no_large_source_loses() -> None:
    first, second = (gallery(f"half {n}", hubs=5.0, seed=n) for n in range(2))
    neutral, harmed = gallery("neutral", hubs=5.0, seed=3), against_it("harmed")
    assert gate_of([first, second], [neutral])
    assert not gate_of([first, harmed], [neutral])
    assert not gate_of([first, second], [neutral, harmed])


def test_a_half_has_its_own_queries_in_the_whole_gallery() -> None:
    made = gallery("all", hubs=0.0)
    names = [f"{number}.jpg" for number in range(ITEMS)]
    halves = [half_of(made, names, half) for half in (0, 1)]
    asked = [set(half.right.tolist()) for half in halves]
    assert asked[0] | asked[1] == set(range(ITEMS))
    assert not asked[0] & asked[1]
    assert halves[0].similarities(made.texts, None).shape == (ITEMS, ITEMS)


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_it_measures_the_clips(clips: Path, searchable: Path, tmp_path: Path) -> None:
    rows = bench("hubs", "--quick", "--videos", clips, "--library", searchable, file=tmp_path / "rows.json")
    assert len(rows) == 2 * 4 * 2
    for kind in ("queries, 3 queries", "captions, 6 queries"):
        own = {what: row for what, row in rows.items() if what.startswith(f"clips, {kind}") and "R@1" in what}
        baselines = {row["baseline"] for row in own.values()}
        assert len(baselines) == 1, "whatever the bank"
        assert baselines.pop() >= 50, "the colours are found"
