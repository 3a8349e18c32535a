"""Ranks with names that hold from night to night: of what was asked, and of what was ranked.

A sentence is named by its text and the content that it is about. As an item, a video is named by its content;
where videos look for texts, an item is a video with all its texts, so that one which got another text is
another item and asks another query. A renamed or moved file keeps its name, an edited one gets another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mediaindex.learn.evaluation.benchmark_rankings import RankedQueries
from mediaindex.store.evaluations.query_ranks import BEFORE, QueryRanks, keys_of


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """M sentences about the videos of a gallery of N.

    Attributes:
        contents: N names. texts: M. video: (M,) number of the video of each.
    """

    contents: Sequence[str]
    texts: Sequence[str]
    video: NDArray[np.intp]

    def with_texts(self) -> dict[int, str]:
        """Each video that has texts, named by its content and all of these."""
        texts: dict[int, list[str]] = {}
        for number, text in zip(self.video.tolist(), self.texts, strict=True):
            texts.setdefault(number, []).append(text)
        return {number: "\n".join([self.contents[number], *sorted(some)]) for number, some in texts.items()}


def query_ranks(ranked: RankedQueries, asked: Asked, *, most: int = 0) -> QueryRanks | None:
    """What is kept of a ranking; None where it is not known what stood before the right items.

    Args:
        most: queries that are kept; the same ones every night. 0 for all.
    """
    if ranked.before is None:
        return None
    items: list[str]
    if ranked.direction == "t2v":
        about = [asked.contents[int(number)] for number in asked.video]
        names = [f"{content}\n{text}" for content, text in zip(about, asked.texts, strict=True)]
        videos, items = about, list(asked.contents)
    else:
        described = asked.with_texts()
        items = [described[number] for number in sorted(described)]
        names, videos = items, [asked.contents[number] for number in sorted(described)]
    queries = keys_of(names)
    _, rows = np.unique(queries, return_index=True)
    rows = rows[: most or None]  # by their ascending names the same ones every night
    top = np.full(len(queries), np.nan, np.float32) if ranked.top is None else ranked.top
    return QueryRanks(
        queries[rows],
        keys_of(videos)[rows],
        ranked.ranks[rows].astype(np.int32),
        keys_of(items),
        ranked.before[rows][:, :BEFORE],
        np.where(np.isfinite(top), top, np.nan).astype(np.float32)[rows],
    )


def steady_sample(names: Sequence[str], most: int) -> list[int]:
    """Numbers of at most so many of the names, ascending; one more name changes one of them at the most.

    Args:
        most: 0 for all.
    """
    lowest = np.argsort(keys_of(names), kind="stable")[: most or None]
    return sorted(lowest.tolist())
