"""Examples, asked of a library as a search asks: the moments that it lists, and what is known of each.

A ranking that is trained on these lists orders anew what it is trained on: the best moments by pictures,
with the hubs corrected where searches correct them. What the scorer reads of their frames is kept with them,
so that another text side can be asked without the library.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mediaindex.learn.personal.examples import Example, Stretch
from mediaindex.search.answer import Hit, Question
from mediaindex.search.ranking.evidence_reranker import completed, five_numbers
from mediaindex.search.ranking.mixture import Mixture
from mediaindex.search.ranking.shortlist import RerankedList, Reranker, Shortlist
from mediaindex.search.searcher import Searcher
from mediaindex_models.late_interaction_numpy import AskedText
from mediaindex_models.region_records import RECORD_BYTES

Progress = Callable[[int, int], None]
TextSide = Mapping[str, NDArray[np.float32]]
"""Weights of a scorer's text side by their names; they take the place of the scorer's own."""


class RecordPool:
    """Records of frames, each of which is kept once: many lists hold the same frames."""

    def __init__(self) -> None:
        self._rows: dict[bytes, int] = {}
        self._joined = np.empty((0, RECORD_BYTES), np.uint8)

    def rows_of(self, records: NDArray[np.uint8]) -> NDArray[np.int64]:
        """(…, 2340) → their rows (…); what is new gets one."""
        flat = records.reshape(-1, RECORD_BYTES)
        rows = [self._rows.setdefault(record.tobytes(), len(self._rows)) for record in flat]
        return np.array(rows, np.int64).reshape(records.shape[:-1])

    def records(self) -> NDArray[np.uint8]:
        """(P, 2340) of all rows."""
        if len(self._joined) < len(self._rows):
            self._joined = np.frombuffer(b"".join(self._rows), np.uint8).reshape(-1, RECORD_BYTES)
        return self._joined


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """A text, and the frames with which a scorer compares it.

    Attributes:
        rows: (K, B) in the pool, of the frames that speak for each moment.
    """

    asked: AskedText
    rows: NDArray[np.int64]
    pool: RecordPool


@dataclass(frozen=True, slots=True, eq=False)
class Listed:
    """What a search listed for an example, best first by its pictures.

    Attributes:
        numbers: (K, 5) of `evidence_mixture`, s, L1, L2, L3 and −hub.
        right, wrong: (K,) bool, which moments are; most are neither.
        evidence: from which L1, L2, L3 come; None in a list that was made without a scorer.
    """

    example: Example
    numbers: NDArray[np.float64]
    right: NDArray[np.bool_]
    wrong: NDArray[np.bool_]
    evidence: Evidence | None = None

    def rank(self, weights: NDArray[np.float64], text_side: TextSide | None = None) -> float:
        """How many moments stand before the first right one in a mixture's order; ∞ if none is listed.

        Args:
            text_side: by which the scorer hears the text; None for its own.
        """
        numbers = self.numbers if text_side is None else self.numbers_by(text_side)
        return rank_in(np.argsort(-(numbers @ weights), kind="stable"), self.right)

    def numbers_by(self, text_side: TextSide) -> NDArray[np.float64]:
        """(K, 5), as `numbers` with another text side.

        Raises:
            ValueError: the scorer has no such weights.
        """
        assert self.evidence is not None
        own = self.evidence
        said = own.asked.with_weights(text_side).numbers(own.pool.records()[own.rows])
        return np.concatenate([self.numbers[:, :1], completed(said)], axis=1, dtype=np.float64)

    @property
    def instant_rank(self) -> float:
        """The same in the order in which they are listed."""
        return rank_in(np.arange(len(self.right)), self.right)


@dataclass(frozen=True, slots=True)
class Asking:
    """How a library is asked.

    Attributes:
        corrects_hubs, candidates: as in `Question`.
    """

    searcher: Searcher
    corrects_hubs: bool
    candidates: int

    def hits(self, text: str, reranker: Reranker) -> tuple[Hit, ...]:
        """The moments of a search by pictures, in the order of a reranker.

        Raises:
            StoreError, GeneratorUnavailable: see `Searcher.search`.
        """
        self.searcher.reranker = reranker
        question = Question(
            text,
            limit=self.candidates,
            channel="pictures",
            candidates=self.candidates,
            corrects_hubs=self.corrects_hubs,
            thumbnails=False,
        )
        return self.searcher.search(question).hits


class _Recorder:
    """A reranker that leaves a list as it is, and keeps what a mixture reads of it."""

    reads_evidence = False

    def __init__(self, mixture: Mixture) -> None:
        self.scorer: str | None = mixture.scorer
        self.shortlist: Shortlist | None = None

    def rerank(self, shortlist: Shortlist) -> RerankedList:
        """The order in which the list came."""
        self.shortlist = shortlist
        return RerankedList(np.arange(len(shortlist.score)), None, None)


def listed(
    asking: Asking, examples: Sequence[Example], mixture: Mixture, progress: Progress
) -> Iterator[Listed | None]:
    """What a search lists for each example; None where no moment of it has evidence of regions.

    Args:
        mixture: whose scorer is asked, and by whose deviation similarities are divided.
        progress: called with how many are done, and how many there are.

    Raises:
        StoreError, GeneratorUnavailable: see `Searcher.search`.
    """
    pool = RecordPool()
    for done, example in enumerate(examples):
        progress(done, len(examples))
        recorder = _Recorder(mixture)
        hits = asking.hits(example.text, recorder)
        shortlist = recorder.shortlist
        if shortlist is None:
            yield None
            continue
        numbers = five_numbers(shortlist, mixture.deviation).astype(np.float64)
        right, wrong = (_shown(hits, parts, len(numbers)) for parts in (example.right, example.wrong))
        evidence = None
        if shortlist.asked is not None and shortlist.records is not None:
            evidence = Evidence(shortlist.asked, pool.rows_of(shortlist.records), pool)
        yield Listed(example, numbers, right, wrong, evidence)
    progress(len(examples), len(examples))


def ranks_by(
    asking: Asking, examples: Sequence[Example], reranker: Reranker, progress: Progress
) -> Iterator[float]:
    """How many moments stand before the first right one in the order of a reranker; ∞ if none is listed.

    Raises:
        StoreError, GeneratorUnavailable: see `Searcher.search`.
    """
    for done, example in enumerate(examples):
        progress(done, len(examples))
        hits = asking.hits(example.text, reranker)
        order = np.arange(len(hits))
        yield rank_in(order, np.array([_is_shown(hit, example.right) for hit in hits], np.bool_))
    progress(len(examples), len(examples))


def rank_in(order: NDArray[np.intp], right: NDArray[np.bool_]) -> float:
    """The place, from 0, of the first right one of (K,) in an order of them; ∞ where none is right."""
    places = np.flatnonzero(right[order])
    return float(places[0]) if places.size else float("inf")


def _shown(hits: Sequence[Hit], parts: Sequence[Stretch], count: int) -> NDArray[np.bool_]:
    """(K,) which moments show one of some stretches, by their place before reranking."""
    shown = np.zeros(count, np.bool_)
    for hit in hits:
        place = (hit.instant_rank or count + 1) - 1
        if place < count and _is_shown(hit, parts):
            shown[place] = True
    return shown


def _is_shown(hit: Hit, parts: Sequence[Stretch]) -> bool:
    return any(part.is_shown_by(hit.video_id, hit.start_seconds, hit.end_seconds) for part in parts)
