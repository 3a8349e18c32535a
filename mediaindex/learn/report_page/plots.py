"""Plots of a page as inline SVG, drawn by matplotlib: recall over time, and reliability.

matplotlib is loaded with this module alone. No text of a user stands in a plot, whose
fonts may lack the letters: names stand in the legend of the page.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.figure import Figure
from matplotlib.markers import MarkerStyle

from mediaindex.learn.report_page.inline_svg import AXIS, GRID, MUTED, SERIES, TEXT, inline_svg
from mediaindex.learn.report_page.page_data import Reliability, Series

WIDTH, HEIGHT = 4.6, 2.8
"""Inches of 72 units each: a letter of size 10 is as large as one of the page on a phone."""
MOST_SERIES = len(SERIES)
MOST_POINTS = 120
"""Of a longer history so many points are drawn, evenly spread, the newest among them."""
DATES = ["%Y", "%Y-%m", "%m-%d", "%H:%M", "%H:%M", "%S.%f"]
"""How a time is written where years, months, days, hours, minutes or seconds are told apart."""
Z = 1.959964
"""Of the normal distribution, 95 % within."""
MARKED = 40
"""A history of at most so many points shows each by a mark."""

_SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",  # texts stay texts: they are read aloud, found, and drawn in the page's font
    "svg.hashsalt": "mediaindex",  # the same plot has the same names inside
    "text.parse_math": False,
    "timezone": "UTC",  # times come without a zone, as the clock of their evaluation showed them
    "font.size": 10,
    "axes.edgecolor": AXIS,
    "axes.labelcolor": TEXT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": GRID,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "lines.linewidth": 1.8,
}


def recall_over_time(series: Sequence[Series], name: str) -> str:
    """Each series as a line with a band of its intervals; a single point with its interval as a bar.

    Args:
        series: at most `MOST_SERIES` are drawn, in the colours `SERIES`. name: of the plot, for its ids.
    """
    with _settings():
        figure, axes = _empty_plot()
        for number, one in enumerate(series[:MOST_SERIES]):
            _draw_series(axes, one, number, len(series))
        axes.set_ylim(0, 100)
        axes.set_ylabel("percent")
        axes.grid(axis="y", linewidth=0.8)
        locator = AutoDateLocator(minticks=2, maxticks=5)
        days = {point.at.date() for one in series for point in one.points}
        if len(days) == 1:
            noon = date2num(min(days)) + 0.5
            axes.set_xlim(noon - 1, noon + 1)
            axes.set_xticks([noon], [min(days).isoformat()])
        else:
            axes.xaxis_date()
            axes.xaxis.set_major_locator(locator)
            axes.xaxis.set_major_formatter(
                ConciseDateFormatter(locator, formats=DATES, zero_formats=DATES, show_offset=False)
            )
        return _svg(figure, name, "Recall over time with 95 % intervals; the figures stand in the table")


def reliability_diagram(reliability: Sequence[Reliability], name: str) -> str:
    """The share of first hits that were right against their mean confidence; larger marks are more hits.

    The bars are 95 % score intervals of a share (Wilson, 1927, doi 10.1080/01621459.1927.10502953).
    """
    with _settings():
        figure, axes = _empty_plot()
        axes.plot([0, 100], [0, 100], color=MUTED, linewidth=1.0, linestyle=(0, (4, 3)))
        most = max(one.count for kind in reliability for one in kind.bins)
        for number, kind in enumerate(reliability[:MOST_SERIES]):
            confidence = [100 * one.probability for one in kind.bins]
            right = np.array([100 * one.right for one in kind.bins])
            sizes = [20 + 100 * one.count / most for one in kind.bins]
            low, high = 100 * np.array([_share_interval(one.right, one.count) for one in kind.bins]).T
            axes.vlines(confidence, low, high, color=SERIES[number], linewidth=1.0, alpha=0.7)
            axes.plot(confidence, right, color=SERIES[number], linewidth=1.0, zorder=2)
            axes.scatter(confidence, right, s=sizes, color=SERIES[number], zorder=3, marker=MarkerStyle("o"))
        axes.set_xlim(0, 100)
        axes.set_ylim(0, 104)
        axes.set_xlabel("confidence, percent")
        axes.set_ylabel("right, percent")
        axes.grid(linewidth=0.8)
        return _svg(figure, name, "Share of first hits that were right, by their confidence")


def _share_interval(share: float, count: int) -> tuple[float, float]:
    """The score interval of a share that was seen in so many cases, 0..1."""
    shrink = 1 + Z**2 / count
    middle = (share + Z**2 / (2 * count)) / shrink
    half = Z / shrink * math.sqrt(share * (1 - share) / count + Z**2 / (4 * count**2))
    return max(0.0, middle - half), min(1.0, middle + half)


def _draw_series(axes: Axes, series: Series, number: int, count: int) -> None:
    points = [series.points[place] for place in _spread(len(series.points))]
    colour = SERIES[number]
    # Side by side, so that those of one evening do not hide each other.
    shift = 0.2 * (number - (min(count, MOST_SERIES) - 1) / 2)
    days = [date2num(point.at.replace(tzinfo=None)) for point in points]
    value = np.array([point.figure.value for point in points])
    low = np.array([point.figure.low for point in points])
    high = np.array([point.figure.high for point in points])
    if len({math.floor(day) for day in days}) == 1:
        noon = math.floor(days[-1]) + 0.5 + shift
        bounds = [value[-1:] - low[-1:], high[-1:] - value[-1:]]
        axes.errorbar([noon], value[-1:], bounds, color=colour, marker="o", capsize=4, linestyle="none")
        return
    axes.fill_between(days, low, high, color=colour, alpha=0.16, linewidth=0)
    axes.plot(days, value, color=colour, marker="o" if len(points) <= MARKED else "", markersize=4)


def _spread(count: int) -> list[int]:
    places = np.linspace(0, count - 1, min(count, MOST_POINTS))
    return [round(place) for place in places.tolist()]


def _settings() -> AbstractContextManager[None]:
    return mpl.rc_context({**mpl.rcParamsDefault, **_SETTINGS})


def _empty_plot() -> tuple[Figure, Axes]:
    figure = Figure(figsize=(WIDTH, HEIGHT), layout="constrained")
    axes = figure.add_subplot()
    axes.set_axisbelow(True)
    axes.tick_params(length=0)
    return figure, axes


def _svg(figure: Figure, name: str, label: str) -> str:
    written = io.BytesIO()
    figure.savefig(written, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return inline_svg(written.getvalue(), name, label)
