"""scripts/calibrate.py: one calibration for two orders; a title is asked for by another caption."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("sklearn")

import calibrate

from mediaindex.learn.fitting.described_clips import DescribedClips
from mediaindex.learn.fitting.samples import Samples
from mediaindex.search.confidence import word_numbers
from tests.support.described import features


def test_words_are_asked_by_another_caption_than_the_title() -> None:
    clips = DescribedClips.of_features(features(200))
    twice = np.repeat(np.arange(200), 2)
    said = [f"thing{place} {word}" for place in range(200) for word in ("seen", "told")]
    known = replace(clips, texts=clips.texts[twice], of=twice, captions=tuple(said))
    halves = calibrate.word_samples(known, galleries=1, seed=0)
    for samples in halves:
        assert samples.numbers.shape[1] == len(word_numbers.NAMES)
        first = samples.first & samples.answered
        assert samples.right[first].all(), "the title has the word of its thing"
        assert samples.answered[samples.first].mean() > 0.4
    assert not set(halves[0].group.tolist()) & set(halves[1].group.tolist())


def half_of_an_order(right_by: str, *, seed: int) -> Samples:
    """600 first moments that are right more often the higher one of their two numbers is."""
    numbers = np.random.default_rng(seed).normal(size=(600, 2))
    chance = 1 / (1 + np.exp(-2 * numbers[:, ("shown", "heard").index(right_by)]))
    right = np.random.default_rng(seed + 1).uniform(size=600) < chance
    every = np.ones(600, np.bool_)
    return Samples(numbers, right, np.arange(600), every, every)


def test_one_calibration_weighs_what_holds_in_every_order() -> None:
    orders = {
        right_by: [half_of_an_order(right_by, seed=seed + place) for seed in (0, 10)]
        for place, right_by in enumerate(("shown", "heard"))
    }
    calibration, reports = calibrate.calibrated_together(orders, ("shown", "heard"))
    by_shown, by_heard = calibration.weights
    assert by_shown > 0.5
    assert by_heard > 0.5
    assert list(reports) == ["shown", "heard"]
    for report in reports.values():
        assert report["questions"] == 1200
        assert 0.05 < report["skill"] < 0.4
    alone, best = calibrate.calibrated_together({"shown": orders["shown"]}, ("shown", "heard"))
    assert abs(alone.weights[1]) < 0.3, "nothing is right by it here"
    assert best["shown"]["skill"] > reports["shown"]["skill"], "one for both is worse than one of its own"
