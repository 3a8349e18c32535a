"""The values of a page, every part of it filled, with one text wherever a text may be anybody's."""

from __future__ import annotations

import datetime
import io

import numpy as np
from PIL import Image

from mediaindex.learn.benchmarks.published import published_of
from mediaindex.learn.benchmarks.video_files import LeftOut
from mediaindex.learn.evaluation.metrics import Interval
from mediaindex.learn.report_page.page_data import (
    Check,
    DifferenceRow,
    Fall,
    FiguresRow,
    PartKind,
    PartRow,
    Picture,
    Point,
    Reliability,
    ReliabilityBin,
    ReportPage,
    Section,
    Series,
    Timing,
    WorstQuery,
)
from mediaindex.search.ranking.gate import Gate

NOW = datetime.datetime(2026, 5, 4, 3, 30, tzinfo=datetime.timezone(datetime.timedelta(hours=2)))
FIGURE = Interval(62.5, 50.0, 73.25)
METRICS: dict[str, Interval] = dict.fromkeys(("R@1", "R@5", "R@10", "R@50", "MdR", "MnR", "mAP"), FIGURE)


def noise(seed: int, size: tuple[int, int] = (384, 216)) -> bytes:
    """A JPEG that compresses as badly as any."""
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)
    written = io.BytesIO()
    Image.fromarray(pixels).save(written, "JPEG", quality=90)
    return written.getvalue()


def series(name: str, nights: int) -> Series:
    days = (NOW - datetime.timedelta(days=night) for night in reversed(range(nights)))
    return Series(name, tuple(Point(day, FIGURE, 100, 104) for day in days))


def made_section(
    text: str = "a name",
    *,
    nights: int = 3,
    worst: int = 2,
    jpeg: bytes | None = None,
    rows: int = 1,
    queries_from: str = "captions",
) -> Section:
    """A section with so many nights of history, worst queries, and rows of each list."""
    shown = Picture(text, text, 3.5, jpeg, text)
    kinds: tuple[tuple[PartKind, int], ...] = (("folder", 20), ("category", 2))
    return Section(
        text,
        text,
        text,
        tuple(
            FiguresRow("t2v", text, "library", queries_from, "out", 100, 104, None, METRICS)
            for _ in range(rows)
        ),
        history=tuple(series(f"{text} {number}", nights) for number in range(2)),
        differences=tuple(
            DifferenceRow("t2v", text, text, queries_from, 100, METRICS, "worse") for _ in range(rows)
        ),
        published=tuple(published_of("msvd")),
        reliability=(Reliability(text, (ReliabilityBin(0.2, 0.3, 0.25, 0.5, 4),), 0.25),),
        parts=tuple(
            PartRow(kind, text, queries_from, 40, videos, METRICS)
            for kind, videos in kinds
            for _ in range(rows)
        ),
        worst=tuple(
            WorstQuery(text, queries_from, text, 9, 104, shown if number else None, shown, 0.4)
            for number in range(worst)
        ),
        gates=tuple(Gate(text, False, text, text) for _ in range(rows)),
        timings=tuple(Timing(text, 12.0, 34.0, 100) for _ in range(rows)),
        left_out=tuple(LeftOut(text, text) for _ in range(rows)),
        notes=(text,) * rows,
        elapsed_seconds=61.0,
    )


def made_page(*sections: Section, text: str = "a sentence") -> ReportPage:
    """A page with a regression and a check."""
    return ReportPage(
        NOW,
        text,
        text,
        "worse",
        sections or (made_section(text),),
        falls=(Fall(text, Interval(-7.0, -11.0, -3.0), text),),
        checks=(Check(text, False, text), Check("the store agrees", True, "with itself")),
    )
