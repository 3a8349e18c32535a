"""The text side of a scorer by what the user said: other words for what the stored regions show.

What is stored of a frame is made by the scorer's picture side, so that side stays: another one would need all
frames of the library again. The text side is small, is asked once a query, and can be another one in each
library. From the shipped weights Adam takes steps down the loss of `fitting`, the five weights of the mixture
being among the parameters. How many steps, cross-validation chooses: few are a strong prior (Bishop,
"Regularization and complexity control in feed-forward networks", 1995).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from mediaindex.learn.personal.fitting import REHEARSED, Lessons, Start, Weights
from mediaindex.learn.personal.lists import Listed, TextSide
from mediaindex_models.evidence_mixture import NUMBERS
from mediaindex_models.late_interaction import LateInteraction, Regions
from mediaindex_models.minilm import SentenceStates
from mediaindex_models.region_records import RECORD, unpacked

Level = Literal["last layers", "text side"]
LAYERS: dict[Level, tuple[str, ...]] = {
    "last layers": ("words.direction.4.", "words.pooled.4.", "words.weight."),
    "text side": ("words.", "log_sharpness"),
}
"""What the names of the weights that a level trains start with."""
STEPS = (5, 10, 20, 40)
"""After so many steps a training is looked at."""
RATES: dict[Level, float] = {"last layers": 1e-3, "text side": 3e-4}
RATE_OF_WEIGHTS = 1e-2
AT_ONCE = 24
_RECORDS_AT_ONCE = 4096


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """A personal ranking.

    Attributes:
        weights: (5,) of the mixture. text_side: None for the scorer's own.
    """

    weights: Weights
    text_side: TextSide | None = None


@dataclass(frozen=True, slots=True, eq=False)
class StoredRegions:
    """P frames as they are stored: int8 directions, which are made unit where they are read.

    Attributes:
        directions: (P, 17, 128) int8. scale: (P, 17), by which they become unit. weights: (P, 17).
        pooled: (P, 128) unit. known: (P,) bool, False where a record says nothing.
    """

    directions: Tensor
    scale: Tensor
    weights: Tensor
    pooled: Tensor
    known: Tensor

    @classmethod
    def of(cls, records: NDArray[np.uint8]) -> StoredRegions:
        """(P, 2340) → P frames."""
        directions = np.ascontiguousarray(records).view(RECORD)[:, 0]["directions"].copy()
        scale = np.empty(directions.shape[:2], np.float32)
        rest = []
        for first in range(0, len(records), _RECORDS_AT_ONCE):
            some = slice(first, first + _RECORDS_AT_ONCE)
            lengths = np.linalg.norm(directions[some].astype(np.float32), axis=2)
            scale[some] = 1 / np.maximum(lengths, np.float32(1))
            frames = unpacked(records[some])
            rest.append((frames.weights, frames.pooled, frames.known))
        weights, pooled, known = (torch.from_numpy(np.concatenate(part)) for part in zip(*rest, strict=True))
        return cls(torch.from_numpy(directions), torch.from_numpy(scale), weights, pooled, known)

    def at(self, rows: Tensor) -> Regions:
        """Those of some frames, rows (B, N)."""
        directions = self.directions[rows].float() * self.scale[rows][..., None]
        return Regions(directions, self.weights[rows], self.pooled[rows])


@dataclass(frozen=True, slots=True, eq=False)
class Hearing:
    """B lists as a text side hears them.

    Attributes:
        lessons: what they tell. sharpness: by which their logits are multiplied.
        states: of each text its pieces, (T, 2, D), of the shallow and of the last depth.
        frames: (B, K, F) rows of `regions`, -1 where there is none.
        shipped: the weights of the scorer, as far as texts need it.
    """

    lessons: Lessons
    sharpness: float
    states: tuple[Tensor, ...]
    frames: Tensor
    regions: StoredRegions
    shipped: TextSide

    @classmethod
    def of(cls, lists: Sequence[Listed], lessons: Lessons, *, sharpness: float = 1.0) -> Hearing:
        """Of B ≥ 1 lists with evidence of one pool, each of which is a lesson."""
        evidence = [one.evidence for one in lists if one.evidence is not None]
        longest, most = lessons.numbers.shape[1], max(one.rows.shape[1] for one in evidence)
        frames = np.full((len(lists), longest, most), -1, np.int64)
        for row, one in enumerate(evidence):
            frames[row, : one.rows.shape[0], : one.rows.shape[1]] = one.rows
        states = tuple(
            torch.from_numpy(np.stack([one.asked.shallow_tokens, one.asked.tokens], axis=1))
            for one in evidence
        )
        regions = StoredRegions.of(evidence[0].pool.records())
        shipped = evidence[0].asked.scorer.weights
        return cls(lessons, sharpness, states, torch.from_numpy(frames), regions, shipped)

    def __len__(self) -> int:
        return len(self.lessons)

    def losses(self, scorer: LateInteraction, weights: Tensor, rows: Tensor) -> Tensor:
        """(N,) of some lists, as `Lessons.losses`, by a scorer and the weights (5,) of a mixture."""
        logits = self.sharpness * (self._numbers(scorer, rows) @ weights)
        return self.lessons.some(rows).losses_of(logits)

    def losses_by(self, fit: Fit, rows: Tensor, *, sharpness: float = 1.0) -> Tensor:
        """(N,) of some lists by a ranking that was trained.

        Args:
            sharpness: by which its weights are multiplied.
        """
        scorer, weights = self.scorer(fit.text_side), sharpness * torch.from_numpy(fit.weights)
        with torch.inference_mode():
            return torch.cat([self.losses(scorer, weights, some) for some in torch.split(rows, AT_ONCE)])

    def scorer(self, text_side: TextSide | None = None) -> LateInteraction:
        """The scorer in torch; its picture side is no one's."""
        stored = {**self.shipped, **(text_side or {})}
        scorer = LateInteraction(1, state=stored["words.weight.weight"].shape[1] // 2).eval()
        own = {name for name in scorer.state_dict() if not name.startswith("regions.")}
        scorer.load_state_dict({name: torch.tensor(stored[name]) for name in own}, strict=False)
        scorer.requires_grad_(False)
        return scorer

    def _numbers(self, scorer: LateInteraction, rows: Tensor) -> Tensor:
        """(N, K, 5): s and −hub as they were, L1, L2 and L3 by the scorer; their mean where none is known."""
        frames = self.frames[rows]
        counted = ((frames >= 0) & self.regions.known[frames.clamp_min(0)])[..., None]
        words = scorer.words(*_padded([self.states[row] for row in rows.tolist()]))
        said = scorer.agreements(words, self.regions.at(frames.flatten(1).clamp_min(0)))
        said = said.view(*frames.shape, said.shape[2])
        count = counted.sum(2)
        of_moments = (said * counted).sum(2) / count.clamp_min(1)  # (N, K, 3)
        known = count > 0
        mean = (of_moments * known).sum(1, keepdim=True) / known.sum(1, keepdim=True).clamp_min(1)
        heard = torch.where(known, of_moments, mean).double()
        before = self.lessons.numbers[rows]
        return torch.cat([before[..., :1], heard, before[..., 4:]], dim=2)


def taught(
    hearing: Hearing, rows: NDArray[np.intp], start: Start, level: Level, photographs: Hearing | None = None
) -> Iterator[Fit]:
    """The ranking after each of `STEPS`; the same lists give the same one, bit for bit.

    Args:
        rows: (N,) of the lists that teach. start: of these.
        photographs: that are rehearsed, with the sharpness of `photograph_lessons`.
    """
    scorer = hearing.scorer()
    own = {name: part for name, part in scorer.named_parameters() if name.startswith(LAYERS[level])}
    change = torch.zeros(NUMBERS, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.Adam(
        [
            {"params": [part.requires_grad_() for part in own.values()], "lr": RATES[level]},
            {"params": [change], "lr": RATE_OF_WEIGHTS},
        ]
    )
    batches = _batches(rows)
    others = None if photographs is None else _batches(np.arange(len(photographs)))
    for step in range(1, STEPS[-1] + 1):
        weights = start.moved(change)
        loss = len(rows) * hearing.losses(scorer, weights, next(batches)).mean()
        if photographs is not None and others is not None:
            of_batch = photographs.losses(scorer, weights / start.sharpness, next(others))
            loss = loss + len(photographs) * of_batch.mean()
        optimiser.zero_grad()
        torch.autograd.backward(loss / (len(rows) + REHEARSED))
        optimiser.step()
        if step in STEPS:
            text_side = {name: part.detach().numpy().copy() for name, part in own.items()}
            yield Fit(start.moved(change).detach().numpy(), text_side)


def _batches(rows: NDArray[np.intp]) -> Iterator[Tensor]:
    """Rows in a random order, which is the same each time, again and again."""
    random = np.random.default_rng(0)
    order = np.empty(0, np.intp)
    while True:
        while len(order) < min(AT_ONCE, len(rows)):
            order = np.concatenate([order, random.permutation(rows)])
        yield torch.from_numpy(order[:AT_ONCE])
        order = order[AT_ONCE:]


def _padded(states: Sequence[Tensor]) -> tuple[SentenceStates, Tensor]:
    """(T, 2, D) of each text → states of all of them, and their mask (B, T) bool."""
    lengths = torch.tensor([len(one) for one in states])
    mask = torch.arange(int(lengths.max())) < lengths[:, None]
    shallow, last = pad_sequence(list(states), batch_first=True).unbind(2)
    mean, shallow_mean = (part.sum(1) / lengths[:, None] for part in (last, shallow))
    return SentenceStates(last, mean, shallow_mean, shallow), mask
