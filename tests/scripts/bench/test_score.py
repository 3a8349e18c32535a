"""scripts/bench/score.py measures what the product does by the product's own code."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.benchmarks import bench

pytestmark = pytest.mark.timeout(400)


@pytest.mark.slow
def test_score_takes_the_products_own_figures_for_what_it_does(
    clips: Path, searchable: Path, tmp_path: Path
) -> None:
    rows = bench("score", "--videos", clips, "--library", searchable, file=tmp_path / "rows.json")
    for what in ("query", "captions"):
        for depth in (1, 5, 10):
            ours = rows[f"{what} R@{depth}, the product's: 3 best, 30 s around"]
            assert ours["value"] == rows[f"{what} R@{depth}, 3 best, 30 s around"]["value"]
        assert rows[f"{what} R@5, 1 best, segment"]["value"] == 100.0
