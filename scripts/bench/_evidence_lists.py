"""The best photographs of each query by the corrected similarity, and what a scorer says of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from bench.hubs import less_hubs
from builtin._captioned import Captioned, vectors_by
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor

from mediaindex.embed.families.builtin_files import builtin_bank, head_of
from mediaindex.learn.evaluation.metrics import ranks
from mediaindex.search.ranking.qb_norm import querybank_normalised
from mediaindex.store.mapped.bank import BETA as BETA_OF_SIMILARITY
from mediaindex_models.evidence_mixture import evidence_numbers
from mediaindex_models.late_interaction import LateInteraction, Regions, Words, hubness

CANDIDATES = 64
BANK, PICTURES_OF_BANK, BETA = 400, 200, 0.5
"""Captions of the scorer's bank; photographs of the one by which captions are corrected."""
FLICKR8K = "flickr8k"
_AT_ONCE, _PHOTOGRAPHS_AT_ONCE = 64, 16

Places = NDArray[np.intp]
Ranks = NDArray[np.float64]
Matrix = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Similarity:
    """How near captions are to photographs by the head of an encoder.

    Attributes:
        pictures: (N, D) of all prepared photographs, said: (C, D) of their captions, bank: (M, D); unit rows.
        deviation: of similarities of the bank to the photographs of `val`, the unit of s.
    """

    pictures: Matrix
    said: Matrix
    bank: Matrix
    deviation: float

    @classmethod
    def of(cls, data: Captioned, work: Path, files: Path) -> Similarity:
        """By the newest head of the built-in encoder in a folder of its files."""
        head = head_of(files)
        pictures, said = (part.numpy() for part in vectors_by(work, data.captions, head=head, files=files))
        bank = builtin_bank(files, head)
        val = [place for place, item in enumerate(data.items) if item.split == "val"]
        return cls(pictures, said, bank, float((bank @ pictures[val].T).std()))


class Sides(NamedTuple):
    """Vectors of queries and of what they look for.

    Attributes:
        asking: (Q, D). gallery: (G, F, D) frames that texts look for, or (G, D) texts that pictures look for.
        chosen: (Q, 64) rows of the gallery. unit: of s, as a similarity.
    """

    asking: Tensor
    gallery: Tensor
    chosen: Tensor
    unit: float


@dataclass(frozen=True, slots=True, eq=False)
class Lists:
    """Q queries, each with the best candidates by the corrected similarity.

    Attributes:
        numbers: (Q, 64, 5) of the candidates, as in evidence_mixture.
        place: (Q, R) of the right ones among them, -1 where one is not. Of captions that look for their
            photograph R is 1.
        cheap: ranks (Q,) from 0 of the best right one by rankings that learn nothing: the similarity alone,
            corrected for hubs, and by QB-Norm; and the similarity of the first head, which has not seen val,
            val2 and the further sources alone.
        right: (Q,) the photograph of the query, in the gallery.
        sides: what a generator compares.
    """

    numbers: Tensor
    place: Tensor
    cheap: dict[str, Ranks]
    right: Places
    sides: Sides

    @property
    def corrected(self) -> Ranks:
        """(Q,) by the ranking that gave the candidates."""
        return self.cheap[CORRECTED]

    @property
    def ceiling(self) -> float:
        """Percent of the queries with a right one among the candidates."""
        return 100 * float((self.place >= 0).any(1).float().mean())

    def ranks(self, scores: Tensor) -> Ranks:
        """Rank of the best right one, (Q,) from 0, by scores (Q, 64); who is no candidate keeps its own."""
        inside = self.place >= 0
        own = scores.gather(1, self.place.clamp(min=0)).masked_fill(~inside, -torch.inf).amax(1, keepdim=True)
        better = ((scores >= own).sum(1) - 1).double().numpy()
        reranked: Ranks = np.where(inside.any(1).numpy(), better, self.corrected)
        return reranked

    def where(self, own: NDArray[np.bool_]) -> Lists:
        """Some of the queries, in the same gallery."""
        kept = torch.from_numpy(own)
        cheap = {name: ranked[own] for name, ranked in self.cheap.items()}
        sides = self.sides._replace(asking=self.sides.asking[kept], chosen=self.sides.chosen[kept])
        return Lists(self.numbers[kept], self.place[kept], cheap, self.right[own], sides)


