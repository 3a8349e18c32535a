"""scripts/bench/nightly_year.py judges made years by the rule itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from bench.nightly_year import DROP_NIGHT, alarms, nights, noticed

from tests.support.benchmarks import bench

pytestmark = pytest.mark.timeout(400)


def test_a_large_drop_is_noticed_the_same_night_and_a_usual_year_is_quiet() -> None:
    assert noticed(100, np.random.default_rng(1), 40) == 0
    assert not any(alarms(nights(30, np.random.default_rng(1), restless=False)))


def test_a_night_without_a_change_is_the_same_object() -> None:
    year = list(nights(30, np.random.default_rng(0), restless=False, drop=10))
    assert year[1] is year[0]
    assert year[DROP_NIGHT] is not year[DROP_NIGHT - 1]


@pytest.mark.slow
def test_the_rows_of_a_quick_run(tmp_path: Path) -> None:
    rows = bench("nightly_year", "--quick", file=tmp_path / "rows.json")
    assert rows["100 queries: false alarms in 2 usual years (below 5)"]["value"] == 0
    assert rows["100 queries: a drop of 40 points noticed within 14 nights"]["value"] > 0
