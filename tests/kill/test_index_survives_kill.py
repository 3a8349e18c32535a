"""`index`, killed at random moments, loses nothing and stores nothing else than an undisturbed run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.benchmarks import values

ROUNDS = 12

pytestmark = [pytest.mark.kill, pytest.mark.timeout(1800)]


def test_killed_index_ends_as_an_undisturbed_one(tmp_path: Path) -> None:
    options = ["--rounds", str(ROUNDS), "--clips", "12", "--seed", "5"]
    rows = values("kill", *options, file=tmp_path / "kill.json")
    assert rows["rounds"] == ROUNDS
    assert rows["kills that hit a running process"] >= ROUNDS // 2
    assert rows["clips compared with the undisturbed index, bit for bit"] >= 6 * ROUNDS
    for what in (
        "clips missing or different",
        "problems that check found",
        "next runs that did not end with 0",
        "processes that lived on",
    ):
        assert rows[what] == 0
