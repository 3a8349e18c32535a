from __future__ import annotations

from mediaindex_tui.messages import Answer, Span
from mediaindex_tui.second_line import second_line, state_text
from mediaindex_tui.session import Session
from tests.support.fake_finder import MOMENTS


def line(session: Session, ghost: str = "", offers: tuple[Span, ...] = ()) -> str:
    return "".join(text for text, _ in second_line(session, ghost, offers)).strip()


def test_a_problem_comes_before_all_else() -> None:
    answer = Answer(1, "full", MOMENTS, "dog", (Span(0, 1, "no day"),), ("a note",), confident=False)
    assert line(Session(text="dog", answer=answer)) == "no day"


def test_what_is_offered_stands_behind_it() -> None:
    assert line(Session(text="in:"), offers=(Span(3, 3, "Holiday"), Span(3, 3, "Work"))) == "→ Holiday · Work"
    assert line(Session(text="bea"), ghost="ch\x1b") == '→ takes "ch\\x1b"'


def test_what_was_understood_is_said_where_it_differs() -> None:
    assert line(Session(text="Dog ", answer=Answer(1, "full", MOMENTS, "dog"))) == ""
    assert line(Session(text="dog on:2024", answer=Answer(1, "full", MOMENTS, "dog after:2024-01-01"))) == (
        "dog after:2024-01-01"
    )
    assert line(Session()) == ""


def test_the_state_of_the_answer() -> None:
    assert state_text(Session(), ()) == "opening"
    assert state_text(Session(), (), has_failed=True) == "not open"
    assert state_text(Session(), ("words",), has_failed=True) == "words ready"
    assert state_text(Session(), ("words",)) == "words ready"
    assert state_text(Session(), ("words", "pictures")) == "ready"
    asked = Session(text="dog", answer=Answer(1, "full", MOMENTS, milliseconds=33.6))
    assert state_text(asked, ("words",)) == "instant · 34 ms"
    assert state_text(Session(text="x", answer=Answer(1, "full", (), videos=104)), ()) == "no moment"
    assert state_text(Session(text="x", answer=Answer(1, "full", ())), ()) == "0 videos"
