"""What mixing gains: of records as a library stores them, with a weight that other captions chose."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from mediaindex.embed.families.patch_scorer import PatchScorer, read_scorer
from mediaindex.embed.families.token_states import TokenStates
from mediaindex.ingest.writer.query_bank import bank_of_encoder
from mediaindex.learn.scorer.media_tokens import CaptionedTokens, read_tokens
from mediaindex.learn.scorer.mixture_trial import WEIGHTS, mixture_outcome, scored_lists
from mediaindex_models.late_interaction import LOGIT_UNIT
from tests.support.made_scorer import made_patch_scorer
from tests.support.pictured import DECODING, Study

GAINS = np.array([0.4, 0.4, 0.4], np.float32)


@pytest.fixture(scope="module")
def bank(made: Study) -> NDArray[np.float32]:
    return bank_of_encoder(made.encoder).queries


@pytest.fixture(scope="module")
def read(made: Study, tmp_path_factory: pytest.TempPathFactory) -> tuple[PatchScorer, CaptionedTokens]:
    """A scorer that nothing was learnt for, and the tokens of the test in its bases."""
    folder = tmp_path_factory.mktemp("scorer")
    path = made_patch_scorer(folder, image=64, text=32)
    scorer = read_scorer(path, encoder=(made.encoder.spec.name, made.encoder.spec.digest))
    test = made.data.test
    assert test is not None
    with TokenStates(made.encoder) as tokens:
        found, _skipped = read_tokens(test, made.pictures, tokens, DECODING, bases=scorer.pictures.cells)
    assert found is not None
    return scorer, found


def test_lists_hold_the_numbers_that_a_search_computes(
    made: Study, read: tuple[PatchScorer, CaptionedTokens], bank: NDArray[np.float32]
) -> None:
    scorer, tokens = read
    test = made.data.test
    assert test is not None
    told: list[tuple[int, int]] = []
    lists, plain = (
        scored_lists(
            scorer,
            test,
            tokens,
            bank,
            blend=0.5,
            corrects_hubs=corrects,
            deviation=0.1,
            progress=lambda *done: told.append(done),
        )
        for corrects in (True, False)
    )
    assert lists.numbers.shape == (80, 40, 5)
    assert told[-1] == (80, 80)
    assert np.isfinite(lists.numbers).all()
    assert (np.diff(lists.numbers[..., 0], axis=1) <= 1e-6).all(), "best first"
    only_similarity = np.array([1, 0, 0, 0, 0], np.float32)
    np.testing.assert_array_equal(lists.ranks(only_similarity), lists.corrected)
    np.testing.assert_array_equal(plain.ranks(only_similarity), plain.plain)
    assert (plain.numbers[..., 0] != lists.numbers[..., 0]).any()
    some = lists.ranks(np.array([0, 1, 0, 0, 0], np.float32))
    assert 0 <= some.min() <= some.max() < 40
    assert (some != lists.corrected).any()


def test_the_weight_is_one_of_the_table_and_the_gate_says_why(
    made: Study, read: tuple[PatchScorer, CaptionedTokens], bank: NDArray[np.float32]
) -> None:
    scorer, tokens = read
    test = made.data.test
    assert test is not None
    share = (test, tokens)
    outcome = mixture_outcome(
        scorer,
        {"validation": share, "test": share},
        bank,
        blend=0.5,
        corrects_hubs=True,
        gains=GAINS,
        sources=frozenset(["captions.csv"]),
    )
    assert float(outcome.weights[0]) in WEIGHTS
    np.testing.assert_allclose(outcome.weights[1:], [*(LOGIT_UNIT * GAINS), 1.0])
    assert outcome.deviation > 0
    assert outcome.gate.on is False
    assert outcome.gate.by == "test"
    assert outcome.report["gates"][0]["component"] == "generator"
    assert set(outcome.report["metrics"]) == {"R@1", "R@5", "R@10", "MRR"}
    alone = mixture_outcome(
        scorer, {"validation": share}, bank, blend=0.5, corrects_hubs=False, gains=GAINS, sources=frozenset()
    )
    assert (alone.gate.on, alone.gate.by) == (False, "validation")
    assert alone.gate.reason.endswith("its weight was chosen by the same captions")
