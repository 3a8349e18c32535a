"""Both directions by every ranking, against the golden arrays and brute force."""

from __future__ import annotations

import numpy as np
import pytest

from mediaindex.learn.evaluation.benchmark_rankings import (
    BLEND,
    BenchmarkScores,
    QueryBank,
    RankedQueries,
    cheap_scores,
    generator_ranked,
    ranked_queries,
)
from mediaindex.learn.evaluation.metrics import average_precision, retrieval
from mediaindex.learn.evaluation.retrieval_trial import cosines
from mediaindex.learn.features.feature_set import Features, read_features
from mediaindex.learn.training.data import pairs_of
from mediaindex.search.ranking.qb_norm import querybank_normalised
from mediaindex_models.pairs import Pairs
from tests.support.golden import FIXTURES, Golden
from tests.support.tiny_generators import generator_of
from tests.support.training_features import EVIDENCE, WIDTH, clips, header, write


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> Features:
    path = write(tmp_path_factory.mktemp("features") / "test.parquet", clips(20, "test", seed=3, captions=3))
    return read_features(path, encoder=header("test"))


@pytest.fixture(scope="module")
def pairs(features: Features) -> Pairs:
    return pairs_of(features)


def test_several_captions_as_published_where_they_are_grouped_rightly() -> None:
    held = Golden(FIXTURES / "metrics.npz")
    group = held["multi.group"].astype(np.int64)
    scores = BenchmarkScores(group, {"any": held["multi.t2v_sim"]}, {"any": held["multi.v2t_sim"]})
    texts, videos = ranked_queries(scores)
    for ranked, name, median in ((texts, "multi.t2v", "lower"), (videos, "multi.v2t", "middle")):
        found = retrieval(ranked.ranks, median="lower" if median == "lower" else "middle")
        values = [*found.recall.values(), found.median_rank, found.mean_rank]
        np.testing.assert_allclose(values, held[name], atol=1e-5)
        assert (ranked.several, ranked.gallery) == (True, 23)
    assert np.array_equal(videos.ranks, held["multi.v2t_ranks0"])


def test_one_caption_a_clip_as_published() -> None:
    held = Golden(FIXTURES / "metrics.npz")
    similarity = held["sq.sim"]
    scores = BenchmarkScores(np.arange(120), {"any": similarity}, {"any": similarity.T})
    texts, videos = ranked_queries(scores)
    assert np.array_equal(texts.ranks, held["sq.ranks0"])
    np.testing.assert_allclose(videos.ranks.mean() + 1, held["sq.v2t"][-1], atol=1e-5)
    assert np.array_equal(texts.precisions, 1 / (1 + texts.ranks))


def test_precision_is_over_every_caption_of_a_clip(features: Features, pairs: Pairs) -> None:
    ranked = {
        (one.direction, one.ranking): one for one in ranked_queries(cheap_scores(features, pairs, None))
    }
    assert set(ranked) == {(d, r) for d in ("t2v", "v2t") for r in ("base", "blend")}
    score = cosines(pairs, pairs.text).blended(BLEND)
    for clip in range(20):
        own = average_precision(score[:, clip], features.clip == clip)
        assert ranked["v2t", "blend"].precisions[clip] == pytest.approx(own)


def assert_stands_before(ranked: RankedQueries) -> None:
    """As many items as the ranks count stand before the right ones, each once, and no right one."""
    assert ranked.before is not None
    for place, right, items in zip(ranked.ranks, ranked.videos, ranked.before, strict=True):
        found = items[items >= 0].tolist()
        assert len(found) == len(set(found)) == place
        assert right not in found


def test_what_stands_before_is_known_in_both_directions(features: Features, pairs: Pairs) -> None:
    scores = cheap_scores(features, pairs, None)
    for one in ranked_queries(scores):
        assert_stands_before(one)
        assert one.top is not None
    blend = next(one for one in ranked_queries(scores) if (one.direction, one.ranking) == ("t2v", "blend"))
    assert blend.top is not None
    assert np.allclose(blend.top, scores.by_text["blend"].max(axis=1))


def test_a_bank_adds_qb_norm_where_it_has_queries(features: Features, pairs: Pairs) -> None:
    texts_alone = cheap_scores(features, pairs, QueryBank(pairs.text[:9]))
    assert (set(texts_alone.by_text) - {"base", "blend"}, len(texts_alone.by_clip)) == ({"qb-norm"}, 2)
    both = cheap_scores(features, pairs, QueryBank(pairs.text[:9], pairs))
    similarity = cosines(pairs, pairs.text).blended(BLEND)
    assert np.allclose(both.by_text["qb-norm"], querybank_normalised(similarity, similarity[:9]))
    assert np.allclose(both.by_clip["qb-norm"], querybank_normalised(similarity.T, similarity.T))


def test_a_generator_that_changes_nothing_changes_no_rank(features: Features, pairs: Pairs) -> None:
    generator = generator_of("residual", width=WIDTH, evidence=EVIDENCE)
    ranked = generator_ranked(features, pairs, generator, matcher=None, blend=BLEND, candidates=8)
    cheap = {
        one.direction: one
        for one in ranked_queries(cheap_scores(features, pairs, None))
        if one.ranking == "blend"
    }
    assert [one.direction for one in ranked] == ["t2v", "v2t"]
    for one in ranked:
        assert np.array_equal(one.ranks, cheap[one.direction].ranks)
        assert np.array_equal(one.videos, cheap[one.direction].videos)
        assert_stands_before(one)
        assert np.array_equal(np.asarray(one.before), np.asarray(cheap[one.direction].before))
    texts, blend = ranked[0], cheap["t2v"]
    assert texts.first is not None
    assert blend.first is not None
    assert np.array_equal(texts.first, blend.first)
    assert np.array_equal(texts.first == texts.videos, texts.ranks == 0)
    assert ranked[1].first is None


def test_a_generator_orders_no_more_than_its_candidates(features: Features, pairs: Pairs) -> None:
    generator = generator_of("residual", width=WIDTH, evidence=EVIDENCE, strength=0.3)
    ranked = generator_ranked(features, pairs, generator, matcher=None, blend=BLEND, candidates=4)
    cheap = {
        one.direction: one
        for one in ranked_queries(cheap_scores(features, pairs, None))
        if one.ranking == "blend"
    }
    for one in ranked:
        before = cheap[one.direction].ranks
        assert np.array_equal(one.ranks < 4, before < 4)
        assert np.array_equal(one.ranks[before >= 4], before[before >= 4])
        assert_stands_before(one)
    assert ranked[0].first is not None
    assert (blend := cheap["t2v"].first) is not None
    assert np.array_equal(ranked[0].first == ranked[0].videos, ranked[0].ranks == 0)
    assert not np.array_equal(ranked[0].first, blend), "it puts other clips first"
