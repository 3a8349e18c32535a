"""scripts/bench/reranked_confidence.py judges both orders of the same questions."""

from __future__ import annotations

from pathlib import Path

import pytest
from builtin.train_scorer import scorer_file

from tests.support.benchmarks import bench
from tests.support.late_interaction import write_untrained_scorers
from tests.support.prepared_photographs import Group, write_prepared

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

GROUPS = [
    Group("flickr8k", "train", 12),
    Group("pascal", "train", 12),
    Group("flickr8k", "val", 120),
    Group("flickr8k", "val2", 130),
]


def test_both_orders_are_judged_by_the_calibration_in_the_box(tmp_path: Path) -> None:
    work = tmp_path / "prepared"
    write_prepared(work, GROUPS)
    write_untrained_scorers([scorer_file(work, left_out=None, seed=0)])
    found = bench("reranked_confidence", "--quick", "--work", work, file=tmp_path / "found.json")
    assert len(found) == 12
    for order in ("instant order", "reranked"):
        assert 0 <= found[f"{order}: expected calibration error"]["value"] <= 1
        right = found[f"{order}: first moments that are right"]["value"]
        assert 0 <= right <= 60, "half of the questions have no answer"
