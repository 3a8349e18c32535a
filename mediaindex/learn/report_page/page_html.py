"""A page's values → its HTML: one text that needs nothing else, no script, and no network.

Every value is escaped, and made harmless before (`printable`): control characters and overrides of the
writing direction are shown by their codes. jinja2 and matplotlib are loaded with this module alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import jinja2
from markupsafe import Markup

from mediaindex.learn.evaluation.metrics import Interval
from mediaindex.learn.report_page.page_data import (
    MARK,
    FiguresRow,
    Picture,
    ReportPage,
    Section,
    Series,
    WorstQuery,
)
from mediaindex.learn.report_page.plots import MOST_SERIES, recall_over_time, reliability_diagram
from mediaindex.learn.report_page.thumbnails import data_uris
from mediaindex.safe_text import format_seconds, printable

LARGEST = 3_000_000
"""Bytes of a page, at most."""
SECTIONS = 12
RECENT = 10
"""Evaluations that the table beside a plot names."""
FEW_VIDEOS = 10
"""A bootstrap over fewer of them is no interval."""
DIRECTIONS = {"t2v": "text → video", "v2t": "video → text"}
METRICS = ("R@1", "R@5", "R@10", "R@50", "MdR", "MnR", "mAP", "IoU")
KNOWN_ITEMS = "known items"


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a page shows at the most.

    Attributes:
        pictures: bytes of all of them, as they stand in a page. rows: of every list.
        characters: of one text.
    """

    pictures: int
    rows: int
    characters: int


BOUNDS = (Bounds(1_600_000, 40, 400), Bounds(1_000_000, 20, 100), Bounds(0, 10, 50))
"""The usual ones, then those for a page that would be too large by them."""


@dataclass(frozen=True, slots=True)
class _Shown:
    """A picture with the URI of its JPEG, "" where it has none."""

    picture: Picture
    uri: Markup


@dataclass(frozen=True, slots=True)
class _Worst:
    query: WorstQuery
    shown: _Shown | None
    right: _Shown


@dataclass(frozen=True, slots=True)
class _Plots:
    """The series that are drawn, and drawings as SVG, "" where there is nothing to draw."""

    series: tuple[Series, ...]
    history: Markup
    reliability: Markup


@dataclass(frozen=True, slots=True)
class _SectionView:
    """A section with what is drawn for it."""

    data: Section
    plots: _Plots
    worst: tuple[_Worst, ...]
    metrics: tuple[str, ...]
    has_known_items: bool


def page_html(page: ReportPage) -> str:
    """The page, smaller than `LARGEST` bytes."""
    html, plots = "", [_plots(one, number) for number, one in enumerate(page.sections[:SECTIONS], start=1)]
    for bounds in BOUNDS:
        html = _rendered(page, plots, bounds)
        if len(html.encode("utf-8")) < LARGEST:
            break
    return html


def _rendered(page: ReportPage, plots: Sequence[_Plots], bounds: Bounds) -> str:
    template = _environment(bounds.characters).get_template("page.html.jinja")
    return template.render(
        mark=Markup(MARK),
        page=page,
        sections=[
            _view(one, drawn, bounds, len(plots)) for one, drawn in zip(page.sections, plots, strict=False)
        ],
        sections_left_out=len(page.sections) - len(plots),
        rows=bounds.rows,
        recent=RECENT,
        few=FEW_VIDEOS,
        directions=DIRECTIONS,
        known_items=KNOWN_ITEMS,
    )


def _plots(section: Section, number: int) -> _Plots:
    series = tuple(one for one in section.history if one.points)[:MOST_SERIES]
    reliability = section.reliability[:MOST_SERIES]
    return _Plots(
        series,
        Markup(recall_over_time(series, f"history-{number}") if series else ""),
        Markup(reliability_diagram(reliability, f"reliability-{number}") if reliability else ""),
    )


def _view(section: Section, plots: _Plots, bounds: Bounds, sections: int) -> _SectionView:
    """A section, with its share of the bytes of all pictures."""
    queries = section.worst[: bounds.rows]
    pictures = [picture for one in queries for picture in (one.shown, one.right)]
    uris = iter(data_uris(pictures, bounds.pictures // sections))
    worst = []
    for one in queries:
        shown, right = next(uris), next(uris)
        before = None if one.shown is None else _Shown(one.shown, Markup(shown))
        worst.append(_Worst(one, before, _Shown(one.right, Markup(right))))
    return _SectionView(
        section,
        plots,
        tuple(worst),
        tuple(name for name in METRICS if any(name in row.metrics for row in section.rows)),
        any(row.queries_from == KNOWN_ITEMS for row in section.rows),
    )


def _environment(characters: int) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("mediaindex.learn.report_page", "."),
        autoescape=True,
        finalize=lambda value: _harmless(value, characters),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "interval": _interval,
        "difference": _difference,
        "ranking": _ranking,
        "clock": format_seconds,
        "duration": _duration,
    }
    return environment


def _harmless(value: object, characters: int) -> object:
    """What stands in the page for a value: nothing of a text that could steer how it is shown."""
    if isinstance(value, Markup):
        return value
    if value is None:
        return ""
    text = printable(str(value)[: characters + 1])
    return text if len(text) <= characters else text[:characters] + "…"


def _interval(metrics: Mapping[str, Interval], name: str) -> Markup:
    """A cell: the figure, its interval below; empty where there is none."""
    if name not in metrics:
        return Markup("")
    figure = metrics[name]
    return Markup("{:.1f} <small>{:.1f} to {:.1f}</small>").format(figure.value, figure.low, figure.high)


def _difference(figure: Interval) -> Markup:
    return Markup("{:+.1f} <small>{:+.1f} to {:+.1f}</small>").format(figure.value, figure.low, figure.high)


def _ranking(row: FiguresRow) -> str:
    """The name of a row: its ranking, and in what it differs from the usual."""
    parts = [row.ranking]
    if row.queries_from != "captions":
        parts.append(row.queries_from)
    if row.domain is not None:
        parts.append("in domain" if row.domain == "in" else "out of domain")
    return ", ".join(parts)


def _duration(milliseconds: float) -> str:
    return f"{milliseconds:.0f} ms" if milliseconds < 10_000 else f"{milliseconds / 1000:.1f} s"
