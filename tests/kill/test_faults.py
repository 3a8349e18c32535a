"""A watcher that meets faults of disks, files and pictures ends with the library of a fresh index."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.benchmarks import values
from tests.support.disks import mounted

pytestmark = [pytest.mark.kill, pytest.mark.timeout(1800)]


def test_ten_rounds(tmp_path: Path) -> None:
    for _ in mounted(tmp_path / "disk", "-t", "tmpfs", "-o", "size=1m", "tmpfs"):
        pass  # skipped where mounting is not permitted
    rows = values("faults", "--quick", "--seed", "7", file=tmp_path / "faults.json")
    assert rows["rounds"] == 10
    assert rows["operations"] >= 20
    assert sum(count for what, count in rows.items() if what.startswith("faults: ")) == 10
    must_be_zero = [what for what in rows if what.endswith("(0)")]
    assert len(must_be_zero) == 3
    assert [rows[what] for what in must_be_zero] == [0] * 3
