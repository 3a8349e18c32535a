from __future__ import annotations

import pytest

from mediaindex_tui.messages import Answer, Ask, Mark, Moment, RemoveCaption, SaveSearch, Stage
from mediaindex_tui.session import Session
from tests.support.fake_finder import MOMENTS, moment


def test_an_edit_is_a_new_question_without_marks() -> None:
    session = Session(with_marks=True, limit=560)
    assert session.edited("dog", 3) == Ask(1, "dog", 3)
    session.with_marks = True
    assert session.again() == Ask(2, "dog", 3, with_marks=True)


def test_nothing_is_asked_for_an_empty_query() -> None:
    session = Session()
    session.edited("dog", 3)
    assert session.edited("  ", 2) is None
    assert session.is_empty
    assert not session.takes(Answer(1, "full", MOMENTS))  # one that was on its way


@pytest.mark.parametrize(
    ("order", "shown"),
    [
        ([(1, "words"), (1, "full"), (1, "reranked")], (1, "reranked")),
        ([(1, "reranked"), (1, "words")], (1, "reranked")),
        ([(2, "words"), (1, "reranked")], (2, "words")),
        ([(1, "full"), (2, "words")], (2, "words")),
        ([(3, "words")], None),
    ],
)
def test_only_a_newer_answer_is_taken(
    order: list[tuple[int, Stage]], shown: tuple[int, Stage] | None
) -> None:
    session = Session()
    session.edited("d", 1)
    session.edited("do", 2)
    for number, stage in order:
        session.takes(Answer(number, stage, MOMENTS))
    answer = session.answer
    assert (answer and (answer.number, answer.stage)) == shown
    assert session.is_settled is (shown is not None and shown[0] == 2)


def test_a_larger_page_is_asked_for_once() -> None:
    page: list[Moment] = [moment(n, n, 0.0) for n in range(1, 61)]
    session = Session()
    session.edited("dog", None)
    assert session.more(59, 60) is None  # nothing is known of it yet
    session.takes(Answer(1, "full", tuple(page), more=True))
    assert session.more(29, 60) is None
    asked = session.more(30, 60)
    assert asked is not None
    assert asked.limit == 560
    assert session.more(31, 60) is None
    session.takes(Answer(2, "full", tuple(page), more=False))
    assert session.more(59, 60) is None


def test_changes_are_undone_the_newest_first() -> None:
    session = Session(text="dog")
    first = MOMENTS[0]
    assert session.marked(first, None, True) == Mark("dog", first, True)
    session.caption_kept(7)
    session.caption_kept(7)  # told again by the next finder
    session.saved("dog", saved=True)
    undone = [session.undo() for _ in range(4)]
    assert [undo and undo.request for undo in undone] == [
        SaveSearch("dog", False),
        RemoveCaption(7),
        Mark("dog", first, None),
        None,
    ]


def test_a_caption_names_its_moment() -> None:
    asked = Session().captioned(MOMENTS[0], "Rex on sand")
    assert (asked.video_id, asked.start, asked.end, asked.text) == (1, 4.0, 8.0, "Rex on sand")
    assert asked.at > 0


def test_each_opening_is_one_of_its_own() -> None:
    session = Session(text="dog")
    first, second = (session.opened(MOMENTS[0], 4.0) for _ in range(2))
    assert (first.query, first.moment, first.seconds) == ("dog", MOMENTS[0], 4.0)
    assert second.at >= first.at


def test_what_the_words_alone_find_takes_no_place_of_the_same_question() -> None:
    session = Session()
    session.edited("dog", 3)
    assert session.takes(Answer(1, "words", ()))
    assert session.takes(Answer(1, "full", MOMENTS))
    session.again()
    assert not session.takes(Answer(2, "words", ()))
    assert session.takes(Answer(2, "full", MOMENTS))
    session.edited("dogs", 4)
    assert session.takes(Answer(3, "words", ()))
