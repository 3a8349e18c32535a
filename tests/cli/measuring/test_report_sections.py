"""An evaluation as a section of a page. Whole pages are in tests/cli/test_eval.py."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace

from mediaindex.cli.measuring.figure_tables import EvalReport, row_of
from mediaindex.cli.measuring.report_sections import first_sentence, section_of
from mediaindex.config import Config, load_config
from mediaindex.learn.report_page.page_data import Section
from tests.support.answered import Table, answered
from tests.support.made_pages import series

CONFIG = load_config({"library": "/no/library/here"})


def report_of(queries_from: str = "captions") -> EvalReport:
    asked = answered([0, 3, 0, 9], confidence=[0.9, 0.2, 0.8, None], milliseconds=[1.0, 2.0, 3.0, 4.0])
    report = EvalReport("library", "an encoder", main_ranking="instant", answered=[asked])
    report.rows.append(row_of(asked.ranked, "library", sampling="library", queries_from=queries_from))

    @contextlib.contextmanager
    def gallery(_config: Config) -> Iterator[Table]:
        yield Table("a", "a", "b", "b")

    report.gallery = gallery
    return report


def test_a_section_has_everything_of_a_report() -> None:
    section = section_of(report_of(), CONFIG, seconds=2.5)
    assert (section.title, section.encoder, section.elapsed_seconds) == ("Your library", "an encoder", 2.5)
    (row,) = section.rows
    assert (row.queries, row.gallery, row.metrics["R@1"].value) == (4, 100, 50.0)
    (history,) = section.history
    assert history.name == "R@1 of captions, text → video, instant"
    (point,) = history.points
    assert (point.figure, point.queries) == (row.metrics["R@1"], 4)
    assert point.at.tzinfo is not None
    assert [part.name for part in section.parts] == ["a", "b"]
    assert [one.rank for one in section.worst] == [10, 4]
    assert [one.count for one in section.reliability[0].bins] == [1, 1, 1]
    assert [one.count for one in section.timings] == [4]


def test_a_history_that_is_known_is_shown() -> None:
    known = series("R@1", 5)
    assert section_of(report_of(), CONFIG, history=[known]).history == (known,)


def test_a_report_without_queries_one_by_one_has_no_parts() -> None:
    report = EvalReport("msvd", "an encoder")
    section = section_of(report, CONFIG)
    assert (section.title, section.parts, section.worst, section.history) == ("MSVD", (), (), ())
    assert section.published[0].benchmark == "msvd"
    assert first_sentence(section) == "Nothing could be measured."


def test_the_first_sentence_says_what_was_asked() -> None:
    def said(report: EvalReport) -> str:
        section: Section = section_of(report, CONFIG)
        return first_sentence(section)

    assert said(report_of()).startswith(
        "The right answer comes first for 50 % of 4 captions among 100 videos"
    )
    assert "of 4 sentences about known items among" in said(report_of("known items"))
    report = report_of()
    videos = row_of(report.answered[0].ranked, "library", sampling="library")
    report.rows[:] = [replace(videos, direction="v2t")]
    assert "of 4 videos among 100 items" in said(report)