PLAIN, CORRECTED, QB_NORM = "similarity", "corrected similarity", "QB-Norm"
FIRST = "similarity of the first head"


class Ranker:
    """A scorer with its bank of sentences, over the prepared photographs.

    Args:
        left_out: the source that the scorer has not seen; no sentence of the bank is of it.
    """

    def __init__(self, data: Captioned, file: Path, *, left_out: str | None, seed: int) -> None:
        self._data = data
        self.scorer = LateInteraction(data.cells.shape[2]).eval()
        self.scorer.load_state_dict(load_file(file))
        self.scorer.requires_grad_(False)
        self._training = training_places(data, left_out=left_out)
        self.bank = self.words(bank_of(data, left_out=left_out, seed=seed))

    def lists(self, similarity: Similarity, places: Places, *, captions: int) -> Lists:
        """At most some captions of each photograph of a gallery look for it."""
        rows, right = self._asked(places, captions)
        pictures = similarity.pictures[places]
        plain, of_bank = similarity.said[rows] @ pictures.T, similarity.bank @ pictures.T
        corrected = less_hubs(plain, of_bank)
        best = torch.from_numpy(corrected / similarity.deviation).topk(min(CANDIDATES, len(places)), dim=1)
        regions, hubs = self.of_photographs(places)
        agreements = torch.cat(
            [
                self.scorer.agreements(self.words(some), regions.rows(candidates))
                for some, candidates in zip(_batches(rows), torch.split(best.indices, _AT_ONCE), strict=True)
            ]
        )
        numbers = evidence_numbers(best.values, agreements, hubs[best.indices])
        found = best.indices == torch.from_numpy(right)[:, None]
        place = torch.where(found.any(1), found.int().argmax(1), -1)[:, None]
        cheap = {
            PLAIN: ranks(plain, right),
            CORRECTED: ranks(corrected, right),
            QB_NORM: ranks(querybank_normalised(plain, of_bank, beta=BETA_OF_SIMILARITY), right),
            FIRST: ranks((self._data.said[rows] @ self._data.pictures[places].T).numpy(), right),
        }
        asking, frames = torch.from_numpy(similarity.said[rows]), torch.from_numpy(pictures)[:, None]
        sides = Sides(asking, frames, best.indices, similarity.deviation)
        return Lists(numbers, place, cheap, right, sides)

    def lists_of_captions(self, similarity: Similarity, places: Places, *, captions: int) -> Lists:
        """Each photograph of a gallery looks for its captions, among those of all.

        The captions' hubs, of the similarity and of the scorer, are by training photographs.
        """
        rows, right = self._asked(places, captions)
        some = _spread(self._training, PICTURES_OF_BANK)
        texts = similarity.said[rows]
        plain, of_bank = similarity.pictures[places] @ texts.T, similarity.pictures[some] @ texts.T
        corrected = less_hubs(plain, of_bank)
        unit = float(of_bank.std())
        best = torch.from_numpy(corrected / unit).topk(min(CANDIDATES, len(rows)), dim=1)
        agreements, hubs = self._of_captions(rows, places, best.indices, some)
        numbers = evidence_numbers(best.values, agreements, hubs[best.indices])
        own = np.stack([np.flatnonzero(right == place)[[0, -1]] for place in range(len(places))])
        spans = own[:, :1] + np.arange(captions)
        spans = np.minimum(spans, own[:, 1:])  # a photograph with fewer captions names its last again
        found = best.indices[:, None] == torch.from_numpy(spans)[:, :, None]
        place = torch.where(found.any(2), found.int().argmax(2), -1)
        norm = querybank_normalised(plain, of_bank, beta=BETA_OF_SIMILARITY)
        first = (self._data.pictures[places] @ self._data.said[rows].T).numpy()
        cheap = {
            name: np.min([ranks(scores, spans[:, k]) for k in range(captions)], axis=0)
            for name, scores in ((PLAIN, plain), (CORRECTED, corrected), (QB_NORM, norm), (FIRST, first))
        }
        asking = torch.from_numpy(similarity.pictures[places])
        sides = Sides(asking, torch.from_numpy(texts), best.indices, unit)
        return Lists(numbers, place, cheap, np.arange(len(places)), sides)

    def mixed(self, numbers: Tensor, weight: float) -> Tensor:
        """The scorer's logits less their hubs, and the similarity with a weight, (Q, 64)."""
        return self.logits(numbers) + weight * numbers[..., 0]

    def logits(self, numbers: Tensor) -> Tensor:
        """The scorer's logits less their hubs, (Q, 64)."""
        return self.scorer.logits(numbers[..., 1:4]) + numbers[..., 4]

    def hubs(self, regions: Regions) -> Tensor:
        """How near pictures are to every sentence, (N,)."""
        return hubness(self.scorer(self.bank, regions), beta=BETA)

    def weights(self, weight: float) -> Tensor:
        """`mixed` as the weights (5,) of a mixture."""
        return torch.cat([torch.tensor([float(weight)]), 20 * self.scorer.gains, torch.ones(1)])

    def _asked(self, places: Places, captions: int) -> tuple[Places, Places]:
        """Rows of the captions, and the photograph of each in the gallery."""
        own = [self._data.captions_of[place][:captions] for place in places]
        return np.concatenate(own), np.repeat(np.arange(len(places)), [len(rows) for rows in own])

    def words(self, rows: Places) -> Words:
        """What the scorer reads of some captions."""
        words: Words = self.scorer.words(*self._data.captions.states(rows))
        return words

    def of_photographs(self, places: Places) -> tuple[Regions, Tensor]:
        """Regions of photographs and their hub numbers, (N,)."""
        parts = [self.scorer.regions(self._data.cells_at(some)) for some in _batches(places)]
        hubs = [self.hubs(part) for part in parts]
        return Regions(*(torch.cat(own) for own in zip(*parts, strict=True))), torch.cat(hubs)

    def _of_captions(
        self, rows: Places, places: Places, chosen: Tensor, bank: Places
    ) -> tuple[Tensor, Tensor]:
        """Agreements (N, K, 3) of photographs with candidate captions, and hub numbers (C,) of all captions.

        Args:
            rows: of the captions. chosen: (N, K) places among them. bank: photographs for the hubs.
        """
        words = self.words(rows)
        of_bank = self.of_photographs(bank)[0]
        hubs = [
            hubness(self.scorer(_some_of(words, torch.from_numpy(some)), of_bank).T, beta=BETA)
            for some in _batches(np.arange(len(rows)))
        ]
        regions, count = self.of_photographs(places)[0], chosen.shape[1]
        parts = []
        for start in range(0, len(places), _PHOTOGRAPHS_AT_ONCE):
            some = torch.arange(start, min(start + _PHOTOGRAPHS_AT_ONCE, len(places)))
            photographs = some.repeat_interleave(count)[:, None]
            own = _some_of(words, chosen[some].flatten())
            parts.append(self.scorer.agreements(own, regions.rows(photographs)).view(len(some), count, 3))
        return torch.cat(parts), torch.cat(hubs)


