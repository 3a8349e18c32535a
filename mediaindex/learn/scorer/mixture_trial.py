"""What mixing a scorer with the similarity gains: its weight by validation, its figures and gate by the test.

    score = c · s + scorer's logit − hub

Each candidate is scored as a search scores it, from the records that are stored of its frames.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from mediaindex.embed.families.patch_scorer import PatchScorer
from mediaindex.learn.evaluation.metrics import ranks
from mediaindex.learn.evaluation.report import Difference, DirectionRanks, differences_of, gate_of
from mediaindex.learn.evaluation.retrieval_trial import Trial, trials_of
from mediaindex.learn.features.feature_set import Features
from mediaindex.learn.fitting.described_clips import DescribedClips, Matrix
from mediaindex.learn.scorer.media_tokens import CaptionedTokens
from mediaindex.learn.training.data import of_clips, pairs_of
from mediaindex.search.answer import CANDIDATES
from mediaindex.search.channels.pictures import HUB_SHARE
from mediaindex.search.ranking.gate import Gate
from mediaindex.store.mapped.bank import BETA, hubness
from mediaindex_models.late_interaction import LOGIT_UNIT
from mediaindex_models.region_records import RECORD_BYTES, packed

WEIGHTS = (64.0, 48.0, 32.0, 24.0, 16.0, 12.0, 8.0, 6.0, 4.0)
"""Values of c; of equally good ones the largest is taken, which changes the order least."""
QUERIES = 1000
_FRAMES_AT_ONCE = 64


@dataclass(frozen=True, slots=True, eq=False)
class SearchOrder:
    """The order in which a search finds clips before it reranks them.

    Attributes:
        bank: (M, D) unit sentences. blend: w of the similarity.
        corrects_hubs: whether searches let hubs stand back.
        deviation: of similarities of the bank, the unit of s.
    """

    bank: Matrix
    blend: float
    corrects_hubs: bool
    deviation: float

    @classmethod
    def among(cls, features: Features, bank: Matrix, *, blend: float, corrects_hubs: bool) -> SearchOrder:
        """With the deviation of similarities to some clips, those of validation."""
        similarities = DescribedClips.of_features(features).similarities(bank, blend=blend)
        return cls(bank, blend, corrects_hubs, float(similarities.std()))


@dataclass(frozen=True, slots=True, eq=False)
class ScoredLists:
    """The best K candidates of Q captions.

    Attributes:
        chosen: (Q, K) clips of the trial, best first. numbers: (Q, K, 5) of `evidence_mixture`.
        deviation: by which the similarity among these numbers is divided.
        place: (Q,) of the right clip among the candidates, K for none.
        plain, corrected: (Q,) ranks from 0 by the similarity, and less its hubs. chosen_by: of these, the one
            that chose the lists, as it does in a search.
    """

    trial: Trial
    chosen: NDArray[np.intp]
    numbers: NDArray[np.float32]
    deviation: float
    place: NDArray[np.intp]
    plain: NDArray[np.float64]
    corrected: NDArray[np.float64]
    chosen_by: NDArray[np.float64]

    def ranks(self, weights: NDArray[np.float32]) -> NDArray[np.float64]:
        """(Q,) from 0 by a mixture (5,); a right one that is no candidate keeps its rank."""
        count = self.numbers.shape[1]
        inside = ranks(self.numbers @ weights, np.minimum(self.place, count - 1))
        return np.where(self.place < count, inside, self.chosen_by)

    def direction(self, ranked: Mapping[str, NDArray[np.float64]]) -> DirectionRanks:
        """The cheap rankings, and others by name, (Q,) from 0."""
        count = self.numbers.shape[1]
        listed = 100.0 * float(np.mean(self.place < count))
        cheap = {"blend": self.plain, "corrected": self.corrected}
        return DirectionRanks(self.trial, {**cheap, **ranked}, count, listed)


@dataclass(frozen=True, slots=True, eq=False)
class MixtureOutcome:
    """The constants of a mixture and what it gains.

    Attributes:
        weights: (5,). report: with its gate.
    """

    weights: NDArray[np.float32]
    gate: Gate
    report: dict[str, Any]


def mixture_outcome(
    lists: Mapping[str, ScoredLists], *, gains: NDArray[np.float32], sources: frozenset[str]
) -> MixtureOutcome:
    """The mixture of a scorer, its weight chosen on `validation` and measured on `test`, else on validation.

    Args:
        lists: of `validation`, and of `test` where there are some.
        gains: (3,) of the scorer. sources: of the captions that it was trained on.
    """

    def weights_of(c: float) -> NDArray[np.float32]:
        return np.array([c, *(LOGIT_UNIT * gains), 1.0], np.float32)

    def reciprocal_rank(c: float) -> float:
        return float(np.mean(1 / (1 + lists["validation"].ranks(weights_of(c)))))

    weights = weights_of(max(WEIGHTS, key=reciprocal_rank))
    by = measured_on(lists)
    direction = lists[by].direction({"generator": lists[by].ranks(weights)})
    differences = differences_of(direction, "generator", sources)
    gate = measured_gate(differences, by=by)
    whole = next(row for row in differences if row.source is None)
    report = {
        "gates": [{"component": gate.component, "on": gate.on, "by": gate.by, "reason": gate.reason}],
        "queries": whole.queries,
        "against": whole.against,
        "metrics": {
            name: {"value": one.value, "low": one.low, "high": one.high}
            for name, one in whole.metrics.items()
        },
    }
    return MixtureOutcome(weights, gate, report)


def measured_on(lists: Mapping[str, ScoredLists]) -> str:
    """The share that figures are of."""
    return "test" if "test" in lists else "validation"


def measured_gate(differences: Sequence[Difference], *, by: str) -> Gate:
    """As `gate_of`; a weight that was chosen on what is measured opens no gate."""
    gate = gate_of(differences, by=by)
    if by == "test":
        return gate
    return replace(gate, on=False, reason=f"{gate.reason}; its weight was chosen by the same captions")


def scored_lists(
    scorer: PatchScorer,
    features: Features,
    tokens: CaptionedTokens,
    order: SearchOrder,
    *,
    queries: int = QUERIES,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> ScoredLists:
    """The lists of captions whose clips have cells, among these clips.

    Args:
        queries: captions at the most. progress: called with the captions that are done, and all of them.
    """
    chosen = np.zeros(len(features.paths), np.bool_)
    chosen[tokens.clips] = True
    some = of_clips(features, chosen)
    pairs = pairs_of(some)
    trial = next(iter(trials_of(some, pairs, pairs)))
    rows = np.flatnonzero(chosen[features.clip])[trial.asking.numpy()]  # in the features
    known = np.flatnonzero(np.isin(rows, tokens.captions))
    known = known[np.unique(np.linspace(0, len(known) - 1, min(queries, len(known))).astype(np.intp))]
    trial, rows = trial.some(known), rows[known]
    clips, asking = DescribedClips.of_features(some), trial.asking.numpy()
    plain = clips.similarities(clips.texts[asking], blend=order.blend)
    hubs = hubness(clips.similarities(order.bank, blend=order.blend), beta=BETA).astype(np.float32)
    corrected = np.asarray(plain - HUB_SHARE * hubs, np.float32)
    score = corrected if order.corrects_hubs else plain
    count = min(CANDIDATES, len(tokens.clips))
    best = np.argsort(-score, axis=1, kind="stable")[:, :count]
    records = _records(scorer, tokens)
    numbers = np.empty((*best.shape, 5), np.float32)
    for row, text in enumerate(np.searchsorted(tokens.captions, rows).tolist()):
        shallow, last = tokens.texts.of_text(text)
        asked = scorer.texts.asked(last, shallow)
        numbers[row, :, 0] = score[row, best[row]] / order.deviation
        numbers[row, :, 1:] = np.nan_to_num(asked.numbers(records[best[row]]))
        progress(row + 1, len(rows))
    is_right = best == trial.right[:, None]
    place = np.where(is_right.any(axis=1), is_right.argmax(axis=1), count)
    ranked = (trial.ranks(plain), trial.ranks(corrected), trial.ranks(score))
    return ScoredLists(trial, best, numbers, order.deviation, place, *ranked)


@torch.inference_mode()
def _records(scorer: PatchScorer, tokens: CaptionedTokens) -> NDArray[np.uint8]:
    """(G, F, 2340) of the frames of the clips, zeros where one has fewer."""
    count = len(tokens.cells)
    parts = np.array_split(np.arange(count), -(-count // _FRAMES_AT_ONCE))
    flat = [packed(scorer.pictures.evidence(tokens.cells_of_frames(rows)).numpy()) for rows in parts]
    lengths = np.diff(tokens.first)
    records = np.zeros((len(lengths), lengths.max(), RECORD_BYTES), np.uint8)
    records[np.arange(lengths.max()) < lengths[:, None]] = np.concatenate(flat)
    return records
