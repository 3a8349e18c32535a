"""scripts/bench/moments.py finds the scenes and shot boundaries of clips that were joined of several."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.benchmarks import bench, run
from tests.support.paths import BENCH

pytestmark = pytest.mark.timeout(400)


@pytest.mark.slow
def test_moments_finds_every_joint_of_a_clip_of_three_colours(
    clips: Path, searchable: Path, tmp_path: Path
) -> None:
    rows = bench("moments", "--videos", clips, "--library", searchable, file=tmp_path / "rows.json")
    assert rows["2 shot boundaries: missed (at most 1)"]["value"] == 0
    assert rows["2 shot boundaries: false (at most 2)"]["value"] == 0
    assert rows["3 scenes: best second in the right one (at least 80)"]["value"] >= 100 / 3
    assert 0 < rows["mean temporal IoU"]["value"] <= 1


def test_moments_needs_a_clip_with_scenes(tmp_path: Path) -> None:
    (tmp_path / "MANIFEST.jsonl").touch()
    done = run(BENCH / "moments.py", "--videos", tmp_path)
    assert done.returncode == 1
    assert "segments" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.corpus
@pytest.mark.timeout(600)
def test_moments_of_the_real_tapes_are_as_good_as_promised(shared: Path, tmp_path: Path) -> None:
    rows = bench("moments", "--videos", shared / "corpus" / "videos", file=tmp_path / "rows.json")
    assert rows["20 scenes: best second in the right one (at least 80)"]["value"] >= 80
    assert rows["20 scenes: temporal IoU of at least 0.5 (at least 50)"]["value"] >= 50
    assert rows["18 shot boundaries: missed (at most 1)"]["value"] <= 1
    assert rows["18 shot boundaries: false (at most 2)"]["value"] <= 2
