"""Reranking: what a reranker is given, what it may change, and that an order can be had again."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mediaindex.errors import GeneratorUnavailable
from mediaindex.search.answer import Answer, Question
from mediaindex.search.ranking.generator_registry import Description, generators_of
from mediaindex.search.ranking.reranker import GeneratorReranker, load_reranker, query_seed
from mediaindex.search.ranking.shortlist import Reranker, Shortlist
from mediaindex.search.searcher import Searcher
from mediaindex.store.library import Library, open_library
from mediaindex.store.vectors import spaces
from mediaindex.store.vectors.reader import SpaceReader, consistent
from tests.support.backwards import Backwards
from tests.support.corridor import ingest, run
from tests.support.fake_encoder import COLOURS, EVIDENCE, FakeEncoder
from tests.support.films import film
from tests.support.tiny_generators import CALIBRATION, generator_of, write_generator

WIDTH = len(COLOURS)


def reranker(recipe: str, strength: float = 0.0) -> GeneratorReranker:
    return GeneratorReranker(generator_of(recipe, strength=strength).ranker("t2v"), CALIBRATION)


RERANKERS: dict[str, Callable[[], Reranker]] = {
    "residual": lambda: reranker("residual", 0.5),
    "paper": lambda: reranker("paper", 0.5),
    "backwards": Backwards,
}


def shortlist(count: int = 12, *, seed: int = 0, text: str = "a dog on the grass") -> Shortlist:
    random = np.random.default_rng(seed)
    mask = np.arange(5) < random.integers(1, 6, count)[:, None]
    frames = random.standard_normal((count, 5, WIDTH)).astype(np.float32) * mask[..., None]
    evidence = random.standard_normal((count, 5, EVIDENCE)).astype(np.float16) * mask[..., None]
    score = np.sort(random.random(count).astype(np.float32))[::-1].copy()
    return Shortlist(text, random.standard_normal(WIDTH).astype(np.float32), frames, mask, score, evidence)


@pytest.mark.parametrize("name", RERANKERS)
@pytest.mark.parametrize("count", [1, 2, 12])
def test_every_reranker_gives_an_order_and_shares_that_sum_to_one(name: str, count: int) -> None:
    made = RERANKERS[name]().rerank(shortlist(count))
    assert sorted(made.order.tolist()) == list(range(count))
    assert made.probabilities is not None
    assert made.none_probability is not None
    assert (made.probabilities >= 0).all()
    assert made.probabilities.sum() + made.none_probability == pytest.approx(1, abs=1e-5)
    again = RERANKERS[name]().rerank(shortlist(count))
    np.testing.assert_array_equal(again.order, made.order)
    np.testing.assert_array_equal(again.probabilities, made.probabilities)


def test_a_fresh_residual_generator_leaves_the_order_as_it_is() -> None:
    made = reranker("residual").rerank(shortlist())
    assert made.order.tolist() == list(range(12))
    assert made.probabilities is not None
    assert (np.diff(made.probabilities) <= 0).all(), "the best candidate is the likeliest"


def test_a_trained_one_does_not() -> None:
    assert reranker("residual", 0.5).rerank(shortlist()).order.tolist() != list(range(12))


def test_equal_candidates_keep_their_order() -> None:
    same = shortlist()
    same = dataclasses.replace(
        same,
        frames=np.repeat(same.frames[:1], 12, axis=0),
        mask=np.repeat(same.mask[:1], 12, axis=0),
        evidence=np.zeros((12, 5, EVIDENCE), np.float16),
        score=np.full(12, 0.5, np.float32),
    )
    assert reranker("residual", 0.5).rerank(same).order.tolist() == list(range(12))


def test_the_noise_of_the_paper_is_the_query_s_own() -> None:
    """A change of the seeds would change every order that was ever shown."""
    assert query_seed("a dog on the grass") == 5226359262684407622
    assert query_seed("a dog") != query_seed("a dog ")
    assert 0 <= query_seed("\udce9") < 1 << 63, "bytes of a terminal that are no UTF-8"
    paper = reranker("paper", 0.1)
    one, other = (paper.rerank(shortlist(text=text)).probabilities for text in ("a dog", "a cat"))
    assert one is not None
    assert other is not None
    assert not np.array_equal(one, other)


def test_without_a_calibration_nothing_is_believed() -> None:
    made = GeneratorReranker(generator_of("residual").ranker("t2v"), None).rerank(shortlist())
    assert (made.probabilities, made.none_probability) == (None, None)


def test_features_that_cannot_be_ranked_are_told() -> None:
    ranking = reranker("residual")
    with pytest.raises(GeneratorUnavailable, match="evidence"):
        ranking.rerank(dataclasses.replace(shortlist(), evidence=None))
    broken = shortlist()
    broken.frames[3, 0, 0] = np.nan
    with pytest.raises(GeneratorUnavailable, match="NaN"):
        ranking.rerank(broken)


def only(folder: Path) -> Description:
    (found,) = (one for one in generators_of(folder) if one.encoder == "colours")
    return found


def test_a_damaged_or_exchanged_generator_is_refused(tmp_path: Path) -> None:
    folder = write_generator(tmp_path / "generators" / "mine")
    found = only(tmp_path)
    assert load_reranker(found).reads_evidence
    with pytest.raises(
        GeneratorUnavailable, match=r"mine was trained for the encoder colours \(000000000000\)"
    ):
        load_reranker(dataclasses.replace(found, digest="1" * 64))
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x7f")
    with pytest.raises(GeneratorUnavailable, match=r"model\.safetensors"):
        load_reranker(found)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rerank")
    for colour in ("red", "blue"):
        film(folder / "videos" / f"{colour}.mp4", colour)
    film(folder / "videos" / "green.mp4", ("green", 8.0))  # of several frames
    film(folder / "videos" / "flag.mp4", ("red", 3.0), ("white", 3.0), ("blue", 3.0))
    with open_library(folder / "library", create=True) as library:
        run(ingest(library), folder / "videos")
    return folder


def space_of(library: Library) -> spaces.Space:
    with library.read() as connection:
        space = spaces.active_space(connection)
    assert space is not None
    return space


def asked(library: Library, ranking: Reranker | None, question: Question) -> Answer:
    return Searcher(library, space_of(library), FakeEncoder(), reranker=ranking).search(question)


def starts(answer: Answer) -> list[tuple[str, float]]:
    return [(Path(hit.path).stem, hit.start_seconds) for hit in answer.hits]


def test_the_best_are_ordered_anew_and_the_others_stay(opened: Library) -> None:
    question = Question(text="red", channel="pictures", per_video=None)
    instant = asked(opened, None, question)
    assert (instant.rerank, instant.timings_ms["rerank"]) == (None, None)
    turned = asked(opened, Backwards(), dataclasses.replace(question, candidates=3))
    assert starts(turned) == starts(instant)[2::-1] + starts(instant)[3:]
    assert [hit.instant_rank for hit in turned.hits] == [3, 2, 1, 4, 5, 6]
    assert [hit.generated_probability for hit in turned.hits] == pytest.approx([1 / 6] * 3 + [None] * 3)
    assert [hit.score for hit in turned.hits] == sorted((hit.score for hit in turned.hits), reverse=True)
    assert turned.rerank is not None
    assert (turned.rerank.candidates, turned.rerank.none_probability) == (3, 0.5)
    assert (turned.timings_ms["rerank"] or 0) > 0


def test_a_fresh_residual_generator_leaves_a_search_as_it_is(opened: Library) -> None:
    question = Question(text="white", channel="both", per_video=None)
    instant, again = (asked(opened, ranking, question) for ranking in (None, reranker("residual")))
    assert starts(again) == starts(instant)
    assert all(hit.generated_probability is not None for hit in again.hits)


def test_a_reranker_sees_what_the_encoder_made(opened: Library) -> None:
    ranking = Backwards()
    asked(opened, ranking, Question(text="red", channel="pictures", per_video=None))
    (given,) = ranking.given
    encoder = FakeEncoder()
    np.testing.assert_array_equal(given.query, encoder.texts(["red"]).pooled[0])
    assert given.score.tolist() == sorted(given.score.tolist(), reverse=True)
    red = encoder.images([np.full((48, 64, 3), (255, 0, 0), np.uint8)])
    assert not given.mask.all(), "shots of different lengths have different numbers of frames"
    np.testing.assert_allclose(given.frames[0][given.mask[0]][0], red.vectors[0], atol=0.05)
    assert np.linalg.norm(given.frames[0, 0]) > 1, "not normalised"
    assert given.evidence is not None
    assert red.evidence is not None
    np.testing.assert_allclose(given.evidence[0, 0], red.evidence[0], atol=0.05)
    assert not given.frames[~given.mask].any()


def test_only_a_sentence_is_ranked_by_a_generator(opened: Library) -> None:
    ranking = Backwards()
    vector = FakeEncoder().texts(["red"]).pooled[0]
    assert asked(opened, ranking, Question(vector=vector, channel="pictures")).rerank is None
    assert asked(opened, ranking, Question(text="red", channel="words")).rerank is None
    assert asked(opened, ranking, Question(text="red", min_similarity=2.0)).rerank is None
    assert ranking.given == []


@pytest.mark.parametrize("evidence", [True, False])
def test_the_matrix_gives_what_lancedb_gives_without_it(
    opened: Library, monkeypatch: pytest.MonkeyPatch, evidence: bool
) -> None:
    reader = SpaceReader(opened, space_of(opened))
    found = consistent(opened, reader.snapshot)
    places = np.tile(np.arange(len(found)), 30)  # more than one question to LanceDB holds
    stored = reader.features(dataclasses.replace(found, beside=None), places, evidence=evidence)
    monkeypatch.setattr(opened, "vectors", None)
    mapped = reader.features(found, places, evidence=evidence)
    np.testing.assert_array_equal(mapped.frames, stored.frames)
    np.testing.assert_array_equal(mapped.mask, stored.mask)
    assert (stored.evidence is not None) is evidence
    if evidence:
        np.testing.assert_array_equal(mapped.evidence, stored.evidence)
