"""Commands of a second terminal beside a watcher, either side killed in the middle of each."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import BENCH as PATHS_BENCH

SCRIPT = PATHS_BENCH / "commands.py"

pytestmark = [pytest.mark.kill, pytest.mark.timeout(1800)]


def test_every_command_survives_either_side(tmp_path: Path) -> None:
    file = tmp_path / "commands.json"
    options = ["--quick", "--seed", "3", "--json", str(file)]
    done = subprocess.run([sys.executable, str(SCRIPT), *options], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    rows = {row["what"]: row["value"] for row in json.loads(file.read_text(encoding="utf-8"))["rows"]}
    assert sum(what.endswith(", beside a watcher") for what in rows) == 7
    assert rows["watchers killed"] == 7
    assert rows["commands that ended with 0 though their watcher was killed"] == 7
    must_be_zero = [what for what in rows if what.endswith("(0)")]
    assert len(must_be_zero) == 5
    assert [rows[what] for what in must_be_zero] == [0] * 5, done.stderr
