"""What a personal ranking gained: out-of-fold figures beside those of today's rankings, and the gate.

Every figure is of captions whose video the weights never saw. A caption of which no moment is listed counts
as not found, in every ranking alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from mediaindex.learn.evaluation.confidence_sequence import confidence_sequence, missing_to_decide
from mediaindex.learn.evaluation.figures import rounded
from mediaindex.learn.evaluation.metrics import Interval, paired_bootstrap
from mediaindex.search.ranking.gate import Gate

PERSONAL, INSTANT = "personal", "instant"
DEPTHS = (1, 10)
BY = "your captions"

Ranks = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Ranked:
    """The captions of a library, ranked by several rankings.

    Attributes:
        videos: (Q,) the video of each caption, in the order in which the captions were written.
        ranks: (Q,) by the name of the ranking, from 0, ∞ where the right moment is not listed.
        serving: the name of the ranking that searches use now.
    """

    videos: NDArray[np.int64]
    ranks: Mapping[str, Ranks]
    serving: str


def rows_of(ranked: Ranked) -> list[dict[str, object]]:
    """The figures of each ranking in percent, MRR times 100, with intervals resampled by video, as JSON."""
    return [
        {"ranking": name, "queries": len(ranks), "metrics": rounded(_intervals(_figures(ranks), ranked))}
        for name, ranks in ranked.ranks.items()
    ]


def differences_of(ranked: Ranked) -> list[dict[str, object]]:
    """The personal ranking less each other, caption by caption, in points, as JSON."""
    own = _figures(ranked.ranks[PERSONAL])
    found = []
    for name, ranks in ranked.ranks.items():
        if name != PERSONAL:
            less = {metric: own[metric] - values for metric, values in _figures(ranks).items()}
            metrics = rounded(_intervals(less, ranked))
            found.append({"ranking": PERSONAL, "against": name, "queries": len(ranks), "metrics": metrics})
    return found


def gate_of(ranked: Ranked) -> Gate:
    """On where the personal ranking is proven better than the one that searches use now.

    Proven: the 95 % confidence sequence of the difference in reciprocal rank, one of each video, lies above
    zero. No other ranking may have the higher mean: what gains over a bad one need not be the best.
    """
    own = _reciprocal(ranked.ranks[PERSONAL])
    differences = _by_video(own - _reciprocal(ranked.ranks[ranked.serving]), ranked.videos)
    sequence = confidence_sequence(differences)
    figure = f"MRR {_points(sequence)} against {_named(ranked.serving)}"
    if sequence.low <= 0:
        missing = missing_to_decide(differences)
        later = f", about {missing} more videos with captions would decide" if missing else ""
        return _gate(False, f"no gain on your captions: {figure}{later}")
    means = {name: float(_reciprocal(ranks).mean()) for name, ranks in ranked.ranks.items()}
    best = max(means, key=lambda name: (means[name], name == PERSONAL))
    if best != PERSONAL:
        more = 100 * (means[best] - means[PERSONAL])
        return _gate(
            False, f"no gain on your captions: {figure}, but {_named(best)} finds {more:.2f} MRR more"
        )
    return _gate(True, f"proven on your {len(own)} captions: {figure}")


def gate_row(gate: Gate) -> dict[str, object]:
    """A gate as JSON."""
    return asdict(gate)


def _gate(is_on: bool, reason: str) -> Gate:
    return Gate("generator", is_on, BY, reason)


def _points(interval: Interval) -> str:
    value, low, high = (100 * bound for bound in (interval.value, interval.low, interval.high))
    return f"{value:+.2f} [{low:+.2f}, {high:+.2f}]"


def _named(ranking: str) -> str:
    return "the instant order" if ranking == INSTANT else f"the {ranking} ranking"


def _by_video(values: Ranks, videos: NDArray[np.int64]) -> list[float]:
    """The mean of each video's values, in the order of the first ones: the captions of a video are alike."""
    of_video: dict[int, list[float]] = {}
    for video, value in zip(videos.tolist(), values.tolist(), strict=True):
        of_video.setdefault(video, []).append(value)
    return [float(np.mean(own)) for own in of_video.values()]


def _figures(ranks: Ranks) -> dict[str, Ranks]:
    recalls: dict[str, Ranks] = {f"R@{depth}": np.where(ranks < depth, 100.0, 0.0) for depth in DEPTHS}
    return {**recalls, "MRR": 100.0 * _reciprocal(ranks)}


def _reciprocal(ranks: Ranks) -> Ranks:
    reciprocal: Ranks = 1.0 / (1.0 + ranks)
    return reciprocal


def _intervals(figures: Mapping[str, Ranks], ranked: Ranked) -> dict[str, Interval]:
    return {name: paired_bootstrap(values, ranked.videos, seed=0) for name, values in figures.items()}
