"""Benchmarks run as a user runs them, and the rows that they write."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support.paths import BENCH

REPORT_KEYS = {"schema", "name", "command", "machine", "rows"}
MACHINE_KEYS = {"cpu", "cores", "memory_gib", "system", "python", "load_average", "measured"}
ROW_KEYS = {"what", "value", "unit", "baseline", "ratio"}

Rows = dict[str, dict[str, Any]]


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Python with these arguments, to its end; one torch thread, for the machine may be busy."""
    command = [sys.executable, *map(str, arguments)]
    environment = {**os.environ, "MEDIAINDEX_THREADS": "1"}
    return subprocess.run(command, capture_output=True, text=True, env=environment)


def bench(name: str, *arguments: object, file: Path) -> Rows:
    """The rows that a script writes, by what they are of."""
    done = run(BENCH / f"{name}.py", *arguments, "--json", file)
    assert done.returncode == 0, done.stderr
    report = json.loads(file.read_text(encoding="utf-8"))
    assert report.keys() == REPORT_KEYS
    assert (report["schema"], report["name"]) == (1, name)
    assert report["machine"].keys() == MACHINE_KEYS
    assert report["command"].startswith(f"python scripts/bench/{name}.py")
    rows: Rows = {}
    for row in report["rows"]:
        assert row.keys() == ROW_KEYS
        assert row["what"] in done.stdout
        rows[row["what"]] = row
    assert len(rows) == len(report["rows"])
    return rows


def is_measured(row: Mapping[str, Any]) -> bool:
    """Whether its value is above zero, as all are but the times of a virtual machine.

    Its kernel takes what the host took from it off the processor time of a process, some milliseconds late:
    short work seems to cost nothing then, which was seen on a busy machine.
    """
    return bool(row["value"] >= 0 if row["unit"] == "ms" else row["value"] > 0)


def values(name: str, *arguments: object, file: Path) -> dict[str, float]:
    """The values alone of the rows that a script writes."""
    return {what: row["value"] for what, row in bench(name, *arguments, file=file).items()}
