"""scripts/bench/ingest.py: the steps of both sides add up to their CPU time."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.benchmarks import bench

pytestmark = pytest.mark.timeout(400)


@pytest.mark.slow
def test_ingest_splits_the_cpu_time_of_both_sides(clips: Path, tmp_path: Path) -> None:
    rows = bench("ingest", "--quick", "--videos", clips, file=tmp_path / "rows.json")
    both = next(row for what, row in rows.items() if what.startswith("CPU, ours"))
    assert both["ratio"] == pytest.approx(both["baseline"] / both["value"])
    frames = rows["frames (naive to ours)"]
    assert frames["baseline"] == 4 + 4 + 12, "one frame a second"
    for who, total in (("ours", both["value"]), ("naive", both["baseline"])):
        parts = [row for what, row in rows.items() if what.startswith(f"{who}: ")]
        assert sum(part["value"] for part in parts) == pytest.approx(total)
        assert all(part["value"] >= 0 for part in parts)
