"""scripts/bench/startup.py: the parts of a cold search add up to its time."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.benchmarks import bench

pytestmark = pytest.mark.timeout(400)


@pytest.mark.slow
def test_startup_measures_help_and_a_cold_search(clips: Path, searchable: Path, tmp_path: Path) -> None:
    rows = bench(
        "startup", "--quick", "--videos", clips, "--library", searchable, file=tmp_path / "rows.json"
    )
    cpu = next(row for what, row in rows.items() if what.startswith("mediaindex --help, CPU"))
    assert cpu["ratio"] > 0
    steps = ("encode", "candidates", "score", "rerank", "moments")
    assert sum(rows[f"cold search, {step}"]["value"] for step in steps) == pytest.approx(
        rows["cold search, total"]["value"]
    )
    assert rows["cold search, process, CPU, beside one with torch"]["ratio"] < 1
    assert rows["cold search, --channel words, process, CPU, beside import sqlalchemy"]["ratio"] > 1
    assert rows["one sentence, warm, CPU, beside torch on one thread"]["ratio"] > 0
