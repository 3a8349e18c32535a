"""Similarities against plain loops, losses against closed forms."""

from __future__ import annotations

import math

import pytest
import torch

from mediaindex_models.losses import generation_loss, info_nce
from mediaindex_models.similarity import TokenInteraction, blended, max_frame, mean_frame
from mediaindex_models.temporal import TemporalTransformer

MASK = torch.tensor([[True, True, True], [True, False, False], [False, False, False]])


def made() -> tuple[torch.Tensor, torch.Tensor]:
    random = torch.Generator().manual_seed(0)
    return torch.randn(4, 8, generator=random), torch.randn(3, 3, 8, generator=random)


def unit(values: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.normalize(values, dim=-1)


def test_frames_against_plain_loops() -> None:
    text, frames = made()
    best, mean = max_frame(text, frames, MASK), mean_frame(text, frames, MASK)
    for i, query in enumerate(unit(text)):
        for j, (clip, real) in enumerate(zip(unit(frames), MASK, strict=True)):
            own = [frame for frame, there in zip(clip, real, strict=True) if there]
            if not own:
                assert float(best[i, j]) == -1.0
                assert float(mean[i, j]) == 0.0
                continue
            assert float(best[i, j]) == pytest.approx(max(float(frame @ query) for frame in own), abs=1e-6)
            whole = unit(torch.stack(own).sum(0))
            assert float(mean[i, j]) == pytest.approx(float(whole @ query), abs=1e-6)
    torch.testing.assert_close(blended(text, frames, MASK, weight=0.3), 0.3 * best + 0.7 * mean)


def test_the_floor_of_padding_is_published_and_can_be_taken_away() -> None:
    """All cosines are negative: as published a padded frame counts as 0 and wins."""
    words, frames = -torch.ones(1, 2, 4), torch.ones(1, 3, 4)
    word_mask, frame_mask = torch.ones(1, 2, dtype=torch.bool), torch.tensor([[True, False, False]])
    published = TokenInteraction(4)(words, frames, word_mask, frame_mask)
    corrected = TokenInteraction(4, corrected=True)(words, frames, word_mask, frame_mask)
    # of the two halves only the words' meets the padding; the frames' weights leave it out
    assert float(published.detach()) == pytest.approx(-0.5)
    assert float(corrected.detach()) == pytest.approx(-1.0)


def test_more_frames_than_places_are_refused() -> None:
    with pytest.raises(ValueError, match="a clip has 4 frames, the network 3 places"):
        TemporalTransformer(8, layers=1, places=3)(torch.zeros(1, 4, 8), torch.ones(1, 4, dtype=torch.bool))
    with pytest.raises(ValueError, match="cannot be shared"):
        TemporalTransformer(8, heads=3)


def test_padding_does_not_reach_real_frames() -> None:
    network, frames = TemporalTransformer(64, layers=2, places=5), torch.randn(1, 5, 64)
    mask = torch.tensor([[True, True, True, False, False]])
    loud = torch.where(mask[..., None], frames, 30.0)
    torch.testing.assert_close(network(loud, mask)[:, :3], network(frames, mask)[:, :3])


def test_a_soft_target_of_one_is_the_cross_entropy() -> None:
    predicted = torch.randn(3, 5)
    index = torch.tensor([0, 4, 2])
    soft = torch.nn.functional.one_hot(index, 5).float()
    torch.testing.assert_close(generation_loss(predicted, soft), generation_loss(predicted, index))


def test_the_divergence_of_what_was_generated_from_itself_is_zero() -> None:
    predicted = torch.randn(3, 5, requires_grad=True)
    target = torch.softmax(7.0 * predicted.detach(), dim=-1)
    loss = generation_loss(predicted, target, scale=7.0)
    assert float(loss.detach()) == pytest.approx(0.0, abs=1e-6)
    loss.backward()  # type: ignore[no-untyped-call]
    assert predicted.grad is not None
    assert float(predicted.grad.abs().max()) < 1e-6


def test_the_divergence_in_closed_form() -> None:
    uniform, target = torch.zeros(1, 4), torch.tensor([[0.5, 0.5, 0.0, 0.0]])
    assert float(generation_loss(uniform, target)) == pytest.approx(math.log(2))


def test_contrast_counts_shared_answers_as_right() -> None:
    similarity = torch.tensor([[1.0, 1.0], [1.0, 1.0]])
    assert float(info_nce(similarity, 10.0)) == pytest.approx(math.log(2))
    apart = torch.tensor([[1.0, -1.0], [-1.0, 1.0]])
    assert float(info_nce(apart, 100.0)) == pytest.approx(0.0, abs=1e-6)
    diagonal = torch.eye(2, dtype=torch.bool)
    torch.testing.assert_close(info_nce(apart, 3.0, target=diagonal), info_nce(apart, 3.0))
    shared = torch.ones(2, 2, dtype=torch.bool)
    assert float(info_nce(similarity, 10.0, target=shared)) == pytest.approx(math.log(2))
    assert float(info_nce(apart, 1.0, target=shared)) > float(info_nce(apart, 1.0))


def test_further_right_answers_do_not_replace_the_pair() -> None:
    apart = torch.eye(3)
    none = torch.zeros(3, 3, dtype=torch.bool)
    torch.testing.assert_close(info_nce(apart, 3.0, target=none), info_nce(apart, 3.0))


@pytest.mark.parametrize("width", [1000, 200, 384, 10])
def test_heads_divide_any_width(width: int) -> None:
    network = TemporalTransformer(width, layers=1, places=4)
    frames = torch.randn(2, 3, width)
    assert network(frames, torch.ones(2, 3, dtype=torch.bool)).shape == frames.shape
