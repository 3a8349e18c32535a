"""A tiny deterministic encoder: a picture is how much of each colour it holds, a text its colour words."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mediaindex.embed.encoder import EncoderSpec, no_scorer
from mediaindex.media import FrameEmbeddings, QueryFeatures
from mediaindex_models.late_interaction_numpy import AskedText

COLOURS = {
    "black": (0, 0, 0),
    "white": (255, 255, 255),
    "grey": (128, 128, 128),
    "red": (255, 0, 0),
    "green": (0, 255, 0),
    "blue": (0, 0, 255),
    "yellow": (255, 255, 0),
    "orange": (255, 128, 0),
    "purple": (128, 0, 128),
    "magenta": (255, 0, 255),  # an even number of them: the paper's network has sinusoids of this width
}
EVIDENCE = 256
TEXT_LENGTH = 16
_PALETTE = np.array(list(COLOURS.values()), np.float32)


class FakeEncoder:
    """Finds red pictures by the word "red", without weights and without torch.

    Args:
        name: one fake encoder's space is another's unless name and digest agree.
    """

    def __init__(self, *, name: str = "fake", digest: str = "0" * 64) -> None:
        self.spec = EncoderSpec(
            name=name,
            digest=digest,
            preprocessing="nearest of ten colours",
            dim=len(COLOURS),
            evidence_dim=EVIDENCE,
            image_size=1,
            text_length=TEXT_LENGTH,
            batch=8,
            blend=0.5,
            languages="en",
            licence="Apache-2.0",
            commercial=True,
            has_tokens=True,
        )
        self.device = "cpu"

    def images(self, pictures: Sequence[NDArray[np.uint8]]) -> FrameEmbeddings:
        """Shares of the ten colours; evidence is their running sum, repeated."""
        vectors = np.stack([_shares(picture) for picture in pictures]) if pictures else _nothing()
        evidence = np.tile(vectors.cumsum(1), (1, EVIDENCE // len(COLOURS) + 1))[:, :EVIDENCE]
        return FrameEmbeddings(vectors, evidence.astype(np.float16))

    def texts(self, texts: Sequence[str], *, tokens: bool = False) -> QueryFeatures:
        """How often each colour is named, and a little of every colour, so that no text is zero."""
        words = [re.findall(r"[a-z]+", text.lower())[:TEXT_LENGTH] or [""] for text in texts]
        rows = [np.stack([_named(word) for word in sentence]) for sentence in words]
        pooled = np.stack([row.mean(0) for row in rows]) if rows else _nothing()
        if not tokens:
            return QueryFeatures(pooled)
        states = np.zeros((len(rows), TEXT_LENGTH, len(COLOURS)), np.float32)
        mask = np.zeros(states.shape[:2], np.bool_)
        for i, row in enumerate(rows):
            states[i, : len(row)] = row
            mask[i, : len(row)] = True
        return QueryFeatures(pooled, states, mask)

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        """A token a word."""
        return [len(re.findall(r"[a-z]+", text.lower())[:TEXT_LENGTH]) for text in texts]

    def asked(self, text: str) -> AskedText:
        """It has no scorer."""
        raise no_scorer(self.spec.name)


def _shares(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    step = max(1, max(picture.shape[:2]) // 32)
    pixels = picture[::step, ::step].reshape(-1, 1, 3).astype(np.float32)
    nearest = ((pixels - _PALETTE) ** 2).sum(2).argmin(1)
    counts = np.bincount(nearest, minlength=len(COLOURS)).astype(np.float32)
    shares: NDArray[np.float32] = counts / counts.sum() + np.float32(0.01)
    return shares


def _named(word: str) -> NDArray[np.float32]:
    return np.array([1.01 if word == colour else 0.01 for colour in COLOURS], np.float32)


def _nothing() -> NDArray[np.float32]:
    return np.empty((0, len(COLOURS)), np.float32)
