"""The benchmark of the words channel."""

from __future__ import annotations

from pathlib import Path

from tests.support.benchmarks import bench, is_measured


def test_it_measures_each_kind_of_query(tmp_path: Path) -> None:
    rows = bench("words", "--quick", file=tmp_path / "words.json")
    assert rows["lines"]["value"] == 2_000
    assert len(rows) == 12
    assert {what: row for what, row in rows.items() if not is_measured(row)} == {}
