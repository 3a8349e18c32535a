"""Late interaction by hand, and what must not change it."""

from __future__ import annotations

import math

import pytest
import torch

from mediaindex_models.late_interaction import LateInteraction, Words, hubness
from mediaindex_models.minilm import SentenceStates
from tests.support.late_interaction import CELL, REGIONS, WORDS, of_sharpness, random_scorer, random_states


def test_two_words_and_two_regions_by_hand() -> None:
    # products: word 1 → 1.0, 0.6; word 2 → 0.0, 0.8
    scorer = of_sharpness(LateInteraction(CELL), 1.0)
    by_words = 0.25 * math.log(math.e + math.exp(0.6)) + 0.75 * math.log(1 + math.exp(0.8))
    by_regions = 0.4 * math.log(math.e + 1) + 0.6 * math.log(math.exp(0.6) + math.exp(0.8))
    assert (by_words, by_regions) == pytest.approx((1.25658, 1.36419), abs=1e-5)
    agreements = scorer.agreements(WORDS, REGIONS)
    torch.testing.assert_close(agreements, torch.tensor([[[1.25658, 1.36419, 0.6]]]), atol=1e-5, rtol=0)
    torch.testing.assert_close(scorer(WORDS, REGIONS), torch.tensor([[25.76614]]), atol=1e-4, rtol=0)


def test_the_sharpest_scorer_takes_the_best_of_the_other_side() -> None:
    agreements = of_sharpness(LateInteraction(CELL), 80.0).agreements(WORDS, REGIONS)
    expected = torch.tensor([[[0.25 * 1.0 + 0.75 * 0.8, 0.4 * 1.0 + 0.6 * 0.8, 0.6]]])
    torch.testing.assert_close(agreements, expected, atol=1e-2, rtol=0)


def test_sharpness_is_bounded_so_that_nothing_overflows() -> None:
    agreements = of_sharpness(LateInteraction(CELL), 1e6).agreements(WORDS, REGIONS)
    assert torch.isfinite(agreements).all()


def test_a_masked_word_is_as_good_as_none() -> None:
    padded = Words(
        directions=torch.cat([WORDS.directions, torch.tensor([[[0.6, 0.8]]])], dim=1),
        weights=torch.tensor([[0.25, 0.75, 0.0]]),
        pooled=WORDS.pooled,
        mask=torch.tensor([[True, True, False]]),
    )
    scorer = of_sharpness(LateInteraction(CELL), 10.0)
    torch.testing.assert_close(scorer.agreements(padded, REGIONS), scorer.agreements(WORDS, REGIONS))


def test_padding_does_not_change_a_text() -> None:
    scorer = random_scorer()
    regions = scorer.regions(torch.randn(5, 16, CELL))
    states, mask = random_states([3, 7], width=12)
    together = scorer(scorer.words(states, mask), regions)
    for row, length in enumerate((3, 7)):
        own = SentenceStates(
            states.tokens[[row], :length],
            states.mean[[row]],
            states.shallow[[row]],
            states.shallow_tokens[[row], :length],
        )
        alone = scorer(scorer.words(own, mask[[row], :length]), regions)
        torch.testing.assert_close(together[[row]], alone, atol=1e-4, rtol=1e-5)


def test_what_is_stored_of_a_picture_is_unit_and_does_not_depend_on_its_neighbours() -> None:
    scorer, cells = random_scorer(), torch.randn(3, 16, CELL)
    regions = scorer.regions(cells)
    assert regions.directions.shape == (3, 17, 128)
    torch.testing.assert_close(regions.directions.norm(dim=-1), torch.ones(3, 17))
    torch.testing.assert_close(regions.pooled.norm(dim=-1), torch.ones(3))
    torch.testing.assert_close(regions.weights.sum(1), torch.ones(3))
    alone = scorer.regions(cells[[1]])
    for part, whole in zip(alone, regions, strict=True):
        torch.testing.assert_close(part[0], whole[1], atol=1e-6, rtol=1e-5)


def test_the_order_of_cells_says_nothing() -> None:
    scorer, cells = random_scorer(), torch.randn(2, 16, CELL)
    words = scorer.words(*random_states([4]))
    one, other = (scorer(words, scorer.regions(each)) for each in (cells, cells[:, torch.randperm(16)]))
    torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-5)


def test_before_training_all_words_and_regions_weigh_the_same() -> None:
    scorer = LateInteraction(CELL)
    words = scorer.words(*random_states([2, 4]))
    torch.testing.assert_close(words.weights, torch.tensor([[0.5, 0.5, 0, 0], [0.25] * 4]))
    regions = scorer.regions(torch.randn(1, 16, CELL))
    torch.testing.assert_close(regions.weights, torch.full((1, 17), 1 / 17))


def test_lists_of_their_own_score_as_all_pictures_do() -> None:
    scorer = random_scorer()
    words = scorer.words(*random_states([3, 5]))
    regions = scorer.regions(torch.randn(6, 16, CELL))
    rows = torch.tensor([[5, 0, 2], [1, 1, 4]])
    expected = scorer.agreements(words, regions).gather(1, rows[..., None].expand(-1, -1, 3))
    torch.testing.assert_close(scorer.agreements(words, regions.rows(rows)), expected, atol=1e-5, rtol=1e-5)


def test_every_parameter_learns() -> None:
    scorer = random_scorer()
    logits = scorer(scorer.words(*random_states([3, 5])), scorer.regions(torch.randn(2, 16, CELL)))
    torch.nn.functional.cross_entropy(logits, torch.arange(2)).backward()  # type: ignore[no-untyped-call]
    gradients = {name: value.grad for name, value in scorer.named_parameters()}
    # A softmax over the regions sees no bias: its gradient is rounding alone, on some processors none.
    del gradients["regions.weight.bias"]
    assert all(gradient is not None and gradient.any() for gradient in gradients.values())


def test_the_hub_number_of_equal_logits_is_the_logit() -> None:
    torch.testing.assert_close(hubness(torch.full((4, 2), 3.0), beta=0.5), torch.full((2,), 3.0))
    expected = 2 * math.log((1 + math.exp(0.5)) / 2)
    torch.testing.assert_close(hubness(torch.tensor([[0.0], [1.0]]), beta=0.5), torch.tensor([expected]))
