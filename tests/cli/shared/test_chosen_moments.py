"""Which moments the options of `export` choose."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.cli.shared.chosen_moments import MOST_RANKS, Moment, add_choice, chosen_moments, ranks
from mediaindex.config import load_config
from mediaindex.errors import QueryError, UsageError
from mediaindex.store.library import open_library
from tests.support.commands import Commands

RUNS = st.lists(st.tuples(st.integers(1, 999), st.integers(0, 20)), min_size=1, max_size=8)


@given(runs=RUNS, blank=st.sampled_from(["", " "]))
def test_ranks_are_read_in_their_order_and_each_once(runs: list[tuple[int, int]], blank: str) -> None:
    parts = [f"{first}-{first + more}" if more else str(first) for first, more in runs]
    numbers = [number for first, more in runs for number in range(first, first + more + 1)]
    assert ranks(f",{blank}".join(parts)) == list(dict.fromkeys(numbers))


@pytest.mark.parametrize("typed", ["", "0", "3-1", "-2", "1,,2", "one", "²", "1-2-3", f"1-{MOST_RANKS + 2}"])
def test_what_is_no_list_of_ranks_is_refused(typed: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is no rank; write 1,3-5"):
        ranks(typed)


def options(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_choice(parser)
    return parser.parse_args(words)


def chosen(commands: Commands, *words: str) -> Sequence[Moment]:
    with open_library(commands.library) as library:
        return chosen_moments(options(*words), library, load_config({"library": str(commands.library)}))


def test_one_way_of_choosing_at_a_time() -> None:
    with pytest.raises(SystemExit):
        options("--marked", "--query", "red")


def test_typed_stretches_need_no_library(tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    (moment,) = chosen_moments(options("--cut", f"{film}@1.5-2"), None, load_config())
    assert (moment.path, moment.video_id, moment.label) == (film, None, "film.mp4")
    with pytest.raises(UsageError):
        chosen_moments(options("--cut", str(film)), None, load_config())


def test_moments_of_the_last_answer(three: Path, commands: Commands) -> None:
    with pytest.raises(UsageError, match="run 'mediaindex search TEXT' first"):
        chosen(commands)
    hits = commands.hits("red", "--channel", "pictures", "--limit", 3)
    assert [moment.path for moment in chosen(commands)] == [Path(hit["path"]) for hit in hits]
    third, first = chosen(commands, "--ranks", "3,1")
    assert (str(third.path), str(first.path)) == (hits[2]["path"], hits[0]["path"])
    assert (first.query, first.score, first.start) == ("red", hits[0]["score"], Fraction(0))
    with pytest.raises(UsageError, match="there is no 9"):
        chosen(commands, "--ranks", "9")


def test_moments_that_are_marked_right(three: Path, commands: Commands) -> None:
    with pytest.raises(UsageError, match="no moment is marked right"):
        chosen(commands, "--marked")
    commands("mark", f"{three / 'red.mp4'}@1", "--query", "a wall")
    commands("mark", f"{three / 'blue.mp4'}@1", "--query", "a wall", "--wrong")
    (moment,) = chosen(commands, "--marked")
    assert (moment.path, moment.label, moment.query) == (three / "red.mp4", "a wall", "a wall")


def test_moments_that_answer_a_query_now(three: Path, commands: Commands) -> None:
    (moment,) = chosen(commands, "--query", "by:pictures red", "--limit", "1")
    assert (moment.path, moment.label) == (three / "red.mp4", "by:pictures red")
    with pytest.raises(QueryError, match="the query is empty"):
        chosen(commands, "--query", "  ")
    with pytest.raises(QueryError, match="2024-13 is no day"):
        chosen(commands, "--query", "red after:2024-13")
    with pytest.raises(UsageError, match="no moment in this library answers"):
        chosen(commands, "--query", "by:words nothing")
