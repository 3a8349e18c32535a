"""Published figures of DiffusionRet (arXiv 2303.09867; CLIP ViT-B/32), in percent and ranks.

`unverified` names the figures that were written down from memory, or seen in no paper that could be opened.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

METRICS = ("R@1", "R@5", "R@10", "MdR", "MnR")
_TABLES = "tables of later papers (GARE, DREAM, DITS)"
_MEMORY = "from memory"


@dataclass(frozen=True, slots=True)
class Published:
    """One published row.

    Attributes:
        ranking: DiffusionRet, or DiffusionRet+QB-Norm, with what it was trained on where that is another set.
        metrics: those that are known.
        unverified: names of metrics that nobody should rest a claim on.
        source: where the others were read.
    """

    benchmark: str
    direction: Literal["t2v", "v2t"]
    ranking: str
    metrics: dict[str, float]
    unverified: tuple[str, ...]
    source: str


def published_of(benchmark: str) -> list[Published]:
    """The published rows of a benchmark; none for what is no benchmark."""
    return [row for row in _ROWS if row.benchmark == benchmark]


def _row(
    benchmark: str,
    direction: Literal["t2v", "v2t"],
    figures: tuple[float | None, ...],
    source: str,
    *,
    ranking: str = "DiffusionRet",
    unverified: tuple[str, ...] = (),
) -> Published:
    metrics = {name: value for name, value in zip(METRICS, figures, strict=False) if value is not None}
    doubtful = tuple(metrics) if source == _MEMORY else unverified
    return Published(benchmark, direction, ranking, metrics, doubtful, source)


_QB = "DiffusionRet+QB-Norm"
_OUT = "DiffusionRet, trained on msrvtt"
_ROWS = (
    _row("msrvtt", "t2v", (49.0, 75.2, 82.7, 2, 12.1), _TABLES),
    _row("msrvtt", "t2v", (48.9, 75.2, 83.1, 2, 12.1), _MEMORY, ranking=_QB),
    _row("msrvtt", "v2t", (47.7, 73.8, 84.5, 2, 8.8), _TABLES),
    _row("msrvtt", "v2t", (49.3, 74.3, 83.8, 2, 8.5), _MEMORY, ranking=_QB),
    _row("lsmdc", "t2v", (24.4, 43.1, 54.3, 8, 40.7), _TABLES),
    _row("lsmdc", "v2t", (23.0, 43.5, 51.5, 9, 40.2), _MEMORY),
    _row("lsmdc", "t2v", (17.1, 32.4, 41.0), _MEMORY, ranking=_OUT),
    _row("msvd", "t2v", (46.6, 75.9, 84.1, 2, 15.7), _TABLES),
    _row("msvd", "t2v", (47.9, 77.2, 84.8, 2, 15.6), _MEMORY, ranking=_QB),
    _row("msvd", "v2t", (61.9, 88.3, 92.9, 1, 4.5), "a table of VidLA", unverified=("MdR", "MnR")),
    _row("msvd", "v2t", (60.3, 86.4, 92.0, 1, 4.5), _MEMORY, ranking=_QB),
    _row("activitynet", "t2v", (45.8, 75.6, 86.3, 2, 6.5), _TABLES),
    _row("activitynet", "t2v", (48.1, None, 85.7, 2, 6.8), "a list of results", ranking=_QB),
    _row("activitynet", "v2t", (43.8, 75.3, 86.7, 2, 6.3), "a list of results"),
    _row("activitynet", "v2t", (47.4, 76.3, 86.7, 2), "a list of results", ranking=_QB),
    _row("didemo", "t2v", (46.7, 74.7, 82.7, 2, 14.3), _TABLES),
    _row("didemo", "t2v", (48.9, 75.5, 83.3, 2, 14.1), _MEMORY, ranking=_QB),
    _row("didemo", "t2v", (33.2, 59.3, 68.4), _MEMORY, ranking=_OUT),
    _row("didemo", "v2t", (46.2, 74.3, 82.2, 2, 10.7), _MEMORY),
    _row("didemo", "v2t", (50.3, 75.1, 82.9, 1, 10.3), _MEMORY, ranking=_QB),
)
