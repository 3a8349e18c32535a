"""Lists of training: what the ranking finds, and the published ones."""

from __future__ import annotations

import pytest
import torch

from mediaindex_models.mining import hardest, in_batch


def test_lists_are_what_the_ranking_finds() -> None:
    score = torch.tensor([[0.1, 0.9, 0.5, 0.7], [0.9, 0.8, 0.7, 0.1]])
    mined = hardest(score, torch.tensor([2, 3]), count=3)
    assert mined.candidates.tolist() == [[1, 3, 2], [0, 1, 3]]
    assert mined.positive.tolist() == [2, 2]
    with pytest.raises(ValueError, match="cannot fill lists of 5"):
        hardest(score, torch.tensor([2, 3]), count=5)


def test_published_lists_leave_out_the_querys_own_clip() -> None:
    score = torch.tensor([[0.1, 0.9, 0.5], [0.9, 0.8, 0.7], [0.3, 0.2, 0.1]])
    mined = in_batch(score, torch.tensor([4, 4, 6]), negatives=1)
    assert mined.candidates.tolist() == [[0, 2], [1, 2], [2, 0]]
    assert mined.positive.tolist() == [0, 0, 0]


def test_a_query_with_too_few_other_clips_is_refused() -> None:
    with pytest.raises(ValueError, match="a query of the batch has 1 other clips, fewer than 2"):
        in_batch(torch.zeros(3, 3), torch.tensor([4, 4, 6]), negatives=2)
