"""What tells a hit of the words that is right from one that is not: how much of the query stands there."""

from __future__ import annotations

import math
from collections.abc import Sequence

from mediaindex.search.confidence.calibration import WORD_NAMES
from mediaindex.store.catalog.fulltext import WordHit

MOST = 64
NAMES = WORD_NAMES


def word_numbers(hits: Sequence[WordHit]) -> list[list[float]]:
    """Of each of the first `MOST` hits of one answer, in the order of `NAMES`; the others are no rivals.

    coverage: share of the query's terms that stand there. log_terms: of how many stand there. log_rivals:
    of how many other videos have as large a share. lead: by how much its relevance (BM25) exceeds that of the
    best other video with as large a share, as a share of its own; negative where another is more relevant.
    """
    return [_numbers(hit, hits[:MOST]) for hit in hits[:MOST]]


def _numbers(hit: WordHit, hits: Sequence[WordHit]) -> list[float]:
    rivals = [one for one in hits if one.video_id != hit.video_id and one.coverage >= hit.coverage]
    best = max((one.relevance for one in rivals), default=0.0)
    lead = (hit.relevance - best) / max(abs(hit.relevance), abs(best), 1e-9)
    terms = len({term for term, _field in hit.found})
    return [hit.coverage, math.log1p(terms), math.log1p(len({one.video_id for one in rivals})), lead]
