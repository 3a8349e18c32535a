"""scripts/bench/reranked_confidence.py judges both orders of the same questions."""

from __future__ import annotations

from pathlib import Path

import pytest
from builtin.train_scorer import scorer_file

from mediaindex.embed.families.builtin_files import FILES
from tests.support.benchmarks import bench
from tests.support.late_interaction import write_untrained_scorers
from tests.support.prepared_photographs import Group, write_prepared

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

GROUPS = [
    Group("flickr8k", "train", 12),
    Group("pascal", "train", 230),
    Group("flickr8k", "val", 120),
    Group("flickr8k", "val2", 130),
]


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """Photographs, a scorer of all of them, and one without a source."""
    folder = tmp_path / "prepared"
    write_prepared(folder, GROUPS)
    write_untrained_scorers([scorer_file(folder, left_out=name, seed=0) for name in (None, "pascal")])
    return folder


def test_both_orders_are_judged_by_the_calibration_in_the_box(work: Path, tmp_path: Path) -> None:
    found = bench("reranked_confidence", "--quick", "--work", work, file=tmp_path / "found.json")
    for order in ("instant order", "reranked"):
        assert 0 <= found[f"{order}: expected calibration error"]["value"] <= 1
        right = found[f"{order}: first moments that are right"]["value"]
        assert 0 <= right <= 60, "half of the questions have no answer"
    assert not [name for name in found if name.startswith("pascal")]


def test_numbers_of_the_mixture_are_compared_with_none_on_a_left_out_source(
    work: Path, tmp_path: Path
) -> None:
    options = ("--fold-files", FILES, "--left-out", "pascal")
    found = bench("reranked_confidence", "--quick", "--work", work, *options, file=tmp_path / "found.json")
    for title in ("val, val2", "pascal"):
        of_title = [name for name in found if name.startswith(f"{title}, reranked")]
        assert len(of_title) == 4 + 3 * 5, "the six numbers, and three kinds more with what they gain"
        assert len([name for name in of_title if "Brier score falls by [" in name]) == 3
        for further in ("", " and score and lead", " and lead", " and lead and rise"):
            name = f"{title}, reranked, by the six numbers{further}: expected calibration error"
            assert 0 <= found[name]["value"] <= 1
