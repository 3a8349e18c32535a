"""Commands of a second terminal beside a watcher, either side killed in the middle of each."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.benchmarks import values

pytestmark = [pytest.mark.kill, pytest.mark.timeout(1800)]


def test_every_command_survives_either_side(tmp_path: Path) -> None:
    options = ["--quick", "--seed", "3"]
    rows = values("commands", *options, file=tmp_path / "commands.json")
    assert sum(what.endswith(", beside a watcher") for what in rows) == 7
    assert rows["watchers killed"] == 7
    assert rows["commands that ended with 0 though their watcher was killed"] == 7
    must_be_zero = [what for what in rows if what.endswith("(0)")]
    assert len(must_be_zero) == 5
    assert [rows[what] for what in must_be_zero] == [0] * 5
