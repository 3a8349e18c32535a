"""What may follow at the caret, and what half a word is asked as."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.store.library import Library, open_library
from mediaindex_tui.finder.words import common_words, completed, is_word, offers
from mediaindex_tui.messages import Ask, Completions
from tests.support.finders import AtDesk, of


def texts(library: Path, typed: str) -> list[str]:
    with open_library(library) as opened:
        return [one.text for one in offers(opened, typed, len(typed))]


def test_words_of_the_library_come_first_then_those_of_the_language(library: Path) -> None:
    found = texts(library, "a bea")
    assert found[:2] == ["beach", "bearded"]
    assert {"bear", "beach"} < set(found)


def test_values_of_keys_are_offered(library: Path) -> None:
    assert texts(library, "in:hol") == ["in:Holiday"]
    assert texts(library, "after:2024") == ["after:2024-05-03"]
    assert texts(library, "is:") == ["is:online", "is:marked"]


def test_a_finished_word_is_left_alone(library: Path) -> None:
    assert texts(library, "beach ") == []
    assert texts(library, '"beach"') == []


def test_the_frequent_words_come_first_and_small_ones_never() -> None:
    words = common_words("do")
    assert words.index("dog") < words.index("dolphins")
    assert "does" not in words
    assert common_words("dog") == [word for word in common_words("dog") if word != "dog"]
    assert common_words("123") == common_words("") == []
    assert is_word("Beach")
    assert not is_word("beac")


@given(st.text(max_size=12))
def test_any_text_may_begin_a_word(beginning: str) -> None:
    assert all(word.startswith(beginning.casefold()[:1]) or beginning for word in common_words(beginning))


class Answering:
    """Stands for a searcher: a sentence is answered as well as is said here, others not at all."""

    def __init__(self, **similar: float) -> None:
        self.similar = similar
        self.asked: list[str] = []

    def best_similarities(self, sentences: list[str]) -> list[float]:
        self.asked = sentences
        return [self.similar.get(sentence.replace(" ", "_"), 0.0) for sentence in sentences]


@pytest.mark.parametrize(
    ("sentence", "words", "similar", "ghost"),
    [
        ("a do", ["door", "dog"], {"a_dog": 0.4, "a_door": 0.2}, "g"),
        ("dog", ["dogs"], {"dog": 0.4, "dogs": 0.3}, ""),  # whole as it is
        ("dog", ["dogs"], {"dog": 0.3, "dogs": 0.4}, "s"),
        ("beac", ["beach"], {}, "h"),  # nothing else is possible
        ("a", ["after:", "apple"], {"apple": 0.2}, "pple"),  # a key is no word
        ("zzq", [], {}, ""),
        ("Do", ["dog", "door"], {"Dog": 0.4}, "g"),
    ],
)
def test_the_word_is_taken_that_is_answered_best(
    sentence: str, words: list[str], similar: dict[str, float], ghost: str
) -> None:
    assert completed(Answering(**similar), sentence, words) == ghost  # type: ignore[arg-type]


def test_half_a_word_is_asked_completed(desk: AtDesk) -> None:
    asked = desk.ask(Ask(1, "whi", caret=3))
    (completions,) = of(asked, Completions)
    assert completions.ghost == "te"
    assert completions.offers[0].text == "white"
    assert (completions.offers[0].start, completions.offers[0].end) == (0, 3)
    best = desk.replies[-1].moments[0]  # type: ignore[union-attr]
    whole = desk.full("white").moments[0]
    assert (best.key, best.similarity) == (whole.key, whole.similarity)


def test_nothing_is_completed_within_a_text_nor_behind_a_word(desk: AtDesk) -> None:
    for text, caret in (("whi flag", 3), ("white ", 6)):
        (completions,) = of(desk.ask(Ask(1, text, caret=caret)), Completions)
        assert completions.ghost == ""
    assert of(desk.ask(Ask(1, "whi")), Completions) == []


def test_offers_read_one_snapshot(library: Path) -> None:
    with open_library(library) as opened:
        assert isinstance(opened, Library)
        assert offers(opened, "", 0) == ()
