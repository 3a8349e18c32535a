"""Captioned pictures, a tiny encoder with random weights that sees them, and a scorer that learnt nothing."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from mediaindex.embed.families.patch_scorer import read_scorer
from mediaindex.embed.families.token_states import TokenStates
from mediaindex.ingest.writer.query_bank import bank_of_encoder
from mediaindex.learn.features.feature_set import Features
from mediaindex.learn.scorer.media_tokens import read_tokens
from mediaindex.learn.scorer.mixture_trial import SearchOrder
from tests.support.made_scorer import made_patch_scorer
from tests.support.pictured import DECODING, Read, Study, study


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return study(tmp_path_factory.mktemp("pictured"))


@pytest.fixture(scope="module")
def bank(made: Study) -> NDArray[np.float32]:
    return bank_of_encoder(made.encoder).queries


@pytest.fixture(scope="module")
def order(bank: NDArray[np.float32]) -> SearchOrder:
    return SearchOrder(bank, blend=0.5, corrects_hubs=True, deviation=0.1)


@pytest.fixture(scope="module")
def test_share(made: Study) -> Features:
    test = made.data.test
    assert test is not None
    return test


@pytest.fixture(scope="module")
def read(made: Study, test_share: Features, tmp_path_factory: pytest.TempPathFactory) -> Read:
    """A scorer that nothing was learnt for, and the tokens of the test in its bases."""
    folder = tmp_path_factory.mktemp("scorer")
    path = made_patch_scorer(folder, image=64, text=32)
    scorer = read_scorer(path, encoder=(made.encoder.spec.name, made.encoder.spec.digest))
    with TokenStates(made.encoder) as tokens:
        found, _skipped = read_tokens(
            test_share, made.pictures, tokens, DECODING, bases=scorer.pictures.cells
        )
    assert found is not None
    return scorer, found
