"""The loss of one training step, over pairs drawn with the step's own random numbers."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from mediaindex_models.denoiser import DIRECTIONS, Direction
from mediaindex_models.diffusion import one_hot_target
from mediaindex_models.gallery import Gallery
from mediaindex_models.generator import Generator
from mediaindex_models.losses import generation_loss, info_nce
from mediaindex_models.matcher import Matcher
from mediaindex_models.mining import MinedLists, hardest, in_batch
from mediaindex_models.pairs import Pairs
from mediaindex_models.training_config import TrainingConfig


@dataclass(frozen=True, slots=True, eq=False)
class Objective:
    """The loss of a stage.

    Attributes:
        pairs: on the networks' device; in stage 2 with a matcher, frames already encoded by it.
        generator: None in stage 1. matcher: needed in every stage but 2.
    """

    pairs: Pairs
    config: TrainingConfig
    generator: Generator | None
    matcher: Matcher | None

    def draw(self, random: torch.Generator) -> Tensor:
        """Captions of a gallery (G,), the first `batch` of which are the queries."""
        wanted = self.config.gallery
        size = self.config.batch if self.config.mines_in_batch or wanted is None else wanted
        return self.pairs.draw(min(size, self.pairs.clips), random)

    def loss(self, drawn: Tensor, random: torch.Generator) -> Tensor:
        """The loss () of the stage over the drawn captions (G,)."""
        gallery, stage = self.pairs.gallery(drawn), self.config.stage
        if self.matcher is not None and stage != "2":
            gallery = gallery.through(self.matcher)
        if stage == "1":
            return self._agreement(gallery)
        loss = self.generation(gallery, random)
        return loss + self._agreement(gallery) if stage == "joint" else loss

    def generation(self, gallery: Gallery, random: torch.Generator, *, noisiest: bool = False) -> Tensor:
        """The generation loss of both directions together, ().

        Args:
            noisiest: evaluate as inference does, at t = T − 1 from x = 0.
        """
        assert self.generator is not None
        diffusion, device = self.generator.diffusion, gallery.text.device
        queries, steps = min(self.config.batch, len(gallery.text)), len(diffusion.schedule)
        # as published: one t per query for both directions, but separate noise
        t = torch.randint(steps, (queries,), generator=random).to(device)
        if noisiest:
            t = torch.full_like(t, steps - 1)
        losses = []
        for direction in DIRECTIONS:
            score = self._ranking(direction, queries, gallery)
            mined = self._mined(score, gallery)
            lists = gallery.lists(direction, mined, score)
            noise = torch.randn(queries, lists.count, generator=random).to(device)
            clean = one_hot_target(mined.positive, lists.count, negative=self.config.negative)
            x = torch.zeros_like(noise) if noisiest else diffusion.noised(clean, t, noise)
            losses.append(
                generation_loss(self.generator(x, t, lists), mined.positive, scale=self.config.scale)
            )
        return torch.stack(losses).sum()

    def _agreement(self, gallery: Gallery) -> Tensor:
        """InfoNCE of the first stage over the batch."""
        assert self.matcher is not None
        return info_nce(gallery.matched("t2v", len(gallery.text), self.matcher), self.matcher.scale)

    @torch.no_grad()
    def _ranking(self, direction: Direction, queries: int, gallery: Gallery) -> Tensor:
        """The score (B, G) that lists are mined by; it is an input, so no gradient goes through it."""
        if self.matcher is not None:
            return gallery.matched(direction, queries, self.matcher)
        return gallery.blended(direction, queries, weight=self.config.blend)

    def _mined(self, score: Tensor, gallery: Gallery) -> MinedLists:
        if self.config.mines_in_batch:
            return in_batch(score, gallery.clip, negatives=self.config.candidates - 1)
        right = torch.arange(len(score), device=score.device)
        return hardest(score, right, count=self.config.candidates)
