"""Plots: the same values give the same drawing, which shows what it is given."""

from __future__ import annotations

import re
import warnings
import xml.etree.ElementTree as ET

import pytest

from mediaindex.learn.report_page.page_data import Reliability, ReliabilityBin
from mediaindex.learn.report_page.plots import (
    MOST_POINTS,
    MOST_SERIES,
    _share_interval,
    recall_over_time,
    reliability_diagram,
)
from tests.support.made_pages import series


def texts(drawing: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(drawing).iter("text")]


@pytest.mark.parametrize("nights", [1, 2, 30, 400])
def test_recall_over_time(nights: int) -> None:
    some = [series("a\u4e2d$x$", nights), series("b", nights)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        drawing = recall_over_time(some, "history-1")
    assert drawing == recall_over_time(some, "history-1")
    assert "percent" in texts(drawing)
    assert "100" in texts(drawing)
    assert ("2026-05-04" in texts(drawing)) == (nights == 1)
    assert "var(--series-1)" in drawing
    assert "var(--series-2)" in drawing
    assert "#" not in re.sub(r'(href="|url\()#history-1-', "", drawing), "no colour of its own is left"
    assert "\u4e2d" not in drawing, "names stand in the legend of the page"
    assert len(drawing) < 40_000


def test_a_long_history_is_drawn_at_so_many_times_and_so_many_series() -> None:
    drawing = recall_over_time([series(str(number), 900) for number in range(9)], "a")
    assert len(drawing) < 25_000 * MOST_SERIES
    lines = [path for path in re.findall(r' d="([^"]+)"', drawing) if path.count("L") > 50]
    assert len([line for line in lines if line.count("L") == MOST_POINTS - 1]) == MOST_SERIES


@pytest.mark.parametrize(
    ("share", "count", "low", "high"),
    [(0.0, 10, 0.0, 0.2775), (0.5, 10, 0.2366, 0.7634), (1.0, 1, 0.2065, 1.0)],
)
def test_the_interval_of_a_share(share: float, count: int, low: float, high: float) -> None:
    """Of none of n, z² / (n + z²); of all of n, n / (n + z²)."""
    assert _share_interval(share, count) == pytest.approx((low, high), abs=1e-4)


def test_a_reliability_diagram() -> None:
    bins = tuple(
        ReliabilityBin(low / 10, low / 10 + 0.1, low / 10 + 0.05, low / 10, 1 + low) for low in range(10)
    )
    drawing = reliability_diagram([Reliability("captions", bins, 0.05)], "reliability-1")
    assert drawing == reliability_diagram([Reliability("captions", bins, 0.05)], "reliability-1")
    assert {"confidence, percent", "right, percent"} <= set(texts(drawing))
    assert ">captions<" not in drawing
    paths = [element.attrib.get("style", "") for element in ET.fromstring(drawing).iter("path")]
    assert sum(style.startswith("fill: var(--series-1)") for style in paths) == len(bins), (
        "a mark for each bin"
    )
