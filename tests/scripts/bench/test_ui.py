"""scripts/bench/ui.py and ui_tasks.py: the real interface, on a terminal and through its keys."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from bench._terminal import Drawn, Line, Terminal

from tests.support.benchmarks import bench

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def test_the_interface_answers_on_a_terminal(searchable: Path, tmp_path: Path) -> None:
    rows = bench("ui", "--quick", "--library", searchable, file=tmp_path / "rows.json")
    assert rows["clips: bytes at rest in 5 s"]["value"] == 0
    assert 0 < rows["clips: memory of the interface (under 80)"]["value"] < 200
    painted = next(row for what, row in rows.items() if what.startswith("clips: key to painted list, median"))
    assert painted["value"] > 0
    for what in (
        "first frame, CPU",
        "words answer",
        "pictures answer",
        "a letter appears while the encoder loads",
    ):
        assert any(row.startswith(what) for row in rows), what
    assert any("before the cursor rests, CPU" in what for what in rows)


def test_a_slow_line_carries_what_is_drawn_in_its_time() -> None:
    terminal = Terminal(pid=0, descriptor=0, line=Line(rate=1000.0, delay=0.1))
    began = time.monotonic()
    first, second = terminal._arrival(500), terminal._arrival(250)
    assert 0.55 <= first - began < 5.0
    assert second - first == pytest.approx(0.25, abs=1e-6)


def test_when_a_row_settled_is_told_from_when_a_text_first_stood() -> None:
    terminal = Terminal(pid=0, descriptor=0)
    terminal.drawn = [
        Drawn(at, 1, query, ())
        for at, query in (
            (1.0, "a reranked"),
            (2.0, "ab reranked"),
            (3.0, "ab words"),
            (4.0, "ab reranked 5"),
        )
    ]
    assert terminal.shown_after(1.5, "reranked") == pytest.approx(500.0)
    assert terminal.settled_after(1.5, "reranked") == pytest.approx(2500.0)
    assert terminal.settled_after(1.5, "instant") is None
    assert terminal.shown_after(4.5, "a") is None


@pytest.mark.corpus
def test_moments_are_found_with_few_keys(shared: Path, tmp_path: Path) -> None:
    rows = bench("ui_tasks", "--videos", shared / "corpus" / "videos", file=tmp_path / "rows.json")
    for size in ("80×24", "120×40"):
        assert rows[f"{size}: keys with Enter, median (at most 9)"]["value"] <= 9
        assert rows[f"{size}: tasks within 12 keys (at least 15 of 20)"]["value"] >= 15
