"""The benchmark of the image tower."""

from __future__ import annotations

from pathlib import Path

import pytest

from mediaindex.embed.device import has_bfloat16
from tests.support.benchmarks import bench


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_it_measures_each_way_by_batch(searchable: Path, tmp_path: Path) -> None:
    rows = bench("tower", "--quick", "--library", searchable, file=tmp_path / "rows.json")
    assert len(rows) == (2 + has_bfloat16()) * 3 + 2 * (1 + has_bfloat16())
    for what, row in rows.items():
        if row["unit"] == "1e-3":
            assert -0.01 < row["value"] < 5.0, what
