"""The mixture and the residual generator without torch: orders by hand and by torch, and what is missing."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from mediaindex.errors import GeneratorUnavailable
from mediaindex.search.ranking.evidence_reranker import (
    MixtureReranker,
    NumpyGeneratorReranker,
    five_numbers,
)
from mediaindex.search.ranking.mixture import Mixture
from mediaindex.search.ranking.reranker import GeneratorReranker
from mediaindex.search.ranking.shortlist import Shortlist
from mediaindex_models.candidates import Candidates
from mediaindex_models.checkpoint import SavedGenerator, ScorerIdentity, load, save
from mediaindex_models.checkpoint_numpy import load as load_numpy
from mediaindex_models.evidence_mixture import evidence_numbers
from tests.support.heard_lists import heard_lists, shipped_scorer
from tests.support.tiny_generators import generator_of, write_generator

WIDTH, FRAMES, EVIDENCE = 10, 3, 256
MIXTURE = Mixture("a scorer", (1.0, 2.0, 3.0, 4.0, 0.5), 0.1)


def shortlist(count: int = 8, *, seed: int = 0) -> Shortlist:
    random = np.random.default_rng(seed)
    return Shortlist(
        "a dog on the grass",
        random.standard_normal(WIDTH).astype(np.float32),
        random.standard_normal((count, FRAMES, WIDTH)).astype(np.float32),
        np.ones((count, FRAMES), np.bool_),
        np.sort(random.random(count).astype(np.float32))[::-1].copy(),
        random.standard_normal((count, FRAMES, EVIDENCE)).astype(np.float16),
        random.standard_normal((count, 4)).astype(np.float32),
    )


def numbers_of(given: Shortlist) -> NDArray[np.float32]:
    assert given.numbers is not None
    return given.numbers


def test_a_mixture_weighs_five_numbers() -> None:
    given = shortlist()
    numbers = numbers_of(given)
    score = 1.0 * given.score / 0.1 + numbers @ np.array([2, 3, 4, 0.5])
    made = MixtureReranker(MIXTURE).rerank(given)
    assert made.order.tolist() == np.argsort(-score).tolist()
    assert (made.probabilities, made.none_probability) == (None, None)


def test_the_numbers_are_those_that_the_mixture_was_fitted_to() -> None:
    given = shortlist()
    numbers = torch.from_numpy(numbers_of(given))
    fitted = evidence_numbers(
        torch.from_numpy(given.score)[None] / 0.1, numbers[None, :, :3], -numbers[None, :, 3]
    )
    np.testing.assert_allclose(five_numbers(given, 0.1), fitted[0], rtol=1e-6)


def test_a_candidate_without_evidence_is_neither_favoured_nor_punished() -> None:
    given = shortlist()
    numbers = numbers_of(given).copy()
    numbers[2] = np.nan
    half = dataclasses.replace(given, numbers=numbers)
    filled = five_numbers(half, 0.1)
    known = np.delete(numbers, 2, axis=0)
    np.testing.assert_allclose(filled[2, 1:], known.mean(axis=0), rtol=1e-5)
    none = dataclasses.replace(given, numbers=np.full_like(numbers, np.nan))
    assert MixtureReranker(MIXTURE).rerank(none).order.tolist() == list(range(8))
    assert not numbers_of(given)[2].any() or np.isfinite(numbers_of(given)[2]).all(), "the list is left alone"


def test_equal_candidates_keep_their_order() -> None:
    given = dataclasses.replace(
        shortlist(), score=np.full(8, 0.3, np.float32), numbers=np.ones((8, 4), np.float32)
    )
    assert MixtureReranker(MIXTURE).rerank(given).order.tolist() == list(range(8))


def test_without_a_scorer_there_is_nothing_to_weigh() -> None:
    with pytest.raises(GeneratorUnavailable, match="scorer of regions"):
        MixtureReranker(MIXTURE).rerank(dataclasses.replace(shortlist(), numbers=None))


def heard_shortlist() -> Shortlist:
    """As a search makes it of a list with evidence."""
    (one,) = heard_lists(1, names_tell=True)
    assert one.evidence is not None
    records = one.evidence.pool.records()[one.evidence.rows]
    asked = one.evidence.asked
    count = len(records)
    return dataclasses.replace(shortlist(count), numbers=asked.numbers(records), asked=asked, records=records)


def test_a_text_side_of_its_own_hears_the_frames_anew() -> None:
    given = heard_shortlist()
    assert given.asked is not None
    assert given.records is not None
    other = {
        name: values
        for name, values in shipped_scorer(1).weights.items()
        if name.startswith("words.direction.")
    }
    heard = given.asked.with_weights(other).numbers(given.records)
    assert np.abs(heard - numbers_of(given)).max() > 0.01
    expected = MixtureReranker(MIXTURE).rerank(dataclasses.replace(given, numbers=heard))
    found = MixtureReranker(MIXTURE, other).rerank(given)
    assert found.order.tolist() == expected.order.tolist()
    assert found.order.tolist() != MixtureReranker(MIXTURE).rerank(given).order.tolist()
    same = MixtureReranker(MIXTURE, {}).rerank(given)
    assert same.order.tolist() == MixtureReranker(MIXTURE).rerank(given).order.tolist()


@pytest.mark.parametrize(
    "side",
    [{"words.weight.bias": np.zeros(2, np.float32)}, {"words.secret.weight": np.zeros(1, np.float32)}],
)
def test_a_text_side_that_does_not_fit_the_scorer_is_named(side: dict[str, NDArray[np.float32]]) -> None:
    with pytest.raises(GeneratorUnavailable, match=r"does not fit the scorer: words\.(weight\.bias|secret)"):
        MixtureReranker(MIXTURE, side).rerank(heard_shortlist())


def test_the_generator_orders_as_torch_does(tmp_path: Path) -> None:
    folder = write_generator(tmp_path / "generator", strength=0.3)
    saved = load(folder)
    in_torch = GeneratorReranker(saved.generator.ranker("t2v"), saved.calibration["t2v"])
    in_numpy = NumpyGeneratorReranker(load_numpy(folder))
    assert (in_numpy.reads_evidence, in_numpy.scorer) == (True, None)
    for seed in range(5):
        given = shortlist(seed=seed)
        one, other = in_torch.rerank(given), in_numpy.rerank(given)
        assert one.order.tolist() == other.order.tolist()
        assert one.probabilities is not None
        assert other.probabilities is not None
        np.testing.assert_allclose(one.probabilities, other.probabilities, atol=1e-5)
        assert one.none_probability == pytest.approx(other.none_probability, abs=1e-5)


def test_a_generator_that_reads_numbers_gets_all_five(tmp_path: Path) -> None:
    made = generator_of("residual", evidence=0, numbers=5, strength=0.3)
    plain = write_generator(tmp_path / "plain")
    saved = SavedGenerator(made, load(plain).encoder, scorer=ScorerIdentity("a scorer", 0.1))
    save(saved, tmp_path / "generator", card="A generator of a test.\n")
    reranker, given = NumpyGeneratorReranker(load_numpy(tmp_path / "generator")), shortlist()
    assert reranker.scorer == "a scorer"
    lists = Candidates(
        "t2v",
        text=torch.from_numpy(given.query)[None],
        video=torch.from_numpy(given.frames)[None],
        mask=torch.from_numpy(given.mask)[None],
        score=torch.from_numpy(given.score)[None],
        numbers=torch.from_numpy(five_numbers(given, 0.1))[None],
    )
    expected = made.ranker("t2v")(lists).score[0]
    assert reranker.rerank(given).order.tolist() == expected.argsort(descending=True).tolist()
    with pytest.raises(GeneratorUnavailable, match="scorer of regions"):
        reranker.rerank(dataclasses.replace(given, numbers=None))


def test_what_is_no_number_is_told(tmp_path: Path) -> None:
    reranker = NumpyGeneratorReranker(load_numpy(write_generator(tmp_path / "generator")))
    broken = shortlist()
    broken.frames[1, 0, 0] = np.nan
    with pytest.raises(GeneratorUnavailable, match="NaN"):
        reranker.rerank(broken)
    with pytest.raises(GeneratorUnavailable, match="evidence"):
        reranker.rerank(dataclasses.replace(shortlist(), evidence=None))
