"""The benchmark of the words channel."""

from __future__ import annotations

from pathlib import Path

from tests.support.benchmarks import values


def test_it_measures_each_kind_of_query(tmp_path: Path) -> None:
    found = values("words", "--quick", file=tmp_path / "words.json")
    assert found["lines"] == 2_000
    assert len(found) == 12
    assert {what: value for what, value in found.items() if not value > 0} == {}