def training_places(data: Captioned, *, left_out: str | None) -> Places:
    """Photographs that people captioned and that a scorer without a source may be trained on."""
    own = [
        place
        for place, item in enumerate(data.items)
        if item.split == "train" and item.by_people and item.source != left_out
    ]
    return np.array(own, dtype=np.intp)


def bank_of(data: Captioned, *, left_out: str | None, seed: int) -> Places:
    """Captions of training photographs, half of them of Flickr8k unless it is left out, each of another."""
    numbers = np.random.default_rng(seed)
    training = training_places(data, left_out=left_out)
    flickr8k, others = (
        np.array(
            [
                data.captions_of[place][0]
                for place in training
                if (data.items[place].source == FLICKR8K) is wanted
            ],
            dtype=np.intp,
        )
        for wanted in (True, False)
    )
    of_flickr8k = min(BANK // 2, len(flickr8k))
    return np.concatenate(
        [
            numbers.choice(flickr8k, of_flickr8k, replace=False),
            numbers.choice(others, min(BANK - of_flickr8k, len(others)), replace=False),
        ]
    )


def _some_of(words: Words, rows: Tensor) -> Words:
    return Words(*(part[rows] for part in words))


def _spread(places: Places, count: int) -> Places:
    """Some of the photographs, evenly spread over them."""
    return places[np.linspace(0, len(places) - 1, min(count, len(places))).astype(np.intp)]


def _batches(rows: Places) -> Sequence[Places]:
    return [rows[first : first + _AT_ONCE] for first in range(0, len(rows), _AT_ONCE)]
