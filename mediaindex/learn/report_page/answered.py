"""The queries of an evaluation one by one: what the tables and pictures of a page are made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from mediaindex.learn.evaluation.benchmark_rankings import Numbers, RankedQueries
from mediaindex.learn.report_page.page_data import PartKind, Picture


@dataclass(frozen=True, slots=True)
class Moment:
    """A time in an item of the gallery; None where no moment of it is meant."""

    item: int
    seconds: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class AnsweredQueries:
    """Q queries of texts that look for videos, and what one ranking answered.

    Attributes:
        ranked: whose `videos` are the numbers of the items that are right.
        queries_from: captions, picks or known items.
        texts: (Q,). right: (Q,) what is meant. first: (Q,) what stood first, None where nothing did.
        confidence: (Q,) of what stood first, 0..1; NaN where it has none.
        milliseconds: (Q,) of each search without encoding its sentence; None where the queries were ranked
            all at once.
    """

    ranked: RankedQueries
    queries_from: str
    texts: tuple[str, ...]
    right: tuple[Moment, ...]
    first: tuple[Moment | None, ...]
    confidence: Numbers
    milliseconds: Numbers | None = None

    @property
    def first_is_right(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """(Q,) whether what stood first is the video that is meant."""
        pairs = zip(self.first, self.right, strict=True)
        return np.array([first is not None and first.item == right.item for first, right in pairs], np.bool_)


class Gallery(Protocol):
    """The items that are ranked, by number."""

    def parts(self, item: int) -> Mapping[PartKind, str]:
        """The category and the folder of an item, as far as it has them."""
        ...

    def picture(self, moment: Moment) -> Picture:
        """A moment with its picture, or with why there is none; raises nothing for what is lost."""
        ...
