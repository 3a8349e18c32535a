"""The benchmark of growing libraries: what it makes, and that it measures everything of it."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from bench._scale_library import CLIPS, COMMON, RARE, make, shape_of
from bench._scale_place import COMPLETE, FOLDER, LIBRARY, VIDEOS, Cost, folder_in_the_middle
from bench.scale import MEASURES, growth, rows_of

from mediaindex.store.catalog import fulltext, lookup
from mediaindex.store.catalog.lookup import Filters
from mediaindex.store.catalog.schema import segment
from mediaindex.store.library import open_library
from mediaindex.store.maintenance.check import check
from tests.support.benchmarks import bench, is_measured, run
from tests.support.paths import BENCH

pytestmark = pytest.mark.timeout(400)
FRAMES = 1200


def test_a_library_is_sound_and_holds_what_the_queries_ask_for(tmp_path: Path) -> None:
    place = tmp_path / "clips"
    make(place, CLIPS, FRAMES, 0)
    videos = FRAMES // CLIPS.frames
    with open_library(place / LIBRARY) as library:
        found = check(library)
        assert (found.all_problems, found.videos, found.vectors) == ([], videos, FRAMES)
        with library.read() as connection:
            for word, at_least in ((COMMON[0], videos // 13), (RARE[0], 1)):
                hits = fulltext.find(connection, word, limit=videos).hits
                assert at_least <= len(hits) <= at_least + 1
            in_folder = lookup.filtered_videos(connection, Filters(within=(folder_in_the_middle(place),)))
            assert len(in_folder or ()) == videos // 100
            recent = lookup.filtered_videos(connection, Filters(after="2015-01-01"))
            assert len(recent or ()) == videos // 2
    assert len(list((place / VIDEOS / FOLDER.format(0)).glob("*.mp4"))) == videos // 100


def test_films_have_segments_of_several_lengths(tmp_path: Path) -> None:
    make(tmp_path / "films", shape_of("films", FRAMES), FRAMES, 0)
    with open_library(tmp_path / "films" / LIBRARY) as library, library.read() as connection:
        counts = connection.execute(sa.select(segment.c.frame_count)).scalars().all()
    assert sum(counts) == FRAMES
    assert set(counts) >= {2, 8}


def test_a_library_that_is_there_is_used_again_and_an_unfinished_one_is_named(tmp_path: Path) -> None:
    place = tmp_path / "clips"
    place.mkdir()
    with pytest.raises(SystemExit, match="unfinished library: remove it"):
        make(place, CLIPS, FRAMES, 0)
    (place / COMPLETE).touch()
    make(place, CLIPS, FRAMES, 0)
    assert not (place / LIBRARY).exists()


def test_growth_sets_the_largest_library_beside_the_smallest() -> None:
    row = growth("clips", {1_000_000: [Cost(60.0, 1.0)], 10: [Cost(20.0, 1.0)]})
    assert row.what == "clips: query by pictures, 1 000 000 frames beside 10 (at most 4 times)"
    assert (row.value, row.baseline, row.ratio) == (60.0, 20.0, 3.0)


def test_goals_are_named_where_they_hold() -> None:
    costs = {
        key: [Cost(30.0, 40.0, 50.0)] for measure in MEASURES for key in (measure.key, measure.beside) if key
    }
    small, large = (
        [row.what for row in rows_of("clips", costs, 9.0, is_large=is_large)] for is_large in (False, True)
    )
    assert not any("(" in what for what in small)
    assert "clips: query --in 1 %, beside none (at most 1.2 times)" in large


@pytest.mark.parametrize(("text", "remedy"), [("many", "numbers with commas"), ("2000,3", "at least 600")])
def test_sizes_that_do_not_fit_are_refused(text: str, remedy: str) -> None:
    done = run(BENCH / "scale.py", "--frames", text)
    assert done.returncode == 2
    assert remedy in done.stderr.splitlines()[-1]


@pytest.mark.slow
def test_it_measures_everything_of_a_library(tmp_path: Path) -> None:
    rows = bench("scale", "--quick", "--shape", "films", "--frames", "2000", file=tmp_path / "scale.json")
    title = "films, 2 000 frames: "
    assert {title + measure.what for measure in MEASURES} < rows.keys()
    assert {what: row for what, row in rows.items() if not is_measured(row)} == {}
