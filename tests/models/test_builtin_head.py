"""The head joins both towers: class probabilities, image and text vectors."""

from __future__ import annotations

import torch
from torch import nn

from mediaindex_models.builtin_head import (
    SEEN,
    Evidence,
    HeadSize,
    ImageHead,
    ImageTower,
    TextHead,
    cells_of,
    class_probabilities,
    depths,
    pooled,
)
from mediaindex_models.efficientnet import FEATURES, EfficientNetLite0
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
    vectors, token_vectors = head(SentenceStates(tokens, tokens.mean(1), torch.randn(2, WIDTH), tokens))
    assert token_vectors.shape == tokens.shape
    torch.testing.assert_close(token_vectors.mean(1), vectors)


def test_evidence_of_the_mean_picture_is_zero() -> None:
    evidence = Evidence(width=3)
    nn.init.normal_(evidence.mean)
    nn.init.normal_(evidence.basis)
    assert torch.equal(evidence(evidence.mean[None]), torch.zeros(1, 3))


def test_depths_are_means_and_deviations_of_three_depths_and_colours() -> None:
    backbone = EfficientNetLite0()
    for parameter in backbone.parameters():
        nn.init.normal_(parameter, std=0.05)
    pictures = torch.randint(0, 256, (2, 224, 224, 3), dtype=torch.uint8)
    pixels = pictures.permute(0, 3, 1, 2).float() / 127.5 - 1
    with torch.inference_mode():
        maps = backbone.feature_maps(pixels)
        features, _logits = backbone(pixels)
        seen = depths(cells_of(maps, pictures))
    assert (maps.low.shape[1:], maps.middle.shape[1:]) == ((40, 28, 28), (112, 14, 14))
    assert torch.equal(pooled(maps.last), features)
    assert seen.shape == (2, SEEN - FEATURES)
    torch.testing.assert_close(seen[:, :40], maps.low.mean((2, 3)))
    torch.testing.assert_close(seen[:, 40:152], maps.middle.mean((2, 3)))
    torch.testing.assert_close(seen[:, 152:169].square().sum(1), torch.ones(2))
    last = maps.last.flatten(2)
    expected = (last - last.mean(2, keepdim=True)).square().mean(2).sqrt()
    torch.testing.assert_close(seen[:, -FEATURES:], expected)


def test_a_tower_gives_the_mean_of_its_heads() -> None:
    tower = ImageTower([HeadSize(4), HeadSize(5, SEEN)], evidence=3)
    for parameter in (*tower.parameters(), *tower.buffers()):
        nn.init.normal_(parameter, std=0.05)
    for head in tower.heads:
        nn.init.ones_(head.get_buffer("deviation"))
    with torch.inference_mode():
        vectors, evidence = tower(torch.randint(0, 256, (2, 224, 224, 3), dtype=torch.uint8))
        seen, logits = torch.randn(2, SEEN), torch.randn(2, 1000)
        pooled_alone, wider = (head(seen[:, : head.seen], logits) for head in tower.heads)
    assert (vectors.shape, evidence.shape) == ((2, WIDTH), (2, 3))
    torch.testing.assert_close(tower.vectors(seen, logits), (pooled_alone + wider) / 2)
