"""The head joins both towers: class probabilities, image and text vectors."""

from __future__ import annotations

import torch
from torch import nn

from mediaindex_models.builtin_head import Evidence, ImageHead, TextHead, class_probabilities
from mediaindex_models.efficientnet import FEATURES
from mediaindex_models.minilm import WIDTH, SentenceStates


def test_class_probabilities_keep_the_twenty_largest() -> None:
    logits = torch.randn(3, 1000)
    kept = class_probabilities(logits)
    assert torch.equal((kept > 0).sum(1), torch.full((3,), 20))
    assert torch.allclose(kept.sum(1), torch.ones(3))
    assert torch.equal(kept.argmax(1), logits.argmax(1))


def test_an_image_vector_is_the_prior_and_both_residuals() -> None:
    head = ImageHead(hidden=4)
    for parameter in (*head.parameters(), *head.buffers()):
        nn.init.normal_(parameter, std=0.1)
    nn.init.ones_(head.deviation)
    features, logits = torch.randn(2, FEATURES), torch.randn(2, 1000)
    z = features - head.mean
    prior = class_probabilities(logits) @ head.class_vectors
    expected = prior / prior.norm(dim=-1, keepdim=True) + head.linear(z) + head.hidden(z)
    torch.testing.assert_close(head(features, logits), expected)


def test_the_mean_of_a_texts_tokens_is_its_vector() -> None:
    head = TextHead(hidden=4)
    for parameter in head.parameters():
        nn.init.normal_(parameter, std=0.1)
    tokens = torch.randn(2, 5, WIDTH)
    vectors, token_vectors = head(SentenceStates(tokens, tokens.mean(1), torch.randn(2, WIDTH)))
    assert token_vectors.shape == tokens.shape
    torch.testing.assert_close(token_vectors.mean(1), vectors)


def test_evidence_of_the_mean_picture_is_zero() -> None:
    evidence = Evidence(width=3)
    nn.init.normal_(evidence.mean)
    nn.init.normal_(evidence.basis)
    assert torch.equal(evidence(evidence.mean[None]), torch.zeros(1, 3))
