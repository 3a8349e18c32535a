"""What one snapshot answers: which channels are asked, what is left out, and in which order it is shown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa
from numpy.typing import NDArray

from mediaindex.search.answer import Following, Question
from mediaindex.search.by_words import words_found
from mediaindex.search.channels.pictures import PictureChannel
from mediaindex.search.channels.similarity import unit
from mediaindex.search.query_ranking import Query, Ranking, Scored, Sought, ranked, scored
from mediaindex.store.catalog import lookup
from mediaindex.store.catalog.lookup import Filters
from mediaindex.store.library import Library, open_library
from mediaindex.store.vectors import spaces
from mediaindex.store.vectors.reader import SpaceReader
from tests.support.backwards import Backwards
from tests.support.corridor import ingest, run
from tests.support.fake_encoder import FakeEncoder
from tests.support.films import film, srt


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ranking")
    for colour in ("red", "blue", "green"):
        film(folder / "videos" / f"{colour}.mp4", colour)
    flag = film(folder / "videos" / "flag.mp4", ("red", 4.0), ("white", 4.0), ("blue", 4.0))
    srt(flag.with_suffix(".srt"), (8.5, 9.5, "a red cloak"))
    with open_library(folder / "library", create=True) as library:
        run(ingest(library), folder / "videos")
    return folder


@pytest.fixture
def connection(opened: Library) -> Iterator[sa.Connection]:
    with opened.read() as made:
        yield made


@pytest.fixture
def reader(opened: Library, connection: sa.Connection) -> SpaceReader:
    space = spaces.active_space(connection)
    assert space is not None
    return SpaceReader(opened, space)


@pytest.fixture
def pictures(reader: SpaceReader, connection: sa.Connection) -> PictureChannel:
    return PictureChannel(reader.snapshot(connection), blend=0.5)


def raw(text: str) -> NDArray[np.float32]:
    pooled: NDArray[np.float32] = FakeEncoder().texts([text]).pooled[0]
    return pooled


def query(question: Question, *excluded: str, words: tuple[str, ...] = ()) -> Query:
    """A question whose text is looked for by pictures too."""
    assert question.text is not None
    vector = raw(question.text)
    sought = Sought(unit(vector), tuple(unit(raw(text)) for text in excluded), words)
    return Query(question, vector, (sought,))


def names(connection: sa.Connection, videos: list[int]) -> list[str]:
    places = lookup.places(connection, videos)
    return [places[video][0].path.stem for video in videos]


def by_pictures(connection: sa.Connection, found: Scored) -> list[str]:
    return names(connection, [hit.moment.video_id for hit in found.picture_hits])


def shown(connection: sa.Connection, ranking: Ranking) -> list[tuple[str, float]]:
    moments = [one.fused.moment for one in ranking.moments]
    stems = names(connection, [moment.video_id for moment in moments])
    return [(stem, moment.start_seconds) for stem, moment in zip(stems, moments, strict=True)]


def test_without_pictures_words_alone_are_ranked(connection: sa.Connection, pictures: PictureChannel) -> None:
    asked = query(Question(text="red"))
    for found in (scored(connection, asked, None), scored(connection, Query(asked.question), pictures)):
        assert (len(found.words.hits), list(found.picture_hits), found.pictures) == (2, [], None)


def test_pictures_are_scored_with_the_filters(
    connection: sa.Connection, pictures: PictureChannel, prepared: Path
) -> None:
    question = Question(text="blue", channel="pictures")
    found = scored(connection, query(question), pictures)
    assert found.pictures is pictures
    assert sorted(by_pictures(connection, found)[:2]) == ["blue", "flag"]
    only = Filters(within=(prepared / "videos" / "red.mp4", prepared / "videos" / "green.mp4"))
    limited = scored(connection, query(Question(text="blue", channel="pictures", filters=only)), pictures)
    assert sorted(by_pictures(connection, limited)) == ["green", "red"]


def test_where_something_is_said_the_pictures_are_looked_at(
    connection: sa.Connection, pictures: PictureChannel
) -> None:
    asked = query(Question(text="red", per_video=1))
    moments = [hit.moment for hit in scored(connection, asked, pictures).picture_hits]
    words = words_found(connection, asked.question, None)
    (flag,) = {hit.video_id for hit in words.hits if hit.start_seconds is not None}
    assert [m.start_seconds for m in moments if m.video_id == flag] == pytest.approx([0.0, 8.0], abs=0.3)


def test_a_cue_is_shown_with_the_moment_in_which_it_is_said(
    connection: sa.Connection, pictures: PictureChannel, reader: SpaceReader
) -> None:
    asked = query(Question(text="red cloak", per_video=1))
    first = ranked(connection, asked, scored(connection, asked, pictures), reader.root, reader).moments[0]
    assert (first.fused.moment.start_seconds, first.fused.moment.end_seconds) == (8.5, 9.5)
    assert first.fused.picture_rank is not None
    assert 8.5 <= first.best_seconds <= 9.5
    assert first.fused.moment.similarity is not None


def test_what_is_shown_is_limited_by_video_first(
    connection: sa.Connection, pictures: PictureChannel, reader: SpaceReader
) -> None:
    for limit, per_video, count in ((10, 1, 4), (2, 1, 2), (10, None, 6)):
        asked = query(Question(text="red", channel="pictures", limit=limit, per_video=per_video))
        made = ranked(connection, asked, scored(connection, asked, pictures), reader.root, reader)
        assert len(shown(connection, made)) == count
    assert shown(connection, made)[0][1] == 0.0


def test_a_reranker_turns_the_best_round(
    connection: sa.Connection, pictures: PictureChannel, reader: SpaceReader
) -> None:
    question = Question(text="red", channel="pictures", per_video=None, candidates=2)
    found = scored(connection, query(question), pictures)
    instant = ranked(connection, query(question), found, reader.root, reader)
    ranking = Backwards()
    made = ranked(connection, query(question), found, reader.root, reader, ranking)
    assert instant.rerank is None
    assert made.rerank is not None
    assert made.rerank.candidates == len(ranking.given[0].score) == 2
    order = shown(connection, instant)
    assert shown(connection, made) == [order[1], order[0], *order[2:]]
    np.testing.assert_array_equal(ranking.given[0].query, raw("red"))


def test_a_reranker_is_not_asked_about_examples_or_nothing(
    connection: sa.Connection, pictures: PictureChannel, reader: SpaceReader
) -> None:
    ranking, text = Backwards(), query(Question(text="red", channel="pictures"))
    example = Query(Question(vector=raw("red"), channel="pictures"), None, text.parts)
    nothing = query(Question(text="red", channel="pictures", min_similarity=2.0))
    for asked in (example, nothing):
        found = scored(connection, asked, pictures)
        assert ranked(connection, asked, found, reader.root, reader, ranking).rerank is None
    assert ranking.given == []


def test_marks_move_the_query(connection: sa.Connection, pictures: PictureChannel) -> None:
    question = Question(text="green", channel="pictures", per_video=1)
    table = pictures.space
    videos = {name: number for number, name in _videos(connection).items()}

    def ids(name: str) -> tuple[int, ...]:
        return tuple(table.segments["id"][table.of_video(videos[name])].tolist())

    before = by_pictures(connection, scored(connection, query(question), pictures))
    assert before[0] == "green"
    marked = Question(text="green", channel="pictures", per_video=1, like=ids("blue"), unlike=ids("green"))
    after = by_pictures(connection, scored(connection, query(marked), pictures))
    assert after.index("blue") < before.index("blue") or after[0] == "blue"
    unknown = Question(text="green", channel="pictures", per_video=1, like=(10**6,))
    assert by_pictures(connection, scored(connection, query(unknown), pictures)) == before


def _videos(connection: sa.Connection) -> dict[int, str]:
    numbers = sorted(lookup.filtered_videos(connection, Filters(min_duration=0.0)) or ())
    return dict(zip(numbers, names(connection, numbers), strict=True))


def test_a_sequence_is_not_reranked(
    connection: sa.Connection, pictures: PictureChannel, reader: SpaceReader
) -> None:
    following = Question(text="red", following=(Following("white", 5.0),))
    later = Sought(unit(raw("white")), within_seconds=5.0)
    (first,) = query(Question(text="red")).parts
    sequence, ranking = Query(following, raw("red"), (first, later)), Backwards()
    found = scored(connection, sequence, pictures)
    made = ranked(connection, sequence, found, reader.root, reader, ranking)
    assert (made.rerank, ranking.given) == (None, [])
    assert [name for name, _start in shown(connection, made)] == ["flag"]
    red, white = made.moments[0].parts
    assert (red.end_seconds, white.start_seconds) == pytest.approx((4.0, 4.0), abs=0.3)


def test_a_query_that_marks_moved_is_not_reranked(
    connection: sa.Connection, pictures: PictureChannel, reader: SpaceReader
) -> None:
    asked, ranking = query(Question(text="red", like=(int(pictures.space.segments["id"][0]),))), Backwards()
    found = scored(connection, asked, pictures)
    assert ranked(connection, asked, found, reader.root, reader, ranking).rerank is None
    assert ranking.given == []


def test_what_stands_out_more_for_what_is_excluded_is_left_out(
    connection: sa.Connection, pictures: PictureChannel
) -> None:
    question = Question(text="red white", channel="pictures", per_video=None, limit=20)
    every = by_pictures(connection, scored(connection, query(question), pictures))
    assert every.count("flag") == 3
    left = scored(connection, query(question, "white"), pictures)
    starts = [hit.moment.start_seconds for hit in left.picture_hits]
    assert not any(3.5 < start < 7.5 for start in starts), "the white shot"
    assert "red" in by_pictures(connection, left)


def test_where_an_excluded_word_is_said_or_stands_is_left_out(
    connection: sa.Connection, pictures: PictureChannel
) -> None:
    question = Question(text="blue", channel="pictures", per_video=None, limit=20)
    said = scored(connection, query(question, words=("cloak",)), pictures)
    flag = [
        hit.moment.start_seconds
        for hit, name in zip(said.picture_hits, by_pictures(connection, said), strict=True)
        if name == "flag"
    ]
    assert flag == pytest.approx([0.0, 4.0], abs=0.3), "not where it is said"
    named = scored(connection, query(question, words=("flag",)), pictures)
    assert sorted(by_pictures(connection, named)) == ["blue", "green", "red"]
