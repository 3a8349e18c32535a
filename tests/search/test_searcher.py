"""The searcher: one that is kept open, the approximate index, and what is missing on the disk."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from mediaindex.embed.encoder import Encoder
from mediaindex.media import FrameEmbeddings, QueryFeatures
from mediaindex.search.answer import DEPTH, Answer, Hit, Question
from mediaindex.search.by_words import answer_by_words
from mediaindex.search.channels.similarity import unit
from mediaindex.search.searcher import Searcher
from mediaindex.store.catalog import fulltext, lookup
from mediaindex.store.catalog.lookup import Filters
from mediaindex.store.commit import sweep
from mediaindex.store.forgetting import forget
from mediaindex.store.library import Library, open_library
from mediaindex.store.vectors import reader, spaces
from mediaindex.store.vectors.spaces import Space
from tests.support import corridor
from tests.support.backwards import Backwards
from tests.support.corridor import ingest, run
from tests.support.fake_encoder import COLOURS, FakeEncoder
from tests.support.films import film, srt


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("search")
    for colour in ("red", "blue", "green", "white"):
        film(folder / "videos" / f"{colour}.mp4", colour)
    film(folder / "videos" / "flag.mp4", ("red", 3.0), ("white", 3.0), ("blue", 3.0))
    with open_library(folder / "library", create=True) as library:
        run(ingest(library), folder / "videos")
    return folder


def serving(library: Library) -> Space:
    with library.read() as connection:
        space = spaces.active_space(connection)
    assert space is not None
    return space


def searcher(library: Library) -> Searcher:
    return Searcher(library, serving(library), FakeEncoder())


def names(answer: Answer) -> list[str]:
    return [Path(hit.path).stem for hit in answer.hits]


def vector(colour: str) -> NDArray[np.float32]:
    axis = np.zeros(len(COLOURS), np.float32)
    axis[list(COLOURS).index(colour)] = 1.0
    return axis


def test_a_vector_is_asked_like_a_text(opened: Library) -> None:
    by_text = searcher(opened).search(Question(text="blue", channel="pictures"))
    by_vector = searcher(opened).search(Question(vector=vector("blue"), channel="pictures"))
    assert names(by_text)[:2] == names(by_vector)[:2] == ["blue", "flag"]
    assert by_vector.hits[0].similarity == pytest.approx(1.0, abs=0.05)


def test_a_text_beside_a_vector_asks_for_the_mean_of_both(opened: Library) -> None:
    both = searcher(opened).search(Question(text="red", vector=vector("green"), channel="pictures", limit=20))
    mean_vector = unit(FakeEncoder().texts(["red"]).pooled[0]) + vector("green")
    mean = searcher(opened).search(Question(vector=mean_vector, channel="pictures", limit=20))
    assert names(both) == names(mean)
    similarities = [hit.similarity for hit in mean.hits]
    assert [hit.similarity for hit in both.hits] == pytest.approx(similarities, abs=1e-5)


class WideEncoder(FakeEncoder):
    """Its vectors are as long as LanceDB's index needs them: a multiple of eight."""

    def __init__(self, *, name: str = "fake", digest: str = "0" * 64) -> None:
        super().__init__(name=name, digest=digest)
        self.spec = dataclasses.replace(self.spec, dim=16)

    def images(self, pictures: Sequence[NDArray[np.uint8]]) -> FrameEmbeddings:
        made = super().images(pictures)
        return FrameEmbeddings(_widened(made.vectors), made.evidence)

    def texts(self, texts: Sequence[str], *, tokens: bool = False) -> QueryFeatures:
        return QueryFeatures(_widened(super().texts(texts).pooled))


