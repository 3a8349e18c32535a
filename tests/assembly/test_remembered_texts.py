"""A text encoder with a memory: what it gives again, and what it forgets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np

from mediaindex.assembly.remembered_texts import RememberedTexts
from mediaindex.embed.encoder import EncoderSpec
from mediaindex.media import QueryFeatures
from mediaindex_models.late_interaction_numpy import AskedText
from tests.support.fake_encoder import FakeEncoder


class Counting:
    """An encoder that counts the texts that it embeds, and those that it prepares for a scorer."""

    def __init__(self) -> None:
        self.embedded: list[str] = []
        self.prepared: list[str] = []
        self._encoder = FakeEncoder()

    @property
    def spec(self) -> EncoderSpec:
        return self._encoder.spec

    def texts(self, texts: Sequence[str], *, tokens: bool = False) -> QueryFeatures:
        self.embedded += texts
        return self._encoder.texts(texts, tokens=tokens)

    def asked(self, text: str) -> AskedText:
        self.prepared.append(text)
        return cast(AskedText, object())


def test_no_sentence_is_embedded_twice() -> None:
    counting = Counting()
    texts = RememberedTexts(counting, kept=2)
    first = texts.texts(["red", "blue", "red"])
    assert counting.embedded == ["red", "blue"]
    assert np.array_equal(first.pooled, FakeEncoder().texts(["red", "blue", "red"]).pooled)
    texts.texts(["red", "green"])
    texts.texts(["blue"])
    assert counting.embedded == ["red", "blue", "green", "blue"]
    assert texts.texts([]).pooled.shape == (0, texts.spec.dim)
    assert texts.texts(["red"], tokens=True).tokens is not None


def test_nor_is_one_prepared_for_a_scorer_twice() -> None:
    counting = Counting()
    texts = RememberedTexts(counting, kept=2)
    red = texts.asked("red")
    texts.asked("blue")
    assert texts.asked("red") is red
    texts.asked("green")
    assert texts.asked("red") is red, "the oldest goes first"
    texts.asked("blue")
    assert counting.prepared == ["red", "blue", "green", "blue"]
