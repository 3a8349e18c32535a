"""The first stage as one network: what it compares, and how its scale is held."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from mediaindex_models.losses import info_nce
from mediaindex_models.matcher import Matcher

WIDTH = 8


def texts_and_clips() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Words (M, T, D), frames (N, F, D), and their masks; the last word and frame of each are padding."""
    random = torch.Generator().manual_seed(0)
    words, frames = torch.randn(4, 3, WIDTH, generator=random), torch.randn(4, 5, WIDTH, generator=random)
    return words, frames, (torch.arange(3) < 2).expand(4, 3), (torch.arange(5) < 4).expand(4, 5)


def test_a_pair_is_compared_apart_from_the_others_of_its_batch() -> None:
    matcher = Matcher(WIDTH, layers=1, places=5)
    words, frames, word_mask, frame_mask = texts_and_clips()
    together = matcher(words, frames, word_mask, frame_mask)
    assert together.shape == (4, 4)
    alone = matcher(words[2:3], frames[1:2], word_mask[2:3], frame_mask[1:2])
    torch.testing.assert_close(alone[0, 0], together[2, 1])


def test_padding_changes_no_similarity_with_corrected_padding() -> None:
    matcher = Matcher(WIDTH, layers=1, places=5, corrected_padding=True)
    words, frames, word_mask, frame_mask = texts_and_clips()
    loud_words = torch.where(word_mask[..., None], words, 30.0)
    loud_frames = torch.where(frame_mask[..., None], frames, -30.0)
    torch.testing.assert_close(
        matcher(loud_words, loud_frames, word_mask, frame_mask), matcher(words, frames, word_mask, frame_mask)
    )


def test_the_contrastive_loss_reaches_every_parameter() -> None:
    matcher = Matcher(WIDTH, layers=1, places=5)
    info_nce(matcher(*texts_and_clips()), matcher.scale).backward()  # type: ignore[no-untyped-call]
    for name, parameter in matcher.named_parameters():
        assert parameter.grad is not None, name
        assert bool(parameter.grad.isfinite().all()), name


@pytest.mark.parametrize(("scale", "bounded"), [(400.0, 100.0), (20.0, 20.0)])
def test_the_scale_is_held_at_a_hundred(scale: float, bounded: float) -> None:
    matcher = Matcher(WIDTH, layers=1, places=5)
    with torch.no_grad():
        matcher.log_scale.fill_(math.log(scale))
    matcher.bound_scale()
    assert float(matcher.scale.detach()) == pytest.approx(bounded, rel=1e-5)
