"""Cross-attention by hand, and against attention that is written out."""

from __future__ import annotations

import math

import pytest
import torch

from mediaindex_models.cross_attention import CrossAttention
from mediaindex_models.late_interaction import LateInteraction, Regions
from tests.support.late_interaction import CELL, REGIONS, WORDS, of_sharpness, random_scorer, random_states


def random_attention(seed: int) -> CrossAttention:
    scorer = CrossAttention(CELL).eval()
    scorer.load_state_dict(random_scorer(seed).state_dict())
    return scorer


def test_two_words_and_two_regions_by_hand() -> None:
    # word 1, of products 1.0 and 0.6, looks at region 1 with 1 / (1 + exp(-0.4)); word 2, of 0.0 and 0.8,
    # with 1 / (1 + exp(0.8)); what they see is α (1, 0) + (1 - α) (0.6, 0.8)
    cosines = []
    for first, place in ((1 / (1 + math.exp(-0.4)), 0), (1 / (1 + math.exp(0.8)), 1)):
        seen = (first + 0.6 * (1 - first), 0.8 * (1 - first))
        cosines.append(seen[place] / math.hypot(*seen))
    by_words = 0.25 * cosines[0] + 0.75 * cosines[1]
    assert by_words == pytest.approx(0.68822, abs=1e-5)
    agreements = of_sharpness(CrossAttention(CELL), 1.0).agreements(WORDS, REGIONS)
    torch.testing.assert_close(agreements, torch.tensor([[[by_words, 1.36419, 0.6]]]), atol=1e-5, rtol=0)
    logit = 20 * 0.4 * (by_words + 1.36419 + 0.6)
    torch.testing.assert_close(
        of_sharpness(CrossAttention(CELL), 1.0)(WORDS, REGIONS), torch.tensor([[logit]]), atol=1e-3, rtol=0
    )


def test_the_sharpest_sees_the_best_region_alone() -> None:
    agreements = of_sharpness(CrossAttention(CELL), 80.0).agreements(WORDS, REGIONS)
    torch.testing.assert_close(agreements[0, 0, 0], torch.tensor(0.25 * 1.0 + 0.75 * 0.8), atol=1e-5, rtol=0)


def test_a_word_that_sees_one_region_is_as_near_as_that() -> None:
    one = Regions(REGIONS.directions[:, 1:], torch.ones(1, 1), REGIONS.pooled)
    by_words = of_sharpness(CrossAttention(CELL), 3.0).agreements(WORDS, one)[0, 0, 0]
    torch.testing.assert_close(by_words, torch.tensor(0.25 * 0.6 + 0.75 * 0.8))


def test_regions_that_cancel_out_are_no_direction_and_no_error() -> None:
    opposite = Regions(torch.tensor([[[0.0, 1.0], [0.0, -1.0]]]), REGIONS.weights, REGIONS.pooled)
    assert of_sharpness(CrossAttention(CELL), 1e-3).agreements(WORDS, opposite).isfinite().all()


@torch.no_grad()
def test_it_is_attention_written_out() -> None:
    scorer = random_attention(3)
    words = scorer.words(*random_states([3, 5]))
    regions = scorer.regions(torch.randn(4, 16, CELL))
    products = torch.einsum("btd,krd->btkr", words.directions, regions.directions)
    seen = torch.einsum(
        "btkr,krd->btkd", torch.softmax(scorer.sharpness * products, dim=-1), regions.directions
    )
    cosines = torch.cosine_similarity(words.directions[:, :, None], seen, dim=-1)
    expected = (cosines * words.weights[..., None]).sum(1)
    agreements = scorer.agreements(words, regions)
    torch.testing.assert_close(agreements[..., 0], expected, atol=1e-5, rtol=1e-5)
    late = LateInteraction(CELL).eval()
    late.load_state_dict(scorer.state_dict())
    torch.testing.assert_close(agreements[..., 1:], late.agreements(words, regions)[..., 1:])


@torch.no_grad()
def test_lists_of_their_own_score_as_all_pictures_do() -> None:
    scorer = random_attention(0)
    words = scorer.words(*random_states([3, 5]))
    regions = scorer.regions(torch.randn(6, 16, CELL))
    rows = torch.tensor([[5, 0, 2], [1, 1, 4]])
    expected = scorer.agreements(words, regions).gather(1, rows[..., None].expand(-1, -1, 3))
    torch.testing.assert_close(scorer.agreements(words, regions.rows(rows)), expected, atol=1e-5, rtol=1e-5)


def test_every_parameter_learns() -> None:
    scorer = random_attention(0)
    logits = scorer(scorer.words(*random_states([3, 5])), scorer.regions(torch.randn(2, 16, CELL)))
    torch.nn.functional.cross_entropy(logits, torch.arange(2)).backward()  # type: ignore[no-untyped-call]
    gradients = {name: value.grad for name, value in scorer.named_parameters()}
    # A softmax over the regions sees no bias: its gradient is rounding alone, on some processors none.
    del gradients["regions.weight.bias"]
    assert all(gradient is not None and gradient.any() for gradient in gradients.values())
