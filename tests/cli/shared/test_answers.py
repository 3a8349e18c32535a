"""Answers: what the options ask for, and how a moment is printed."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from mediaindex.cli.shared.answers import (
    add_answer_arguments,
    answer_options,
    hit_line,
    option_filters,
    print_answer,
    remember_answer,
)
from mediaindex.cli.shared.output import Output
from mediaindex.errors import QueryError
from mediaindex.search.answer import Answer, Question
from mediaindex.search.language.resolving import joint
from mediaindex.search.searcher import Searcher
from mediaindex.store.answers import last
from mediaindex.store.catalog.lookup import Filters
from mediaindex.store.library import open_library
from tests.support.commands import Commands


def parsed(*words: object) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_answer_arguments(parser)
    return parser.parse_args([str(word) for word in words])


def test_without_options_an_answer_has_ten_moments_three_of_a_video(three: Path, commands: Commands) -> None:
    with open_library(commands.library) as library:
        options = answer_options(library, parsed(), Filters())
    assert (options["limit"], options["per_video"], options["min_similarity"]) == (10, 3, None)
    assert options["filters"].within is None


def test_one_video_answers_with_all_its_moments(three: Path, commands: Commands) -> None:
    one, other = three / "red.mp4", three / "blue.mp4"
    with open_library(commands.library) as library:
        for within, per_video in (
            ((one,), None),
            ((one, three / "gone"), None),
            ((three,), 3),
            ((one, other), 3),
        ):
            assert answer_options(library, parsed(), Filters(within=within))["per_video"] == per_video
        assert answer_options(library, parsed("--per-video", 2), Filters(within=(one,)))["per_video"] == 2


def test_a_folder_must_be_indexed(three: Path, commands: Commands) -> None:
    with open_library(commands.library) as library, pytest.raises(QueryError, match="is indexed"):
        option_filters(library, parsed("--in", three / "gone"))


def test_filters_are_what_was_typed(three: Path, commands: Commands) -> None:
    words = ("--after", "2024-01-31", "--before", "2024-02-01", "--min-duration", 2, "--max-duration", 9.5)
    with open_library(commands.library) as library:
        asked = option_filters(library, parsed(*words))
    filters = joint(asked)
    assert [one.name for one in asked] == [
        "--after 2024-01-31", "--before 2024-02-01", "--min-duration 2.0", "--max-duration 9.5"
    ]  # fmt: skip
    assert (filters.after, filters.before) == ("2024-01-31", "2024-02-01")
    assert (filters.min_duration, filters.max_duration) == (2.0, 9.5)


def test_an_answer_is_printed_and_remembered(
    three: Path, commands: Commands, capsys: pytest.CaptureFixture[str]
) -> None:
    output = Output(as_json=False, command="search")
    with open_library(commands.library) as library:
        answer: Answer = Searcher(library, None, None).search(Question(text="red", channel="words"))
        capsys.readouterr()
        print_answer(library, output, "red", None, answer, note="a note")
        remember_answer(library, output, "red", answer)
        printed = capsys.readouterr()
        remembered = last(library)
    (hit,) = answer.hits
    assert printed.out == f"{hit_line(hit)}\n"
    assert printed.err == "a note\n"
    assert hit_line(hit).startswith("  1  words  ")
    assert str(three / "red.mp4") in hit_line(hit)
    assert remembered is not None
    assert (remembered.query, remembered.hits[0]["path"]) == ("red", str(three / "red.mp4"))
