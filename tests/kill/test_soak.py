"""A watcher killed again and again while files change ends with the library of a fresh index."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import BENCH as PATHS_BENCH

SCRIPT = PATHS_BENCH / "soak.py"

pytestmark = [pytest.mark.kill, pytest.mark.timeout(1800)]


def test_two_busy_minutes(tmp_path: Path) -> None:
    file = tmp_path / "soak.json"
    options = ["--minutes", "2", "--seed", "11", "--json", str(file)]
    done = subprocess.run([sys.executable, str(SCRIPT), *options], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    rows = {row["what"]: row["value"] for row in json.loads(file.read_text(encoding="utf-8"))["rows"]}
    assert rows["seed"] == 11
    assert rows["operations"] >= 200
    assert rows["kills of the watcher"] >= 1
    assert rows["searches served"] > 0
    assert rows["films at the end"] >= 10
    must_be_zero = [what for what in rows if what.endswith("(0)")]
    assert len(must_be_zero) == 5
    assert [rows[what] for what in must_be_zero] == [0] * 5, done.stderr
