"""Hub correction: on where both halves gain and no source loses, in both directions, on real rankings."""

from __future__ import annotations

import numpy as np
import pytest

from mediaindex.learn.fitting.described_clips import DescribedClips
from mediaindex.learn.fitting.hub_trial import LARGE_SOURCE, Gains, hub_report, points, verdict_of
from tests.support.described import bank, features


def gains(value: float, count: int = LARGE_SOURCE, seed: int = 0) -> Gains:
    """Differences around a value."""
    return Gains(np.random.default_rng(seed).normal(value, 5.0, count), np.arange(count))


GOOD = {"one half": gains(3.0), "the other half": gains(2.0, seed=1)}


@pytest.mark.parametrize(
    ("halves", "sources", "on"),
    [
        (GOOD, {"a": gains(2.0)}, True),
        (GOOD | {"the other half": gains(0.0)}, {"a": gains(2.0)}, False),
        (GOOD, {"a": gains(2.0), "b": gains(-2.0)}, False),  # a large source that loses for certain
        (GOOD, {"a": gains(2.0), "b": gains(-2.0, 40)}, True),  # a small one is not looked at alone,
        (GOOD, {"a": gains(0.0), "b": gains(-9.0, 40), "c": gains(-9.0, 40)}, False),  # but weighs as one
    ],
)
def test_the_rules(halves: dict[str, Gains], sources: dict[str, Gains], on: bool) -> None:
    verdict = verdict_of(halves, sources)
    assert verdict.on is on
    assert verdict.lesser_half.low == min(one.low for one in verdict.halves.values())


def test_small_sources_weigh_as_one() -> None:
    apart = verdict_of(GOOD, {"a": gains(4.0), "b": gains(0.0, 150, 2), "c": gains(0.0, 150, 3)})
    assert apart.pooled.value == pytest.approx(2.0, abs=1.0)


def test_clips_that_are_near_to_every_sentence_turn_it_on() -> None:
    clips = DescribedClips.of_features(features(400, hubs=5.0))
    report = hub_report(clips, bank(), blend=0.5, by="test")
    (gate,) = report["gates"]
    assert gate["on"] is True
    assert gate["component"] == "hubs"
    assert gate["reason"].startswith("the lesser half of test gains +")
    assert [row["of"] for row in report["gains"]] == ["one half", "the other half", "sources, pooled"]
    assert all(row["low"] <= row["value"] <= row["high"] for row in report["gains"])
    assert report["queries"] == 400
    without = hub_report(DescribedClips.of_features(features(400)), -bank(), blend=0.5, by="test")
    assert without["gates"][0]["on"] is False
    assert without["gates"][0]["reason"].endswith(": no certain gain")


def test_too_few_queries_decide_nothing() -> None:
    report = hub_report(
        DescribedClips.of_features(features(50, hubs=5.0)), bank(), blend=0.5, by="validation"
    )
    assert report["gains"] == []
    assert report["gates"][0]["on"] is False
    assert report["gates"][0]["reason"].startswith("50 captions of validation are too few to decide by")
    assert points(verdict_of(GOOD, {"a": gains(2.0)}).pooled).startswith("+")
