"""The head joins both towers: class probabilities, image and text vectors."""

from __future__ import annotations

import torch

from mediaindex_models.builtin_head import class_probabilities


def test_class_probabilities_keep_the_twenty_largest() -> None:
    logits = torch.randn(3, 1000)
    kept = class_probabilities(logits)
    assert torch.equal((kept > 0).sum(1), torch.full((3,), 20))
    assert torch.allclose(kept.sum(1), torch.ones(3))
    assert torch.equal(kept.argmax(1), logits.argmax(1))
