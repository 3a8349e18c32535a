"""The words channel: which words are kept of a file, and which places answer a query."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mediaindex import safe_text
from mediaindex.media import Cue
from mediaindex.store.catalog import fulltext
from mediaindex.store.library import Library, open_library
from tests.support.small_library import AddVideo


@pytest.fixture
def film(opened: Library, add_video: AddVideo) -> int:
    """A video that is visible at /videos/Trip 2021/beach day.mp4."""
    item = add_video("/videos/Trip 2021/beach day.mp4")
    from mediaindex.store.catalog.schema import location

    with opened.write() as connection:
        connection.execute(location.update().values(video_id=item.video_id, next_video_id=None))
        (location_id,) = connection.execute(location.select().with_only_columns(location.c.id)).one()
        path = Path("/videos/Trip 2021/beach day.mp4")
        fulltext.set_location_words(connection, location_id, item.video_id, path, Path("/videos"))
        fulltext.set_video_words(
            connection, item.video_id, "Café del Mar", {"artist": "Zoë", "title": "Café del Mar"}
        )
        cues = (Cue(1.0, 2.0, "the whale dives", "stream 2"), Cue(5.0, 6.0, "a whale sings", "stream 2"))
        fulltext.set_embedded_subtitles(connection, item.video_id, cues)
    return item.video_id


def found(library: Library, text: str, videos: set[int] | None = None) -> list[fulltext.WordHit]:
    with library.read() as connection:
        return fulltext.find(connection, text, videos)


def fields(library: Library, text: str) -> list[tuple[str, str]]:
    return [pair for hit in found(library, text) for pair in hit.found]


def test_each_word_says_where_it_stands(film: int, opened: Library) -> None:
    assert fields(opened, "beach") == [("beach", "name")]
    assert fields(opened, "trip") == [("trip", "folder")]
    assert fields(opened, "zoe") == [("zoe", "tag")]
    assert fields(opened, "videos") == []  # the watched folder's own name says nothing
    assert fields(opened, "mp4") == []


def test_case_and_accents_make_no_difference(film: int, opened: Library) -> None:
    for spelling in ("cafe", "CAFÉ", "café", unicodedata.normalize("NFD", "Café")):
        assert fields(opened, spelling) == [("cafe", "title")]


def test_words_of_a_file_count_together_and_a_cue_alone(film: int, opened: Library) -> None:
    (whole,) = found(opened, "cafe beach trip zoe")
    assert (whole.start_seconds, whole.end_seconds, whole.coverage) == (None, None, 1.0)
    first, second = found(opened, "whale dives")
    assert (first.start_seconds, first.end_seconds, first.coverage) == (1.0, 2.0, 1.0)
    assert (second.start_seconds, second.coverage) == (5.0, 0.5)
    assert found(opened, "whale beach zebra lion") == []  # a quarter in each place


def test_less_than_half_of_the_words_is_no_answer(film: int, opened: Library) -> None:
    assert len(found(opened, "beach zebra")) == 1
    assert found(opened, "beach zebra lion") == []


def test_small_words_do_not_count_unless_they_are_all(film: int, opened: Library) -> None:
    assert fulltext.query_terms("the dog and the cat") == ["dog", "cat"]
    assert fulltext.query_terms("to be or") == ["to", "be", "or"]
    assert [hit.start_seconds for hit in found(opened, "the the a")] == [1.0, 5.0]
    assert found(opened, "the whale that sings")[0].start_seconds == 5.0


def test_only_the_videos_that_are_asked_for(film: int, opened: Library) -> None:
    assert len(found(opened, "beach", {film})) == 1
    assert found(opened, "beach", {film + 1}) == []
    assert found(opened, "beach", set()) == []


def test_new_words_replace_the_old(film: int, opened: Library) -> None:
    with opened.write() as connection:
        fulltext.set_video_words(connection, film, None, {"comment": "nothing"})
        fulltext.set_embedded_subtitles(connection, film, ())
    assert fields(opened, "cafe") == []
    assert fields(opened, "whale") == []
    assert fields(opened, "nothing") == [("nothing", "tag")]


def test_a_video_that_lies_nowhere_does_not_answer(film: int, opened: Library) -> None:
    from mediaindex.store.catalog.schema import location

    with opened.write() as connection:
        connection.execute(location.update().values(video_id=None))
    assert found(opened, "beach") == []


def test_nothing_is_asked_by_signs_alone(opened: Library) -> None:
    assert fulltext.query_terms('?! -- "" *') == []
    assert found(opened, "?! *") == []


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with open_library(tmp_path_factory.mktemp("empty") / "library", create=True) as made:
        yield made


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=80))
def test_no_text_breaks_the_query(text: str, empty: Library) -> None:
    assert found(empty, text) == []


@given(text=st.text(max_size=80))
def test_every_name_can_be_stored(text: str) -> None:
    safe_text.storable(text).encode("utf-8")
    assert all(token == token.lower() and token for token in fulltext.tokens(text))
