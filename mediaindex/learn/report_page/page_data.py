"""Everything that stands on the page of a report, as plain values; the page is made of these alone.

Texts may be anybody's: names of files, sentences, reasons. They are made harmless where they are written.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from mediaindex.learn.evaluation.metrics import Interval

if TYPE_CHECKING:
    from mediaindex.learn.benchmarks.published import Published
    from mediaindex.learn.benchmarks.video_files import LeftOut
    from mediaindex.search.ranking.gate import Gate

MARK = "<!-- a report of mediaindex -->"
"""Stands near the start of every page, by which a page is known."""

Tone = Literal["first", "same", "better", "worse"]
PartKind = Literal["category", "folder"]


@dataclass(frozen=True, slots=True)
class Point:
    """One evaluation in a history.

    Attributes:
        at: when it was made, with its zone. figure: percent. queries, gallery: how many there were.
    """

    at: datetime.datetime
    figure: Interval
    queries: int
    gallery: int


@dataclass(frozen=True, slots=True)
class Series:
    """One figure over time.

    Attributes:
        name: what was measured, such as "R@1 of text → video, instant". points: oldest first, one or more.
    """

    name: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """First hits whose confidence lies between two bounds.

    Attributes:
        low, high: bounds of the confidence, 0..1. probability: mean confidence.
        right: share of the hits that were right, 0..1. count: hits.
    """

    low: float
    high: float
    probability: float
    right: float
    count: int


@dataclass(frozen=True, slots=True)
class Reliability:
    """How often first hits were right by their confidence.

    Attributes:
        name: of the sentences. bins: those with a hit, ascending. error: expected calibration error, 0..1.
    """

    name: str
    bins: tuple[ReliabilityBin, ...]
    error: float


@dataclass(frozen=True, slots=True)
class FiguresRow:
    """One ranking in one direction.

    Attributes:
        direction: t2v or v2t. sampling: benchmark or library. queries_from: captions, picks or known items.
        domain: of a generator, in or out; else None. missing: clips that are not in the gallery, None where
            unknown.
        metrics: R@1, R@5, R@10, R@50, mAP and IoU in percent, MdR and MnR from 1.
    """

    direction: str
    ranking: str
    sampling: str
    queries_from: str
    domain: str | None
    queries: int
    gallery: int
    missing: int | None
    metrics: Mapping[str, Interval]


@dataclass(frozen=True, slots=True)
class DifferenceRow:
    """One ranking less another on the same queries, in points; MnR in ranks.

    Attributes:
        verdict: better, worse or undecided.
    """

    direction: str
    ranking: str
    against: str
    queries_from: str
    queries: int
    metrics: Mapping[str, Interval]
    verdict: str


@dataclass(frozen=True, slots=True)
class PartRow:
    """The queries about the videos of one category or folder.

    Attributes:
        kind: what `name` is. queries_from: as in FiguresRow. metrics: R@1, R@5, R@10 and mAP in percent.
        videos: that the queries are about; of few, the intervals say nothing.
    """

    kind: PartKind
    name: str
    queries_from: str
    queries: int
    videos: int
    metrics: Mapping[str, Interval]


@dataclass(frozen=True, slots=True)
class Picture:
    """A moment of a video, with its picture.

    Attributes:
        name: of the file or clip. folder: that holds it, "" where unknown.
        seconds: None where it is no moment. jpeg: of any size, None where there is none.
        lacks: why there is no picture.
    """

    name: str
    folder: str = ""
    seconds: float | None = None
    jpeg: bytes | None = None
    lacks: str = ""


@dataclass(frozen=True, slots=True)
class WorstQuery:
    """A query whose right answer stood far behind.

    Attributes:
        rank: of the right answer, from 1. gallery: items that were ranked.
        shown: what stood first; None where that is not known. right: what was meant.
        confidence: of what stood first, 0..1; None where it has none.
    """

    text: str
    queries_from: str
    ranking: str
    rank: int
    gallery: int
    shown: Picture | None
    right: Picture
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Timing:
    """How long something took.

    Attributes:
        what: such as "search, instant". milliseconds: median of `count`, and the 95th percentile.
    """

    what: str
    milliseconds: float
    percentile_95: float
    count: int


@dataclass(frozen=True, slots=True)
class Section:
    """What was measured on one source with one encoder.

    Attributes:
        source: library, a benchmark or a feature file. title: as a person reads it.
        history: recall over time, the newest point being this evaluation; with one point for a first one.
        parts: the figures by category and by folder. worst: the worst first.
        left_out: clips that were not evaluated, with reasons. notes: what the figures cannot tell.
        elapsed_seconds: of the evaluation.
    """

    source: str
    title: str
    encoder: str
    rows: tuple[FiguresRow, ...]
    history: tuple[Series, ...] = ()
    differences: tuple[DifferenceRow, ...] = ()
    published: tuple[Published, ...] = ()
    reliability: tuple[Reliability, ...] = ()
    parts: tuple[PartRow, ...] = ()
    worst: tuple[WorstQuery, ...] = ()
    gates: tuple[Gate, ...] = ()
    timings: tuple[Timing, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = ()
    elapsed_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Fall:
    """A figure that fell for certain.

    Attributes:
        what: source, direction, ranking and metric in words. difference: in points, below zero.
        since: the evaluation from which on, as a person reads it.
    """

    what: str
    difference: Interval
    since: str


@dataclass(frozen=True, slots=True)
class Check:
    """Something that was looked at beside the figures, such as whether the store agrees with itself."""

    name: str
    passed: bool
    said: str


@dataclass(frozen=True, slots=True)
class ReportPage:
    """A page.

    Attributes:
        made_at: with its zone. program: name and version.
        changed: one sentence: what is different since the evaluation before. tone: how to take it.
        falls: empty without a regression. checks: in their order.
    """

    made_at: datetime.datetime
    program: str
    changed: str
    tone: Tone
    sections: tuple[Section, ...]
    falls: tuple[Fall, ...] = ()
    checks: tuple[Check, ...] = ()
