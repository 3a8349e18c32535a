"""scripts/bench/cuts.py: every rule is measured beside the one that decodes every gap."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.benchmarks import bench

pytestmark = pytest.mark.timeout(400)


@pytest.mark.slow
def test_every_rule_has_the_same_measures(clips: Path, tmp_path: Path) -> None:
    rows = bench("cuts", "--quick", "--videos", clips, file=tmp_path / "rows.json")
    measures: dict[str, set[str]] = {}
    for name in rows:
        rule, colon, what = name.partition(": ")
        if not colon:
            assert rule.endswith("beside decoding everything")
            continue
        measures.setdefault(rule, set()).add(what)
    assert len(measures) >= 5
    assert len(set(map(frozenset, measures.values()))) == 1
    frames = {rule: rows[f"{rule}: sampled frames"]["value"] for rule in measures}
    assert frames["keyframes alone"] <= min(frames.values())
