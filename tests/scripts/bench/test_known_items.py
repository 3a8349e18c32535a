"""scripts/bench/known_items.py asks both channels, and stands beside an earlier run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.benchmarks import bench

pytestmark = pytest.mark.timeout(400)


def test_it_measures_both_channels_beside_an_earlier_run(
    clips: Path, searchable: Path, tmp_path: Path
) -> None:
    flags = ("--videos", clips, "--library", searchable)
    first = bench("known_items", *flags, file=tmp_path / "first.json")
    assert len(first) == 12
    assert {row["baseline"] for row in first.values()} == {None}
    again = bench("known_items", *flags, "--baseline", tmp_path / "first.json", file=tmp_path / "again.json")
    for what, row in again.items():
        assert row["value"] == row["baseline"] == first[what]["value"]
    assert again["both, queries R@5"]["value"] == 100.0
