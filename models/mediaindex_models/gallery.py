"""Pairs of a text and a clip, each side searchable with the other."""

from __future__ import annotations

from dataclasses import dataclass, replace

from torch import Tensor

from mediaindex_models.candidates import Candidates
from mediaindex_models.denoiser import Direction
from mediaindex_models.matcher import Matcher
from mediaindex_models.mining import MinedLists
from mediaindex_models.similarity import blended


@dataclass(frozen=True, slots=True, eq=False)
class Gallery:
    """G pairs; the first of them are the queries of a batch.

    Attributes:
        text: (G, D). video: (G, F, D). mask: (G, F). evidence: (G, F, E) or None.
        words: (G, T, D). word_mask: (G, T). clip: (G,) numbers of the clips.
        clip_hubness, text_hubness: (G,) or None.
    """

    text: Tensor
    video: Tensor
    mask: Tensor
    evidence: Tensor | None
    words: Tensor
    word_mask: Tensor
    clip: Tensor
    clip_hubness: Tensor | None = None
    text_hubness: Tensor | None = None

    def blended(self, direction: Direction, queries: int, *, weight: float = 0.5) -> Tensor:
        """The base ranking without learned weights: blended cosines less hubness, (queries, G)."""
        if direction == "t2v":
            similarity = blended(self.text[:queries], self.video, self.mask, weight=weight)
            hubness = self.clip_hubness
        else:
            similarity = blended(self.text, self.video[:queries], self.mask[:queries], weight=weight).T
            hubness = self.text_hubness
        return similarity if hubness is None else similarity - hubness

    def matched(self, direction: Direction, queries: int, matcher: Matcher) -> Tensor:
        """The ranking of a first stage, (queries, G); frames are already those of `through`."""
        if direction == "t2v":
            words, word_mask = self.words[:queries], self.word_mask[:queries]
            similarity: Tensor = matcher.interaction(words, self.video, word_mask, self.mask)
            return similarity
        video, mask = self.video[:queries], self.mask[:queries]
        transposed: Tensor = matcher.interaction(self.words, video, self.word_mask, mask)
        return transposed.T

    def through(self, matcher: Matcher) -> Gallery:
        """The same pairs with frames encoded by the temporal transformer, for a stage that trains it."""
        return replace(self, video=matcher.temporal(self.video, self.mask))

    def lists(self, direction: Direction, mined: MinedLists, score: Tensor) -> Candidates:
        """The mined lists of the first B pairs, sharing this gallery; score (B, G) holds their scores."""
        queries, chosen = len(mined.candidates), mined.candidates  # (B, K)
        every = slice(len(self.text))
        of_text, of_clip = (slice(queries), every) if direction == "t2v" else (every, slice(queries))
        return Candidates(
            direction,
            text=self.text[of_text],
            video=self.video[of_clip],
            mask=self.mask[of_clip],
            score=score.gather(1, chosen),
            evidence=None if self.evidence is None else self.evidence[of_clip],
            chosen=chosen,
        )
