"""scripts/bench/rerank.py: the exact forms agree with the plain loop."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.benchmarks import bench

pytestmark = pytest.mark.timeout(400)


@pytest.mark.slow
def test_rerank_compares_exact_forms_with_the_plain_loop(tmp_path: Path) -> None:
    rows = bench("rerank", "--quick", file=tmp_path / "rows.json")
    errors = {what: row["value"] for what, row in rows.items() if "50 exact steps: largest error" in what}
    assert len(errors) == 4, "two directions of two sizes"
    assert max(errors.values()) <= 10, "millionths: 1e-5"
    for row in rows.values():
        if row["unit"] == "ms":
            assert row["ratio"] == pytest.approx(row["baseline"] / row["value"])
