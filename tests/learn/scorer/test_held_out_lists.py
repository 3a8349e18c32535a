"""Lists to learn from: each half of the clips, by a scorer that saw the other one alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mediaindex.learn.features.feature_set import Features
from mediaindex.learn.fitting.described_clips import half_of
from mediaindex.learn.scorer import held_out_lists as module
from mediaindex.learn.scorer.fitted_scorer import TrainedScorer, trained_scorer
from mediaindex.learn.scorer.held_out_lists import held_out_lists
from mediaindex.learn.scorer.media_tokens import CaptionedTokens
from mediaindex.learn.scorer.mixture_trial import ScoredLists, SearchOrder
from tests.support.pictured import Read, Study


def listed(
    made: Study, features: Features, read: Read, order: SearchOrder, told: list[str]
) -> tuple[ScoredLists, ...]:
    def progress(stage: str, _done: int, _all: int) -> None:
        told.append(stage)

    return held_out_lists(made.encoder, (features, read[1]), order, steps=10, seed=0, progress=progress)


def test_no_scorer_lists_what_it_learnt_from(
    made: Study, test_share: Features, read: Read, order: SearchOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LEAST_OF_A_HALF", 5)
    learnt: list[set[str]] = []

    def noted(data: CaptionedTokens, **options: object) -> TrainedScorer:
        learnt.append({test_share.groups[clip] for clip in data.clips})
        return trained_scorer(data, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "trained_scorer", noted)
    told: list[str] = []
    halves = listed(made, test_share, read, order, told)
    assert list(dict.fromkeys(told)) == [
        "training a scorer without one half",
        "listing one half",
        "training a scorer without the other half",
        "listing the other half",
    ]
    groups = [half_of(name) for name in test_share.groups]
    for which, (lists, seen) in enumerate(zip(halves, learnt, strict=True)):
        count = groups.count(which)
        assert lists.numbers.shape == (2 * count, count, 5)
        assert np.isfinite(lists.numbers).all()
        assert {half_of(name) for name in seen} == {1 - which}
        assert len(seen) == len(groups) - count


def test_too_few_clips_make_none(made: Study, test_share: Features, read: Read, order: SearchOrder) -> None:
    one_group = replace(test_share, groups=("same",) * len(test_share.paths))
    assert listed(made, one_group, read, order, []) == ()
