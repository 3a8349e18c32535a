"""Two networks over one space make an encoder."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mediaindex.embed.encoder import EncoderSpec
from mediaindex.embed.families.two_towers import TwoTowers, batched_towers, pictures_in_batch


class _ImageNetwork(nn.Module):
    """The mean of each colour, and its first two as evidence."""

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        means = pixels.float().mean((1, 2))  # (B, 3)
        return means, means[:, :2]


class _TextNetwork(nn.Module):
    """Each token as three equal numbers, and their sum as the pooled vector."""

    def forward(self, numbers: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        states = numbers[..., None].float().expand(-1, -1, 3)
        return (states * mask[..., None]).sum(1), states


def towers(*, evidence_dim: int | None = 2, has_tokens: bool = True) -> TwoTowers:
    spec = EncoderSpec(
        name="towers",
        digest="0" * 64,
        preprocessing="none",
        dim=3,
        evidence_dim=evidence_dim,
        image_size=4,
        text_length=8,
        batch=4,
        blend=0.5,
        languages="en",
        licence="MIT",
        commercial=True,
        has_tokens=has_tokens,
    )
    return batched_towers(
        spec,
        device="cpu",
        image_network=_ImageNetwork,
        text_network=_TextNetwork,
        prepare=stacked,
        tokenise=lengths,
    )


def stacked(pictures: Sequence[NDArray[np.uint8]]) -> Tensor:
    return torch.stack([torch.from_numpy(picture) for picture in pictures])


def lengths(texts: Sequence[str]) -> tuple[Tensor, Tensor]:
    """One token a word, as long as the word is."""
    words = [[len(word) for word in text.split()] for text in texts]
    numbers = torch.zeros(len(words), max(map(len, words)), dtype=torch.long)
    for row, counts in zip(numbers, words, strict=True):
        row[: len(counts)] = torch.tensor(counts)
    return numbers, numbers > 0


@pytest.mark.parametrize("count", [0, 1, 127, 128, 129, 300])
def test_any_number_of_pictures_keeps_its_order(count: int) -> None:
    pictures = [np.full((4, 4, 3), index % 250, np.uint8) for index in range(count)]
    frames = towers().images(pictures)
    assert frames.vectors.shape == (count, 3)
    assert frames.vectors[:, 0].tolist() == [index % 250 for index in range(count)]
    assert frames.evidence is not None
    assert frames.evidence.shape == (count, 2)
    assert frames.evidence.dtype == np.float16


def test_an_encoder_without_evidence_has_none() -> None:
    assert towers(evidence_dim=None).images([np.zeros((4, 4, 3), np.uint8)]).evidence is None


def test_tokens_are_zero_where_they_are_masked() -> None:
    query = towers().texts(["a dog", "the red cat"], tokens=True)
    assert query.pooled[:, 0].tolist() == [4.0, 9.0]
    assert query.tokens is not None
    assert query.mask is not None
    assert query.mask.tolist() == [[True, True, False], [True, True, True]]
    assert query.tokens[0, :, 0].tolist() == [1.0, 3.0, 0.0]


def test_tokens_come_only_where_they_are_asked_for_and_there() -> None:
    assert towers().texts(["a dog"]).tokens is None
    assert towers(has_tokens=False).texts(["a dog"], tokens=True).tokens is None
    assert towers().texts([]).pooled.shape == (0, 3)


def test_a_graphics_card_takes_more_pictures_at_once() -> None:
    assert pictures_in_batch("cpu", on_cpu=4) == 4
    assert pictures_in_batch("cuda", on_cpu=4) == pictures_in_batch("mps", on_cpu=8) == 64


def test_tokens_are_counted_as_they_are_read() -> None:
    texts = ["a", "abc", ""]
    mask = lengths(texts)[1]
    assert towers().token_counts(texts) == mask.sum(dim=1).tolist()
    assert towers().token_counts([]) == []
