"""Every benchmark says how to run it and has the flags of all (scripts/bench/_report.py)."""

from __future__ import annotations

import pytest

from tests.support.benchmarks import run
from tests.support.paths import BENCH

pytestmark = pytest.mark.timeout(400)


SCRIPTS = (
    "caption_gate",
    "commands",
    "confidence",
    "evidence_cost",
    "faults",
    "feedback",
    "first_answer",
    "fuzz",
    "generator",
    "ingest",
    "kill",
    "moments",
    "nightly_year",
    "operators",
    "personal",
    "recall",
    "rerank",
    "scale",
    "score",
    "soak",
    "startup",
    "ui",
    "ui_tasks",
    "watch",
)


@pytest.mark.parametrize("name", SCRIPTS)
def test_help_says_how_to_run_it(name: str) -> None:
    done = run(BENCH / f"{name}.py", "--help")
    assert done.returncode == 0, done.stderr
    assert f"python scripts/bench/{name}.py --quick" in done.stdout
    for flag in ("--quick", "--seed", "--json"):
        assert flag in done.stdout