def _widened(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.pad(vectors, ((0, 0), (0, 16 - vectors.shape[1])))


@pytest.fixture(scope="module")
def with_index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library whose vectors have an index."""
    folder = tmp_path_factory.mktemp("index")
    for colour in ("red", "blue", "green", "white"):
        film(folder / "videos" / f"{colour}.mp4", colour)
    flag = film(folder / "videos" / "flag.mp4", ("red", 3.0), ("white", 3.0), ("blue", 3.0))
    srt(flag.with_suffix(".srt"), (0.5, 1.5, "the green king"))
    with pytest.MonkeyPatch.context() as patch, open_library(folder / "library", create=True) as library:
        patch.setattr(corridor, "FakeEncoder", WideEncoder)
        run(ingest(library), folder / "videos")
        library.vectors(serving(library)).build_index()
    return folder


@pytest.fixture
def indexed(with_index: Path) -> Iterator[Library]:
    with open_library(with_index / "library") as library:
        yield library


def by_index(library: Library, *, exact_limit_mib: int = 0) -> Searcher:
    return Searcher(library, serving(library), WideEncoder(), exact_limit_mib=exact_limit_mib)


def test_the_index_answers_as_the_matrix_does(indexed: Library) -> None:
    question = Question(text="white", channel="pictures", limit=3)
    exact, approximate = (by_index(indexed, exact_limit_mib=n).search(question) for n in (4096, 0))
    assert names(exact)[:2] == ["white", "flag"]
    assert approximate.hits == exact.hits


def test_the_index_is_asked_above_the_limit_alone(indexed: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "NEAREST_FRAMES", 1)
    question = Question(text="green", channel="pictures", limit=20)
    assert set(names(by_index(indexed).search(question))) == {"green"}, "the nearest frame is its own"
    assert len(set(names(by_index(indexed, exact_limit_mib=4096).search(question)))) == 5


def test_filters_hold_for_the_index_too(
    indexed: Library, with_index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "NEAREST_FRAMES", 1)
    only = Filters(within=(with_index / "videos" / "flag.mp4",))
    question = Question(text="green", filters=only, channel="pictures")
    assert set(names(by_index(indexed).search(question))) == {"flag"}


def test_where_words_are_said_is_scored_beside_what_the_index_finds(
    indexed: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "NEAREST_FRAMES", 1)
    hits = by_index(indexed).search(Question(text="green", limit=20)).hits
    (said,) = (hit for hit in hits if hit.words == [{"word": "green", "field": "subtitle"}])
    assert (said.channel, said.start_seconds) == ("both", 0.5)
    assert said.similarity is not None


def test_what_is_asked_about_is_left_out(opened: Library, prepared: Path) -> None:
    with opened.read() as connection:
        flag = lookup.video_at(connection, prepared / "videos" / "flag.mp4")
    assert flag is not None
    whole = Question(vector=vector("red"), channel="pictures", without=(flag, None))
    assert "flag" not in names(searcher(opened).search(whole))
    moment = Question(vector=vector("red"), channel="pictures", without=(flag, 1.0), limit=20)
    spans = [h.start_seconds for h in searcher(opened).search(moment).hits if Path(h.path).stem == "flag"]
    assert spans
    assert min(spans) > 2.5


def test_a_question_without_a_question_finds_nothing(opened: Library) -> None:
    assert searcher(opened).search(Question()).hits == ()
    assert Searcher(opened, None, None).search(Question(text="red", channel="pictures")).hits == ()


def test_an_open_searcher_sees_what_is_indexed_meanwhile(tmp_path: Path) -> None:
    videos = tmp_path / "videos"
    film(videos / "red.mp4", "red")
    with open_library(tmp_path / "library", create=True) as library:
        run(ingest(library), videos)
        asked = searcher(library)
        assert names(asked.search(Question(text="blue", channel="pictures"))) == ["red"]
        film(videos / "blue.mp4", "blue")
        with open_library(tmp_path / "library") as other:
            run(ingest(other), videos)
        assert names(asked.search(Question(text="blue", channel="pictures"))) == ["blue", "red"]
        film(videos / "red.mp4", "yellow")
        with open_library(tmp_path / "library") as other:
            run(ingest(other), videos)
        hits = asked.search(Question(text="yellow", channel="pictures")).hits
        assert (Path(hits[0].path).stem, len(hits)) == ("red", 2)


def test_a_moment_without_its_frame_is_shown_without_thumbnail(prepared: Path, tmp_path: Path) -> None:
    shutil.copytree(prepared / "library", tmp_path / "library")
    shutil.rmtree(tmp_path / "library" / "frames")
    shutil.rmtree(tmp_path / "library" / "thumbnails", ignore_errors=True)
    with open_library(tmp_path / "library") as library:
        hits = searcher(library).search(Question(text="red", channel="pictures", limit=1)).hits
    assert [Path(hit.path).stem for hit in hits] == ["red"]
    assert hits[0].thumbnail is None


def test_equal_scores_have_one_order(opened: Library) -> None:
    question = Question(text="purple", channel="pictures", limit=20)
    assert searcher(opened).search(question).hits == searcher(opened).search(question).hits


def test_a_film_of_many_moments_hides_no_other(tmp_path: Path) -> None:
    film(tmp_path / "videos" / "stripes.mp4", *(2 * DEPTH * ["red", "white"])[: 2 * DEPTH + 20])
    for colour in ("orange", "purple"):
        film(tmp_path / "videos" / f"{colour}.mp4", colour)
    with open_library(tmp_path / "library", create=True) as library:
        run(ingest(library), tmp_path / "videos")
        asked = searcher(library)
        hits = asked.search(Question(text="red", channel="pictures")).hits
        assert [Path(hit.path).stem for hit in hits[:3]] == 3 * ["stripes"]
        assert {Path(hit.path).stem for hit in hits[3:]} == {"orange", "purple"}
        assert [hit.instant_rank for hit in hits[:3]] == [1, 2, 3]
        only = asked.search(Question(text="red", channel="pictures", per_video=None, limit=5))
        assert names(only) == 5 * ["stripes"]


def test_both_channels_meet_where_the_words_are_said(tmp_path: Path) -> None:
    """Though more moments of the film look better than one video may show."""
    stripes = film(tmp_path / "videos" / "stripes.mp4", *["red", "white"] * 5, "purple", "white")
    srt(stripes.with_suffix(".srt"), (20.5, 21.5, "the red king"))
    with open_library(tmp_path / "library", create=True) as library:
        run(ingest(library), tmp_path / "videos")
        first, *others = searcher(library).search(Question(text="red", per_video=1)).hits
    assert (first.channel, first.start_seconds, others) == ("both", 20.5, [])
    assert first.instant_rank == 2


def prefix(hits: Sequence[Hit]) -> list[tuple[str, float, str]]:
    return [(hit.path, hit.start_seconds, hit.channel) for hit in hits]


def test_an_answer_comes_step_by_step(opened: Library) -> None:
    asked, ranking, question = searcher(opened), Backwards(), Question(text="red", limit=20)
    asked.reranker = ranking
    words, full, reranked = asked.stages(question)
    assert [answer.stage for answer in (words, full, reranked)] == ["words", "full", "reranked"]
    assert len(ranking.given) == 1
    assert words.hits == asked.search(dataclasses.replace(question, channel="words")).hits
    assert full.hits == searcher(opened).search(question).hits
    last = asked.search(question)
    assert (reranked.hits, reranked.rerank, reranked.stage) == (last.hits, last.rerank, last.stage)
    assert (full.rerank, full.timings_ms["rerank"]) == (None, None)
    assert (reranked.timings_ms["rerank"] or 0) > 0


def test_steps_without_words_or_without_a_reranker_are_left_out(opened: Library) -> None:
    asked = searcher(opened)
    assert [answer.stage for answer in asked.stages(Question(text="red"))] == ["words", "full"]
    only = [answer.stage for answer in asked.stages(Question(text="red", channel="pictures"))]
    by_example = [answer.stage for answer in asked.stages(Question(vector=vector("red")))]
    assert only == by_example == ["full"]
    (answer,) = asked.stages(Question(text="red", channel="words"))
    assert prefix(answer.hits) == prefix(asked.search(Question(text="red", channel="words")).hits)


def test_what_words_answered_a_moment_ago_is_not_asked_again(
    opened: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    question = Question(text="blue flag", thumbnails=False)
    words = answer_by_words(opened, dataclasses.replace(question, channel="words"), serving(opened))
    expected = list(searcher(opened).stages(question))[1:]
    monkeypatch.setattr(fulltext, "find", None)
    found = list(searcher(opened).stages(question, words))
    assert [(one.stage, one.hits) for one in found] == [(one.stage, one.hits) for one in expected]


def test_half_a_word_is_read_completed_and_its_letters_are_looked_for(opened: Library) -> None:
    half = Question(text="blu", unfinished=True, completed="blue", thumbnails=False)
    answer, whole = (searcher(opened).search(one) for one in (half, Question(text="blue", thumbnails=False)))
    assert [(hit.path, hit.similarity, hit.channel) for hit in answer.hits] == [
        (hit.path, hit.similarity, hit.channel) for hit in whole.hits
    ]
    assert answer.hits[0].words == [{"word": "blu", "field": "name"}]


def test_the_best_similarity_of_each_text_is_told(opened: Library) -> None:
    blue, both, purple = searcher(opened).best_similarities(["blue", "red white", "purple"])
    best = searcher(opened).search(Question(text="blue", channel="pictures")).hits[0].similarity
    assert blue == pytest.approx(best, abs=2e-3)
    assert blue > both > purple
    assert Searcher(opened, serving(opened), None).best_similarities(["blue"]) == []


def test_a_query_is_embedded_once_for_all_steps(opened: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = searcher(opened)
    texts: list[list[str]] = []
    asked.reranker = Backwards()
    monkeypatch.setattr(asked, "encoder", Spying(texts))
    list(asked.stages(Question(text="red")))
    assert texts == [["red"]]


class Spying(FakeEncoder):
    """Notes which texts it embeds."""

    def __init__(self, noted: list[list[str]]) -> None:
        super().__init__()
        self._noted = noted

    def texts(self, texts: Sequence[str], *, tokens: bool = False) -> QueryFeatures:
        self._noted.append(list(texts))
        return super().texts(texts, tokens=tokens)


def test_steps_see_what_was_forgotten_between_them(prepared: Path, tmp_path: Path) -> None:
    shutil.copytree(prepared / "library", tmp_path / "library")
    with open_library(tmp_path / "library") as library:
        asked = searcher(library)
        asked.reranker = Backwards()
        stages = asked.stages(Question(text="red", channel="pictures", limit=20, per_video=None))
        full = next(stages)
        assert "red" in names(full)
        with library.write() as connection:
            forget(connection, [prepared / "videos" / "red.mp4"], at=1.0)
        (reranked,) = stages
    assert names(reranked) == [name for name in reversed(names(full)) if name != "red"]


class Loaded:
    """Loads the fake encoder of a space, and notes of which."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def __call__(self, space: Space) -> Encoder:
        self.names.append(space.encoder)
        return FakeEncoder(name=space.encoder)


def test_a_searcher_that_is_kept_goes_on_in_the_space_that_serves(tmp_path: Path) -> None:
    for colour in ("red", "blue"):
        film(tmp_path / "videos" / f"{colour}.mp4", colour)
    question, load = Question(text="blue", channel="pictures"), Loaded()
    with open_library(tmp_path / "library", create=True) as library:
        run(ingest(library), tmp_path / "videos")
        before = serving(library)
        follows = Searcher(library, before, FakeEncoder(), reranker=Backwards(), load_encoder=load)
        assert names(follows.search(question)) == ["red", "blue"], "turned round by its reranker"
        assert load.names == []
        with open_library(tmp_path / "library") as other:
            ingest(other).use("another")
            sweep(other)
        assert serving(library) != before
        answer = follows.search(question)
        assert (names(answer), answer.stage) == (["blue", "red"], "full")
        assert (load.names, follows.space, follows.reranker) == (["another"], serving(library), None)
        assert names(follows.search(question)) == ["blue", "red"]
        assert load.names == ["another"], "it is loaded once"


def test_a_switch_between_the_embedding_and_the_search_is_asked_again(tmp_path: Path) -> None:
    for colour in ("red", "blue"):
        film(tmp_path / "videos" / f"{colour}.mp4", colour)
    load = Loaded()
    with open_library(tmp_path / "library", create=True) as library:
        run(ingest(library), tmp_path / "videos")

        class Switching(FakeEncoder):
            """Another space serves by the time that it has embedded its first text."""

            def texts(self, texts: Sequence[str], *, tokens: bool = False) -> QueryFeatures:
                with open_library(tmp_path / "library") as other:
                    ingest(other).use("another")
                return super().texts(texts, tokens=tokens)

        follows = Searcher(library, serving(library), Switching(), load_encoder=load)
        assert names(follows.search(Question(text="blue", channel="pictures"))) == ["blue", "red"]
        assert (load.names, follows.space) == (["another"], serving(library))


def test_a_searcher_of_an_empty_library_finds_what_comes(tmp_path: Path) -> None:
    film(tmp_path / "videos" / "red.mp4", "red")
    load = Loaded()
    with open_library(tmp_path / "library", create=True) as library:
        follows = Searcher(library, None, None, load_encoder=load)
        assert follows.search(Question(text="red")).hits == ()
        with open_library(tmp_path / "library") as other:
            run(ingest(other), tmp_path / "videos")
        assert names(follows.search(Question(text="red", channel="pictures"))) == ["red"]
    assert load.names == ["fake"]
