"""Films of eight frames that texts ask for, ranked by scorers and by several ways to join their frames."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from bench._evidence_clips import FRAMES, Clips, blended, states_of
from bench._evidence_lists import CORRECTED, PLAIN, Matrix, Places, Ranker, Ranks
from bench.hubs import less_hubs
from builtin._film_frames import Films
from numpy.typing import NDArray
from torch import Tensor

from mediaindex.embed.families.builtin_files import FILES, builtin_bank
from mediaindex.embed.families.builtin_text import BuiltinTexts
from mediaindex.learn.evaluation.metrics import Interval, average_precision, paired_bootstrap, ranks
from mediaindex.learn.scorer.caption_states import CaptionStates
from mediaindex.store.mapped.scores import BEST_FRAMES

WEIGHTS = (12, 24)
FILMS_AT_ONCE = 16


def _of_softmax(temperature: float) -> Callable[[Tensor], Tensor]:
    """Frames weigh as much as they say: (…, 8) → (…)."""
    return lambda logits: (torch.softmax(logits / temperature, -1) * logits).sum(-1)


BEST_THREE = "mean of the best three"
JOINED: dict[str, Callable[[Tensor], Tensor]] = {
    BEST_THREE: lambda logits: logits.topk(BEST_FRAMES, dim=-1).values.mean(-1),
    "best frame": lambda logits: logits.amax(-1),
    "mean of all": lambda logits: logits.mean(-1),
    "softmax, temperature 1": _of_softmax(1.0),
    "softmax, temperature 2": _of_softmax(2.0),
    "softmax, temperature 4": _of_softmax(4.0),
}
"""Logits less hubs of a segment's frames (…, 8) → of the segment (…). The first is the product's."""


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """F films, T texts, and what is measured of their scores.

    Attributes:
        cells: (F, 8, 16, 313). frames: (F, 8, D) unit. said: (T, D) unit.
        measures: by name, scores (T, F) → percent (n,). groups: of each measure's n, what is drawn together.
    """

    cells: Tensor
    frames: Matrix
    texts: CaptionStates
    said: Matrix
    measures: dict[str, Callable[[Matrix], Ranks]]
    groups: list[Places]

    @classmethod
    def of_kinds(cls, films: Films, vectors: Tensor) -> Asked:
        """Films that are asked for by what they show; kinds of a single film are left out.

        AP of each kind, and whether a film's own kind is the best of all.
        """
        kinds, count = np.unique(films.names[:, 2], return_counts=True)
        texts = kinds[count > 1].tolist()
        kept = np.isin(films.names[:, 2], texts)
        shown = films.where(kept)
        wanted = np.array(texts)[:, None] == shown.names[:, 2]
        said = F.normalize(torch.from_numpy(BuiltinTexts(FILES).texts(texts).pooled), dim=1)
        longer = np.unique(shown.names[:, 1], return_inverse=True)[1]
        return cls(
            shown.cells,
            vectors[torch.from_numpy(kept)].numpy(),
            states_of(texts),
            said.numpy(),
            {
                "AP": lambda scores: _precisions(scores, wanted),
                "own kind": lambda scores: _own(scores, wanted),
            },
            [np.arange(len(texts)), longer],
        )

    @classmethod
    def of_clips(cls, clips: Clips) -> Asked:
        """The described clips: MRR of their queries, and of their captions."""

        def of(kind: NDArray[np.bool_]) -> Callable[[Matrix], Ranks]:
            return lambda scores: 100.0 / (1.0 + ranks(scores[kind], clips.right[kind]))

        return cls(
            clips.cells.view(-1, FRAMES, *clips.cells.shape[1:]),
            clips.vectors.reshape(-1, FRAMES, clips.vectors.shape[1]),
            clips.texts,
            clips.said,
            {"MRR, queries": of(clips.is_query), "MRR, captions": of(~clips.is_query)},
            [clips.right[clips.is_query], clips.right[~clips.is_query]],
        )

    def table(self, scorers: Mapping[str, Sequence[Ranker]], deviation: float) -> Iterator[str]:
        """Every ranking, as Markdown; the first scorer with every way to join frames.

        Its first row is compared with the corrected similarity, and every other ranking with that row at
        the same constant.

        Args:
            scorers: by name, those of all seeds. deviation: the unit of s.
        """
        names = list(self.measures)
        yield "| ranking | c | " + " | ".join(f"{name} | less" for name in names) + " |"
        yield "|---|--:|" + "--:|---|" * len(names)
        plain, of_bank = blended(self.said, self.frames), blended(builtin_bank(FILES), self.frames)
        corrected = less_hubs(plain, of_bank)
        yield self._row(PLAIN, "", [plain], [corrected])
        yield self._row(CORRECTED, "", [corrected], [corrected])
        s = torch.from_numpy(corrected / deviation)
        today: dict[int, list[Matrix]] = {}
        for name, rankers in scorers.items():
            logits = [said_by(ranker, self.texts, self.cells) for ranker in rankers]
            for way, joined in JOINED.items() if not today else [(BEST_THREE, JOINED[BEST_THREE])]:
                scores = {
                    weight: [(weight * s + joined(own)).numpy() for own in logits] for weight in WEIGHTS
                }
                for weight, own in scores.items():
                    yield self._row(f"{name}, {way}", str(weight), own, today.get(weight, [corrected]))
                today = today or scores
        yield ""

    def _row(self, name: str, weight: str, scores: Sequence[Matrix], base: Sequence[Matrix]) -> str:
        cells = [name, weight]
        for measure, groups in zip(self.measures.values(), self.groups, strict=True):
            found, other = (np.mean([measure(own) for own in of], axis=0) for of in (scores, base))
            less = "" if scores is base else points(paired_bootstrap(found - other, groups, seed=0))
            cells += [f"{found.mean():.2f}", less]
        return "| " + " | ".join(cells) + " |"


@torch.inference_mode()
def said_by(ranker: Ranker, texts: CaptionStates, cells: Tensor) -> Tensor:
    """Logits less hubs of films' frames, (T, F, 8).

    Args:
        cells: (F, 8, 16, 313).
    """
    words = ranker.scorer.words(*texts.states(np.arange(len(texts.mean))))
    parts = []
    for some in torch.split(cells, FILMS_AT_ONCE):
        regions = ranker.scorer.regions(some.flatten(0, 1).float())
        parts.append(ranker.scorer(words, regions) - ranker.hubs(regions))
    return torch.cat(parts, dim=1).view(len(texts.mean), -1, FRAMES)


def points(one: Interval) -> str:
    """In percent, with its interval."""
    return f"{one.value:+.2f} [{one.low:+.2f}, {one.high:+.2f}]".replace("-", "−")


def _precisions(scores: Matrix, wanted: NDArray[np.bool_]) -> Ranks:
    return np.array([100 * average_precision(row, own) for row, own in zip(scores, wanted, strict=True)])


def _own(scores: Matrix, wanted: NDArray[np.bool_]) -> Ranks:
    """(F,) 100 where a film's own text is the best of all, else 0."""
    return np.where(scores.argmax(0) == wanted.argmax(0), 100.0, 0.0)
