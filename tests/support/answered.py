"""Answered queries of given ranks, and a gallery that is a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mediaindex.learn.evaluation.benchmark_rankings import RankedQueries
from mediaindex.learn.report_page.answered import AnsweredQueries, Moment
from mediaindex.learn.report_page.page_data import PartKind, Picture


def answered(
    ranks: Sequence[float],
    *,
    right: Sequence[int] | None = None,
    first: Sequence[Moment | None] | None = None,
    confidence: Sequence[float | None] | None = None,
    milliseconds: Sequence[float] | None = None,
) -> AnsweredQueries:
    """Query n is about item n, by default, and asks "query n"."""
    places = np.array(ranks, np.float64)
    items = list(range(len(ranks)) if right is None else right)
    ranked = RankedQueries("t2v", "instant", places, 1 / (1 + places), np.array(items, np.intp), 100)
    return AnsweredQueries(
        ranked,
        "captions",
        tuple(f"query {number}" for number in range(len(ranks))),
        tuple(Moment(item, 2.5) for item in items),
        tuple([Moment(99)] * len(ranks) if first is None else first),
        np.array([None] * len(ranks) if confidence is None else confidence, np.float64),
        None if milliseconds is None else np.array(milliseconds, np.float64),
    )


class Table:
    """Items with the folders that a list names."""

    def __init__(self, *folders: str) -> None:
        self.folders = folders

    def parts(self, item: int) -> Mapping[PartKind, str]:
        return {"folder": self.folders[item]} if item < len(self.folders) else {}

    def picture(self, moment: Moment) -> Picture:
        return Picture(f"item {moment.item}", seconds=moment.seconds)
