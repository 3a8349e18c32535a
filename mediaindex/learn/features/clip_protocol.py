"""How a benchmark shows its clips: one frame a second, thinned to F, and captions of at most W tokens.

With this protocol a row is one whole clip, whatever it shows; the index would cut it into segments.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mediaindex.embed.encoder import Encoder


@dataclass(frozen=True, slots=True)
class ClipProtocol:
    """The bounds of a benchmark's inputs.

    Attributes:
        frames: F, of a clip. tokens: W, of a caption, start and end mark included.
    """

    frames: int
    tokens: int

    def __str__(self) -> str:
        return f"1 frame a second, {self.frames} of a clip, {self.tokens} tokens of a caption"


def evenly(count: int, limit: int) -> list[int]:
    """Indices of at most `limit` of `count` frames: int(linspace(0, count − 1, limit)), as published."""
    if count <= limit:
        return list(range(count))
    return [int(place) for place in np.linspace(0, count - 1, num=limit)]


def shortened(texts: Sequence[str], encoder: Encoder, tokens: int) -> list[str]:
    """The texts, of long ones the first words: as many as are read as at most `tokens` tokens.

    The published code cuts between tokens; this cuts before the word that would be torn, so that no encoder
    reads half a word. Texts that an encoder itself reads no further than `tokens` stay as they are.
    """
    short = list(texts)
    if encoder.spec.text_length <= tokens:
        return short
    longer = [place for place, count in enumerate(encoder.token_counts(short)) if count > tokens]
    words = {place: short[place].split() for place in longer}
    fits, fails = dict.fromkeys(longer, 0), {place: len(words[place]) for place in longer}
    while searched := [place for place in longer if fails[place] - fits[place] > 1]:
        tried = {place: (fits[place] + fails[place]) // 2 for place in searched}
        counts = encoder.token_counts([" ".join(words[place][: tried[place]]) for place in searched])
        for place, count in zip(searched, counts, strict=True):
            (fits if count <= tokens else fails)[place] = tried[place]
    for place in longer:
        short[place] = " ".join(words[place][: max(1, fits[place])])
    return short
