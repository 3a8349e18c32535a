"""The table of benchmarks, and the bounds of their protocols."""

from __future__ import annotations

from mediaindex.learn.benchmarks.benchmark_table import BENCHMARKS


def test_each_bears_its_name_and_its_published_bounds() -> None:
    assert {name: one.name for name, one in BENCHMARKS.items()} == {name: name for name in BENCHMARKS}
    bounds = {name: (one.protocol.tokens, one.protocol.frames) for name, one in BENCHMARKS.items()}
    assert bounds == {
        "msrvtt": (32, 12), "msvd": (32, 12), "lsmdc": (32, 12), "activitynet": (64, 64), "didemo": (64, 64),
    }  # fmt: skip
    assert [name for name, one in BENCHMARKS.items() if one.several_captions] == ["msvd"]
