"""Answered queries → what a page tells beside the figures: parts, reliability, the worst queries, timings."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from mediaindex.learn.evaluation.benchmark_rankings import RankedQueries
from mediaindex.learn.evaluation.figures import figures_of
from mediaindex.learn.evaluation.metrics import calibration_error
from mediaindex.learn.report_page.answered import AnsweredQueries, Gallery
from mediaindex.learn.report_page.page_data import (
    PartKind,
    PartRow,
    Reliability,
    ReliabilityBin,
    Timing,
    WorstQuery,
)

WORST = 12
PARTS = 30
"""So many categories or folders have a row; those with the most queries."""
KINDS: tuple[PartKind, ...] = ("category", "folder")
PART_METRICS = ("R@1", "R@5", "R@10", "mAP")
BINS = 15


def parts_of(answered: AnsweredQueries, gallery: Gallery) -> tuple[PartRow, ...]:
    """The figures by category and by folder of the right video; none where all of them are in one.

    What has the most queries comes first.
    """
    found: dict[tuple[PartKind, str], list[int]] = defaultdict(list)
    of_item = {int(item): gallery.parts(int(item)) for item in np.unique(answered.ranked.videos)}
    for query, item in enumerate(answered.ranked.videos):
        for kind, name in of_item[int(item)].items():
            found[kind, name].append(query)
    rows: list[PartRow] = []
    for kind in KINDS:
        of_kind = {name: queries for (other, name), queries in found.items() if other == kind}
        if len(of_kind) > 1:
            most_first = sorted(of_kind.items(), key=lambda entry: (-len(entry[1]), entry[0]))
            rows += [_part(answered, kind, name, queries) for name, queries in most_first[:PARTS]]
    return tuple(rows)


def reliability_of(answered: AnsweredQueries) -> Reliability | None:
    """How often what stood first was right by its confidence; None where nothing has a confidence.

    Bins of equal width, and the expected calibration error over them (Guo et al., arXiv 1706.04599). Every
    query here has a right answer in the library, and half of those that the confidence was fitted on had:
    where that confidence is true, hits here are right more often than it says.
    """
    judged = np.isfinite(answered.confidence)
    if not judged.any():
        return None
    confidence, right = answered.confidence[judged], answered.first_is_right[judged]
    bin_of = np.minimum((confidence * BINS).astype(np.intp), BINS - 1)
    bins = [
        ReliabilityBin(
            number / BINS,
            (number + 1) / BINS,
            float(confidence[bin_of == number].mean()),
            float(right[bin_of == number].mean()),
            int((bin_of == number).sum()),
        )
        for number in np.unique(bin_of).tolist()
    ]
    error = calibration_error(confidence, right, bins=BINS)
    return Reliability(f"{answered.queries_from}, {answered.ranked.ranking}", tuple(bins), error)


def worst_of(answered: AnsweredQueries, gallery: Gallery, most: int = WORST) -> tuple[WorstQuery, ...]:
    """The queries whose right answer stands furthest behind, each video once; none whose stands first."""
    ranks = answered.ranked.ranks
    worst: dict[int, int] = {}
    for query in np.argsort(-ranks, kind="stable").tolist():
        if ranks[query] < 1 or len(worst) == most:
            break
        worst.setdefault(answered.right[query].item, query)
    return tuple(_worst(answered, gallery, query) for query in worst.values())


def timings_of(answered: AnsweredQueries) -> Timing | None:
    """How long a search took; None where queries were ranked all at once."""
    if answered.milliseconds is None or not len(answered.milliseconds):
        return None
    middle, slow = np.percentile(answered.milliseconds, [50, 95]).tolist()
    what = f"{answered.queries_from}, {answered.ranked.ranking}"
    return Timing(what, middle, slow, len(answered.milliseconds))


def _part(answered: AnsweredQueries, kind: PartKind, name: str, queries: list[int]) -> PartRow:
    ranked, chosen = answered.ranked, np.array(queries, np.intp)
    some = RankedQueries(
        ranked.direction,
        ranked.ranking,
        ranked.ranks[chosen],
        ranked.precisions[chosen],
        ranked.videos[chosen],
        ranked.gallery,
        ranked.several,
    )
    figures = figures_of(some)
    return PartRow(
        kind,
        name,
        answered.queries_from,
        len(queries),
        len(np.unique(some.videos)),
        {metric: figures[metric] for metric in PART_METRICS},
    )


def _worst(answered: AnsweredQueries, gallery: Gallery, query: int) -> WorstQuery:
    first, right = answered.first[query], answered.right[query]
    is_other = first is not None and first.item != right.item
    confidence = float(answered.confidence[query])
    return WorstQuery(
        answered.texts[query],
        answered.queries_from,
        answered.ranked.ranking,
        int(answered.ranked.ranks[query]) + 1,
        answered.ranked.gallery,
        gallery.picture(first) if first is not None and is_other else None,
        gallery.picture(right),
        confidence if is_other and np.isfinite(confidence) else None,
    )
