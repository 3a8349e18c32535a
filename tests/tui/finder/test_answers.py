"""A query becomes moments, as `search` finds them, with what a person is told about it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mediaindex.embed import loading
from mediaindex.errors import GeneratorUnavailable
from mediaindex.search.ranking.shortlist import RerankedList, Shortlist
from mediaindex_tui.messages import Answer, Ask, WordFound
from tests.support.backwards import Backwards
from tests.support.commands import index_quietly
from tests.support.films import film, jpeg
from tests.support.finders import AtDesk, of


def test_words_answer_first_then_both_channels(desk: AtDesk, films: Path) -> None:
    answers = of(desk.ask(Ask(5, "red flag")), Answer)
    assert [(one.number, one.stage) for one in answers] == [(5, "words"), (5, "full")]
    assert [moment.channel for moment in answers[0].moments] == ["words"]
    best = answers[1].moments[0]
    assert (best.name, best.channel, best.rank) == ("Holiday/flag.mp4", "both", 1)
    assert best.path == os.fsencode(films / "Holiday" / "flag.mp4")
    assert best.start <= best.best <= best.end < 5
    assert best.duration == pytest.approx(12.0, abs=0.5)
    assert WordFound("flag", "name") in best.words
    assert best.similarity is not None
    assert best.absence is None
    assert answers[1].videos == 2
    assert 0 < answers[0].milliseconds <= answers[1].milliseconds


def test_words_answer_before_the_encoder_is_there(cold: AtDesk) -> None:
    first = of(cold.ask(Ask(1, "dog")), Answer)[0]
    assert first.stage == "words"
    assert [moment.name for moment in first.moments] == ["beach_dog.mp4"]


def test_a_moment_has_the_same_key_whoever_finds_it(desk: AtDesk) -> None:
    keys = {moment.key for moment in desk.full("red").moments}
    assert desk.full("red flag").moments[0].key in keys


def test_the_language_of_queries_is_understood(desk: AtDesk) -> None:
    answer = desk.full('blue  in:Holiday longer:2x -"green sea"')
    assert {moment.name for moment in answer.moments} == {"Holiday/flag.mp4"}
    assert answer.understood == 'blue -"green sea" in:Holiday'
    (problem,) = answer.problems
    assert (problem.start, problem.end) == (17, 26)
    assert problem.text.startswith("longer:2x is no length")
    assert answer.videos == 1


def test_channels_may_be_named(desk: AtDesk) -> None:
    assert [one.stage for one in of(desk.ask(Ask(1, "dog by:words")), Answer)] == ["words"]
    assert [one.stage for one in of(desk.ask(Ask(1, "red by:pictures")), Answer)] == ["full"]


def test_a_moment_is_a_query_and_one_comes_after_the_other(desk: AtDesk, films: Path) -> None:
    like = desk.full(f"like:{films / 'Holiday' / 'flag.mp4'}@1")
    assert like.moments
    assert all(moment.start > 1 or moment.name != "Holiday/flag.mp4" for moment in like.moments)
    then = desk.full("red then:20s blue").moments[0]
    assert (then.name, then.start < 4, then.end > 8) == ("Holiday/flag.mp4", True, True)


def test_a_file_that_is_not_indexed_is_looked_at_once(
    desk: AtDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = jpeg(tmp_path / "blue.jpg", "blue")
    first = desk.full(f"like:{picture}")
    assert first.moments[0].start >= 8
    monkeypatch.setattr(loading, "load_encoder", None)
    assert desk.full(f"like:{picture}").moments == first.moments


def test_the_better_order_comes_last_where_a_generator_is_on(desk: AtDesk) -> None:
    searcher = desk.desk.searcher
    assert searcher is not None
    searcher.reranker = Backwards()
    answers = of(desk.ask(Ask(1, "red by:pictures")), Answer)
    assert [one.stage for one in answers] == ["full", "reranked"]
    full, reranked = ([moment.key for moment in one.moments] for one in answers)
    assert sorted(full) == sorted(reranked)
    assert full != reranked
    assert [one.stage for one in of(desk.ask(Ask(2, "red by:pictures", instant=True)), Answer)] == ["full"]
    assert of(desk.ask(Ask(3, "red then blue")), Answer)[-1].stage == "full"


def test_a_generator_that_cannot_rank_is_left_out(desk: AtDesk) -> None:
    class Unfit(Backwards):
        def rerank(self, shortlist: Shortlist) -> RerankedList:
            raise GeneratorUnavailable("no evidence")

    searcher = desk.desk.searcher
    assert searcher is not None
    searcher.reranker = Unfit()
    for number in (1, 2):
        assert [one.stage for one in of(desk.ask(Ask(number, "red by:pictures")), Answer)] == ["full"]
    assert searcher.reranker is None


def test_what_leaves_nothing_is_named(desk: AtDesk) -> None:
    answer = desk.full("red after:2030")
    assert answer.moments == ()
    assert answer.notes == ("after:2030 leaves no video; without it 2. The newest is of 3 May 2024",)
    assert answer.videos == 0


def test_what_was_misspelt_is_told_once_the_word_is_finished(desk: AtDesk) -> None:
    assert '"capitan" is nowhere; searched for "captain"' in desk.full("bearded capitan").notes
    assert desk.full("bearded capitan", caret=15).notes == ()


def test_a_language_that_the_encoder_does_not_read_is_told(desk: AtDesk) -> None:
    notes = desk.full("der rote Hund spielt am Strand mit den Kindern").notes
    assert any("this query is in German" in note for note in notes)


def test_an_empty_query_and_any_other_text_are_answered(desk: AtDesk) -> None:
    assert desk.full("   ").moments == ()
    for text in ("x" * 10_000, "\x1b[31m red", "‮red", 'in:"', "-", "then", "like:", "red\0"):
        assert all("\x1b" not in one.text for one in desk.full(text).problems)


def test_larger_limits_give_more(desk: AtDesk) -> None:
    first = desk.full("red", limit=2)
    assert (len(first.moments), first.more) == (2, True)
    every = desk.full("red", limit=60)
    assert not every.more
    assert every.moments[:2] == first.moments


def test_a_film_that_is_away_is_badged(desk: AtDesk, films: Path) -> None:
    path = films / "beach_dog.mp4"
    path.rename(path.with_suffix(".away"))
    try:
        assert desk.full("dog").moments[0].absence == "gone: it was moved or deleted"
    finally:
        path.with_suffix(".away").rename(path)


def test_names_cannot_steer_a_terminal(desk: AtDesk, tmp_path: Path) -> None:
    hostile = film(tmp_path / "more" / "\x1b[31m‮dog.mp4", "red")
    index_quietly(desk.library, hostile)
    names = [name for name in desk.names("dog") if "dog.mp4" in name]
    assert r"\x1b[31m\u202edog.mp4" in names
