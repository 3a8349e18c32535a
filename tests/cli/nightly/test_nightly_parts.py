"""What came of each part of a night, whatever went wrong with it."""

from __future__ import annotations

import argparse

import pytest

from mediaindex.cli.measuring.figure_tables import EvalReport
from mediaindex.cli.nightly.nightly_parts import Outcome, outcome_of
from mediaindex.cli.nightly.nightly_plan import Part
from mediaindex.cli.shared.output import Output
from mediaindex.config import Config, load_config
from mediaindex.errors import GeneratorUnavailable, UsageError
from mediaindex.learn.nightly.time_budget import TimeBudget
from tests.support.waiting import until

PART = Part("msvd", "fast", "tiny", "/videos", "/annotations")


def came_of(raised: BaseException | None, *, seconds: float | None = None, part: Part = PART) -> Outcome:
    seen: list[tuple[argparse.Namespace, str]] = []

    def on_benchmark(asked: argparse.Namespace, config: Config, output: Output) -> EvalReport:
        seen.append((asked, config.encoder))
        if raised is not None:
            raise raised
        if seconds is not None:
            until(lambda: False)
        return EvalReport(asked.source, config.encoder)

    words = argparse.Namespace(source=None, generator=None, report="x", videos=None, annotations=None)
    output = Output(as_json=True, command="eval")
    outcome = outcome_of(
        part, words, load_config(), output, budget=TimeBudget(seconds), on_benchmark=on_benchmark
    )
    ((asked, encoder),) = seen
    assert (asked.source, asked.generator, asked.videos, asked.annotations) == (
        "msvd",
        "tiny",
        "/videos",
        "/annotations",
    )
    assert encoder == "fast"
    return outcome


def test_a_part_is_measured_with_its_encoder_and_folders() -> None:
    outcome = came_of(None)
    assert outcome.report is not None
    assert (outcome.reason, outcome.failed) == ("", False)
    assert PART.title == "msvd, with fast, generator tiny"


@pytest.mark.parametrize(
    ("raised", "reason"),
    [
        (UsageError("3 of 5 videos are missing"), "3 of 5 videos are missing"),
        (GeneratorUnavailable("there is no generator tiny"), "there is no generator tiny"),
        (ZeroDivisionError("odd"), "ZeroDivisionError: odd"),
    ],
)
def test_trouble_of_a_part_is_its_own(raised: Exception, reason: str) -> None:
    outcome = came_of(raised)
    assert (outcome.report, outcome.reason, outcome.failed) == (None, reason, True)


def test_the_end_of_time_is_no_failure() -> None:
    outcome = came_of(None, seconds=0.2)
    assert (outcome.report, outcome.reason, outcome.failed) == (None, "the time budget ended", False)
    assert outcome.seconds < 60.0


def test_a_stop_by_the_user_is_no_trouble_of_a_part() -> None:
    with pytest.raises(KeyboardInterrupt):
        came_of(KeyboardInterrupt())
