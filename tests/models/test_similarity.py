"""Similarities against plain loops."""

from __future__ import annotations

import pytest
import torch

from mediaindex_models.similarity import TokenInteraction, blended, max_frame, mean_frame

MASK = torch.tensor([[True, True, True], [True, False, False], [False, False, False]])


def texts_and_frames() -> tuple[torch.Tensor, torch.Tensor]:
    random = torch.Generator().manual_seed(0)
    return torch.randn(4, 8, generator=random), torch.randn(3, 3, 8, generator=random)


def unit(values: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.normalize(values, dim=-1)


def test_frames_against_plain_loops() -> None:
    text, frames = texts_and_frames()
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


def test_word_and_frame_interaction_against_plain_loops() -> None:
    random = torch.Generator().manual_seed(2)
    words, frames = torch.randn(2, 3, 8, generator=random), torch.randn(3, 3, 8, generator=random)
    word_mask = torch.tensor([[True, True, False], [True, True, True]])
    network = TokenInteraction(8, corrected=True)
    with torch.no_grad():
        similarity = network(words, frames, word_mask, MASK)
        word_weights, frame_weights = network.weights(words, frames, word_mask, MASK)
    torch.testing.assert_close(word_weights.sum(-1), torch.ones(2))
    for i in range(2):
        for j in range(2):  # the third clip has no real frame
            cosines = (unit(words[i]) @ unit(frames[j]).T)[word_mask[i]][:, MASK[j]]
            of_words = cosines.amax(1) @ word_weights[i][word_mask[i]]
            of_frames = cosines.amax(0) @ frame_weights[j][MASK[j]]
            assert float(similarity[i, j]) == pytest.approx(float(of_words + of_frames) / 2, abs=1e-6)
