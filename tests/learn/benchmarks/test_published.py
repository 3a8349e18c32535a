"""Published figures stand beside ours with what is unverified of them."""

from __future__ import annotations

from mediaindex.learn.benchmarks.benchmark_table import BENCHMARKS
from mediaindex.learn.benchmarks.published import METRICS, published_of


def test_every_benchmark_has_both_directions() -> None:
    for name in BENCHMARKS:
        rows = published_of(name)
        assert {row.direction for row in rows if row.ranking == "DiffusionRet"} == {"t2v", "v2t"}
        for row in rows:
            assert set(row.unverified) <= set(row.metrics) <= set(METRICS)
            assert row.metrics["R@1"] < row.metrics.get("R@5", 100.0)
            assert (row.source == "from memory") == (set(row.unverified) == set(row.metrics))
    assert published_of("library") == []


def test_what_was_recalled_is_marked() -> None:
    (row,) = [row for row in published_of("msvd") if (row.direction, row.ranking) == ("v2t", "DiffusionRet")]
    assert row.unverified == ("MdR", "MnR")
