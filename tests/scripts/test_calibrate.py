"""scripts/calibrate.py: words are asked for by another caption than their title."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("sklearn")

import calibrate

from mediaindex.learn.fitting.described_clips import DescribedClips
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
