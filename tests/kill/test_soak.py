"""A watcher killed again and again while files change ends with the library of a fresh index."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.benchmarks import values

pytestmark = [pytest.mark.kill, pytest.mark.timeout(1800)]


def test_two_busy_minutes(tmp_path: Path) -> None:
    options = ["--minutes", "2", "--seed", "11"]
    rows = values("soak", *options, file=tmp_path / "soak.json")
    assert rows["seed"] == 11
    assert rows["operations"] >= 200
    assert rows["kills of the watcher"] >= 1
    assert rows["searches served"] > 0
    assert rows["films at the end"] >= 10
    must_be_zero = [what for what in rows if what.endswith("(0)")]
    assert len(must_be_zero) == 5
    assert [rows[what] for what in must_be_zero] == [0] * 5
