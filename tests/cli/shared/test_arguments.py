"""Options that several commands have: what they take and refuse."""

from __future__ import annotations

import argparse
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.cli.shared.arguments import add_shared, day, positive, positive_number, whole
from tests.support.commands import Commands


@pytest.mark.parametrize(
    ("typed", "mebibytes"), [("0", 0), ("500M", 500), ("20G", 20480), ("1.5GiB", 1536), ("2TB", 2 << 20)]
)
def test_sizes(typed: str, mebibytes: int, commands: Commands) -> None:
    from mediaindex.cli import build_parser

    asked = build_parser().parse_args(["index", "/videos", "--cache-limit", typed])
    assert asked.cache_limit_mib == mebibytes


@pytest.mark.parametrize("typed", ["20", "G", "-1G", "1e9G", "20K", "a lot"])
def test_no_sizes(typed: str, commands: Commands) -> None:
    ran = commands.text("index", "/videos", f"--cache-limit={typed}")
    assert ran.code == 2
    assert "20G" in ran.err


@pytest.mark.parametrize(
    ("kind", "taken", "value", "refused"),
    [
        (positive, "3", 3, ("0", "-1", "three")),
        (whole, "0", 0, ("-1", "1.5", "1234567890", "")),
        (positive_number, "0.5", 0.5, ("0", "nan", "inf", "1e9", "soon")),
        (day, "2024-02-29", "2024-02-29", ("2023-02-29", "today", "")),
    ],
)
def test_a_typed_value_is_read_or_refused(
    kind: Callable[[str], object], taken: str, value: object, refused: tuple[str, ...]
) -> None:
    assert kind(taken) == value
    for text in refused:
        with pytest.raises((argparse.ArgumentTypeError, ValueError)):
            kind(text)


@given(st.integers(0, 10**9 - 1))
def test_whole_numbers_of_nine_digits_are_read(number: int) -> None:
    assert whole(str(number)) == number


def test_shared_options_behind_an_action_keep_what_was_typed_before_it() -> None:
    parser = argparse.ArgumentParser()
    add_shared(parser)
    action = parser.add_subparsers().add_parser("list")
    add_shared(action, again=True)
    assert parser.parse_args(["--json", "--library", "/here", "list"]) == argparse.Namespace(
        json=True, library="/here"
    )
    assert parser.parse_args(["list", "--json"]).json
