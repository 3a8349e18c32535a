"""A benchmark's clips and captions → the ranks of all queries, in both directions, by every ranking.

text → clips: every caption asks for its clip. clip → texts: every clip asks for its captions; where a clip
has several, clips are ranked by their best caption, and a clip's own captions are one group, each caption
with its own clip. (Published code shifts these groups by one caption, which is not followed.)

The rankings: `base`, the cosine with the mean frame; `blend`, half of it the best frame; `qb-norm`, the blend
normalised by a bank of training queries; `matched`, the first stage of a generator that has one; `generator`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from mediaindex.learn.evaluation.generator_trial import CandidateLists, candidate_lists, matcher_score
from mediaindex.learn.evaluation.metrics import average_precision, best_of_group, items_before, ranks
from mediaindex.learn.evaluation.retrieval_trial import Cosines, Direction, Matrix, Trial, cosines
from mediaindex.learn.features.feature_set import Features
from mediaindex.search.ranking.qb_norm import querybank_normalised
from mediaindex_models.generator import Generator
from mediaindex_models.matcher import Matcher
from mediaindex_models.pairs import Pairs

BLEND = 0.5
BETA = 20.0

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class RankedQueries:
    """How one ranking answers the Q queries of one direction.

    Attributes:
        ranks: (Q,) items before the right one, from 0; items that score the same count as before it.
        precisions: (Q,) average precision, 0..1, over every caption where a clip asks for several.
        videos: (Q,) numbers of the clips that the queries are about.
        gallery: items that each query ranks.
        several: whether a clip has several captions.
        first: (Q,) the clip that stands first, for t2v; None where it is not known.
        before: (Q, 50) items before the right one, the best first, −1 behind the last; None where unknown.
        top: (Q,) score of what stands first; None where unknown.
    """

    direction: Direction
    ranking: str
    ranks: Numbers
    precisions: Numbers
    videos: NDArray[np.intp]
    gallery: int
    several: bool = False
    first: NDArray[np.intp] | None = None
    before: NDArray[np.int32] | None = None
    top: NDArray[np.float32] | None = None

    def scored_by(self, score: Matrix | Numbers, right: NDArray[np.intp]) -> RankedQueries:
        """The same with what stands before the right items, and the score of what stands first.

        Args:
            score: (Q, G) that ranked them. right: (Q,).
        """
        top = np.asarray(score).max(axis=1).astype(np.float32)
        return replace(self, before=items_before(score, right), top=top)


@dataclass(frozen=True, slots=True, eq=False)
class BenchmarkScores:
    """Scores of M captions and N clips by ranking, (M, N) for t2v and (N, M) for v2t."""

    clip: NDArray[np.int64]
    by_text: Mapping[str, Matrix | Numbers]
    by_clip: Mapping[str, Matrix | Numbers]


@dataclass(frozen=True, slots=True, eq=False)
class QueryBank:
    """Training queries for QB-Norm.

    Attributes:
        text: (B, D) embeddings of training captions. clips: of training clips, None where there are none.
    """

    text: torch.Tensor
    clips: Pairs | None = None


def cheap_scores(features: Features, pairs: Pairs, bank: QueryBank | None) -> BenchmarkScores:
    """The rankings that need no trained network.

    Args:
        pairs: the features as tensors. bank: None without QB-Norm; without clips it is for t2v alone.
    """
    of_test = cosines(pairs, pairs.text)
    blend = of_test.blended(BLEND)
    by_text: dict[str, Matrix | Numbers] = {"base": of_test.mean, "blend": blend}
    by_clip: dict[str, Matrix | Numbers] = {"base": of_test.mean.T, "blend": blend.T}
    if bank is not None:
        texts = cosines(pairs, bank.text).blended(BLEND)
        by_text["qb-norm"] = querybank_normalised(blend, texts, beta=BETA)
    if bank is not None and bank.clips is not None:
        clips = cosines(bank.clips, pairs.text).blended(BLEND).T
        by_clip["qb-norm"] = querybank_normalised(blend.T, clips, beta=BETA)
    return BenchmarkScores(features.clip, by_text, by_clip)


def ranked_queries(scores: BenchmarkScores) -> list[RankedQueries]:
    """The ranks of all queries by all rankings, t2v first."""
    clip = scores.clip.astype(np.intp)
    clips = int(clip.max()) + 1
    several = len(clip) > clips
    ranked = [
        replace(
            _ranked("t2v", name, ranks(score, clip), None, clip, clips, several).scored_by(score, clip),
            first=score.argmax(axis=1),
        )
        for name, score in scores.by_text.items()
    ]
    everyone = np.arange(clips)
    for name, score in scores.by_clip.items():
        best = best_of_group(score, clip)
        of_groups = ranks(best, everyone)
        precisions = None
        if several:
            precisions = np.array([average_precision(score[one], clip == one) for one in everyone])
        of_name = _ranked("v2t", name, of_groups, precisions, everyone, clips, several)
        ranked.append(of_name.scored_by(best, everyone))
    return ranked


def generator_ranked(
    features: Features,
    pairs: Pairs,
    generator: Generator,
    *,
    matcher: Matcher | None,
    blend: float,
    candidates: int,
) -> list[RankedQueries]:
    """The ranks by a generator that orders the best candidates anew; behind a first stage, by that too.

    Of a clip with several captions, the best of them stands for it among the candidates: the generator
    learnt from lists with one right item.

    Args:
        matcher: the first stage, None for the blend. blend: share of the best frame in the score that
            chooses the candidates. candidates: length of a list, one less than the gallery at the most.
    """
    if matcher is not None:
        pairs = pairs.through(matcher)
        score = matcher_score(pairs, matcher)
    else:
        score = cosines(pairs, pairs.text).blended(blend)
    clip = features.clip.astype(np.intp)
    by_text = BenchmarkScores(features.clip, {"matched": score}, {"matched": score.T})
    ranked = ranked_queries(by_text) if matcher is not None else []
    several = len(clip) > pairs.clips
    for trial, chosen in _trials(clip, pairs, score):
        lists = candidate_lists(trial, chosen, generator, candidates=candidates)
        places = lists.ranks(generator.spec)
        of_trial = _ranked(trial.direction, "generator", places, None, trial.groups, pairs.clips, several)
        first = _first_of(lists, chosen, generator) if trial.direction == "t2v" else None
        ranked.append(replace(of_trial, first=first, before=_before_in(lists, chosen, generator)))
    return ranked


def _before_in(lists: CandidateLists, chosen: Matrix, generator: Generator) -> NDArray[np.int32]:
    """The items before the right one as the lists order them, as in `RankedQueries`.

    Args:
        chosen: (Q, G) that chose the candidates, and ranks what is in no list.
    """
    count = lists.score.shape[1]
    items = torch.from_numpy(chosen).topk(count, dim=1).indices.numpy()
    places = items_before(lists.order(generator.spec).numpy(), np.minimum(lists.place, count - 1))
    inside = np.where(places < 0, -1, np.take_along_axis(items, np.maximum(places, 0), axis=1))
    is_inside = (lists.place < count)[:, None]
    return np.where(is_inside, inside, items_before(chosen, lists.trial.right)).astype(np.int32)


def _first_of(lists: CandidateLists, chosen: Matrix, generator: Generator) -> NDArray[np.intp]:
    """The item that a generator puts first of each list, (Q,).

    Args:
        chosen: (Q, G) that chose the candidates.
    """
    items = torch.from_numpy(chosen).topk(lists.score.shape[1], dim=1).indices
    best = lists.order(generator.spec).argmax(dim=1, keepdim=True)
    return items.gather(1, best)[:, 0].numpy().astype(np.intp)


def _trials(clip: NDArray[np.intp], pairs: Pairs, score: Matrix) -> list[tuple[Trial, Matrix]]:
    """Both directions with the scores that choose candidates; items are clips in both."""
    everyone = np.arange(pairs.clips)
    best_caption = _best_captions(score.T, clip)
    of_groups = np.asarray(best_of_group(score.T, clip), dtype=np.float32)
    unread = Cosines(score[:, :0], score[:, :0])

    def trial(direction: Direction, rows: NDArray[np.intp], asking: int, right: NDArray[np.intp]) -> Trial:
        return Trial(
            direction=direction,
            pairs=pairs,
            rows=torch.from_numpy(rows),
            asking=torch.arange(asking),
            right=right,
            groups=right,
            sources=np.zeros(asking, np.str_),
            plain=unread,
            bank=unread,
        )

    firsts = np.unique(clip, return_index=True)[1]
    return [
        (trial("t2v", firsts, len(clip), clip), np.ascontiguousarray(score)),
        (trial("v2t", best_caption, pairs.clips, everyone), of_groups),
    ]


def _best_captions(score: Matrix, clip: NDArray[np.intp]) -> NDArray[np.intp]:
    """Which caption of each clip fits each asking clip best, (N, N).

    Args:
        score: (N, M) of clips with captions. clip: (M,) of each caption.
    """
    best = np.empty((len(score), len(score)), np.intp)
    for group in range(len(score)):
        captions = np.flatnonzero(clip == group)
        best[:, group] = captions[score[:, captions].argmax(axis=1)]
    return best


def _ranked(
    direction: Direction,
    ranking: str,
    places: Numbers,
    precisions: Numbers | None,
    videos: NDArray[np.intp],
    gallery: int,
    several: bool,
) -> RankedQueries:
    """The ranks of one ranking; where one item alone is right, the precision is the reciprocal rank."""
    alone = 1.0 / (1.0 + places)
    of_queries = alone if precisions is None else precisions
    return RankedQueries(direction, ranking, places, of_queries, videos, gallery, several)
