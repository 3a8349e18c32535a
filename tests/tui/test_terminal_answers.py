"""What a terminal answers, on real pseudo-terminals that answer and that do not."""

from __future__ import annotations

import sys

import pytest

from mediaindex_tui.terminal_answers import Answers, answers_in
from tests.support.terminals import PIXEL_TERMINAL, Terminal

ASKS = "from mediaindex_tui.terminal_answers import ask_terminal; print('<', ask_terminal({}), '>', sep='')"


@pytest.mark.parametrize(
    ("said", "answers", "words"),
    [
        (b"\x1b_Gi=31;OK\x1b\\\x1b[?62;4;22c", Answers(kitty=True, sixel=True), "kitty pictures and sixels"),
        (b"\x1b_Gi=31;ENOENT:no\x1b\\\x1b[?62;22c", Answers(kitty=False, sixel=False), "no pixels"),
        (b"x\x1b[?4;6c", Answers(kitty=False, sixel=False), "no pixels"),  # the first is its level
        (b"\x1b[?65;1;4c", Answers(kitty=False, sixel=True), "sixels"),
    ],
)
def test_what_an_answer_says(said: bytes, answers: Answers, words: str) -> None:
    assert answers_in(said) == answers
    assert str(answers) == words


@pytest.mark.parametrize("said", [b"", b"\x1b_Gi=31;OK\x1b\\", b"typed \x1b[c"])
def test_without_its_attributes_nothing_is_known(said: bytes) -> None:
    assert answers_in(said) is None


def test_a_terminal_of_pixels_says_so_and_is_left_as_it_was() -> None:
    terminal = Terminal([sys.executable, "-c", ASKS.format(30)], answers=PIXEL_TERMINAL)
    terminal.until("<kitty pictures and sixels>")
    assert terminal.wait() == 0
    assert terminal.has_its_modes


def test_a_terminal_that_answers_nothing_is_not_waited_for() -> None:
    terminal = Terminal([sys.executable, "-c", ASKS.format(0.2)])
    terminal.until("<None>")
    assert terminal.wait() == 0
    assert terminal.has_its_modes
