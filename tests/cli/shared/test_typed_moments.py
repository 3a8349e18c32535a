"""Moments as they are typed."""

from __future__ import annotations

from pathlib import Path

import pytest

from mediaindex.cli.shared.typed_moments import last_hit, moment_of, time_of
from mediaindex.errors import UsageError
from mediaindex.store.catalog import lookup
from mediaindex.store.library import open_library
from tests.support.commands import Commands


@pytest.mark.parametrize(
    ("typed", "seconds"),
    [("0", 0.0), ("75", 75.0), ("75.25", 75.25), ("1:15", 75.0), ("1:15.5", 75.5), ("1:02:03", 3723.0)],
)
def test_a_time_is_seconds_or_a_clock(typed: str, seconds: float) -> None:
    assert time_of(typed) == seconds


@pytest.mark.parametrize("typed", ["", "-1", "1:75", "1:2", "1e3", "nan", "1:2:3", "one", "9" * 20, "1:15-"])
def test_what_is_no_time_is_named(typed: str) -> None:
    with pytest.raises(UsageError, match="is no time in a video"):
        time_of(typed)


def test_a_rank_is_a_moment_of_the_last_answer_and_a_path_one_of_its_film(
    trip: Path, commands: Commands
) -> None:
    (hit, *_more) = commands.hits("blue", "--channel", "pictures")
    with open_library(commands.library) as library:
        with library.read() as connection:
            video_id = lookup.video_at(connection, trip)
        ranked = moment_of(library, "1")
        assert (ranked.video_id, ranked.seconds, ranked.query) == (video_id, hit["best_seconds"], "blue")
        assert (ranked.start, ranked.end) == (hit["start_seconds"], hit["end_seconds"])
        typed = moment_of(library, f"{trip}@1:02-1:03.5")
        assert (typed.seconds, typed.start, typed.end, typed.query) == (62.0, 62.0, 63.5, None)
        assert moment_of(library, f"{trip}@4").end is None
        answer, first = last_hit(library, 1)
        assert (answer.query, first["path"]) == ("blue", str(trip))
        for rank in (0, 99):
            with pytest.raises(UsageError, match=f"there is no {rank}"):
                last_hit(library, rank)
