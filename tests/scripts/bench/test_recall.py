"""scripts/bench/recall.py ranks clips whose order is known, and reaches its goals on the real ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.benchmarks import bench, run
from tests.support.paths import BENCH

pytestmark = pytest.mark.timeout(400)


@pytest.mark.slow
def test_recall_ranks_every_text_beside_fresh_frames(clips: Path, tmp_path: Path) -> None:
    rows = bench("recall", "--quick", "--videos", clips, file=tmp_path / "rows.json")
    for what in ("query", "captions"):
        shares = [next(row for name, row in rows.items() if name.startswith(f"{what} R@{k}")) for k in (1, 5)]
        assert 0 <= shares[0]["value"] <= shares[1]["value"] == 100.0
        assert shares[1]["baseline"] == 100.0, "three videos stand among the first five"
        assert 1 <= rows[f"{what} MdR"]["value"] <= 3


@pytest.mark.slow
def test_recall_of_reranking_stands_beside_the_instant_order(
    clips: Path, searchable: Path, tmp_path: Path
) -> None:
    flags = ("--videos", clips, "--library", searchable, "--rerank", "on", "--generator", "residual")
    rows = bench("recall", *flags, "--processes", 2, file=tmp_path / "rows.json")
    for what in ("query", "captions"):
        held = rows[f"{what} R@5 by residual, against the instant order (too few queries to decide anything)"]
        assert (held["value"], held["baseline"]) == (100.0, 100.0), "three videos"
    spent = rows["warm query with hub correction and residual over 64 candidates, CPU, against one without"]
    assert spent["value"] > 0
    assert spent["ratio"] == pytest.approx(spent["value"] / spent["baseline"])
    assert rows["different orders of 3 queries by residual from 2 processes (at most 1)"]["value"] == 1
    assert not any("paper" in name for name in rows)


def test_a_folder_without_a_manifest_is_named(tmp_path: Path) -> None:
    done = run(BENCH / "recall.py", "--videos", tmp_path / "none")
    assert done.returncode == 1
    assert "--videos" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.corpus
@pytest.mark.timeout(1800)
def test_recall_of_the_real_clips_is_as_good_as_promised(shared: Path, tmp_path: Path) -> None:
    rows = bench("recall", "--videos", shared / "corpus" / "videos", file=tmp_path / "rows.json")
    for depth, least in ((1, 57), (5, 80), (10, 88)):
        assert rows[f"query R@{depth} (at least {least})"]["value"] >= least
