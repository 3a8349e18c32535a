"""Numbered lines: what is typed, what is printed, and nothing that steers a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mediaindex_tui import messages
from mediaindex_tui.messages import Ask, Notice
from mediaindex_tui.plain import Plain
from mediaindex_tui.playing import Playing
from tests.support.fake_finder import FakeFinder, moment

Opened = list[tuple[Path, float]]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Opened:
    found: Opened = []

    def play(self: Playing, path: Path, seconds: float) -> None:
        found.append((path, seconds))
        self.say(Notice("it plays"))

    monkeypatch.setattr(Playing, "open", play)
    return found


def session(finder: FakeFinder, *lines: str) -> int:
    """The exit code of a session in which these lines are typed, and then Ctrl-D."""
    typed: Iterator[str] = iter(lines)

    def read(_prompt: str) -> str:
        try:
            return next(typed)
        except StopIteration:
            raise EOFError from None

    return Plain(finder, read=read).run()


def test_a_query_is_answered_in_numbered_lines(
    finder: FakeFinder, capsys: pytest.CaptureFixture[str]
) -> None:
    assert session(finder, "dog", "q") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "104 videos, 23 min; ? explains"
    assert lines[1] == "1. 0:04–0:08, likely: Holiday 2024/beach_walk.mp4"
    assert "marked right" in lines[3]
    assert "Backup-2 is not plugged in" in lines[6]
    assert finder.is_closed


def test_a_number_opens_the_moment(
    finder: FakeFinder, opened: Opened, capsys: pytest.CaptureFixture[str]
) -> None:
    assert session(finder, "dog", "2", "99", "6") == 0
    assert opened == [(Path("/videos/Holiday 2024/beach_walk.mp4"), 15.0)]
    out = capsys.readouterr().out
    assert "it plays" in out
    assert "there is no moment 99 here" in out
    assert "cannot be played now: Backup-2 is not plugged in" in out
    assert [one.query for one in finder.asked(messages.Opened)] == ["dog"]


def test_marks_captions_and_examples(finder: FakeFinder, capsys: pytest.CaptureFixture[str]) -> None:
    session(finder, "dog", "+ 1", "- 2", "c 1 Rex on sand", "c 1", "again", "m 1", "?")
    assert [(mark.moment.key, mark.right) for mark in finder.asked(messages.Mark)] == [
        ("1:4", True),
        ("1:15", False),
    ]
    assert [caption.text for caption in finder.asked(messages.AddCaption)] == ["Rex on sand"]
    asked = finder.asked(Ask)
    assert asked[1].with_marks
    assert asked[2].text == 'like:"/videos/Holiday 2024/beach_walk.mp4@6"'
    out = capsys.readouterr().out
    assert "write the caption behind the number" in out
    assert "this help" in out


def test_more_goes_on(finder: FakeFinder, capsys: pytest.CaptureFixture[str]) -> None:
    finder.moments = tuple(moment(n, n, 0.0) for n in range(1, 16))
    session(finder, "dog", "more", "more", "nothing")
    out = capsys.readouterr().out
    assert "5 further moments: more" in out
    assert "15. " in out
    assert "no more moments" in out
    assert len(finder.asked(Ask)) == 2


def test_more_goes_on_behind_the_first_page(finder: FakeFinder, capsys: pytest.CaptureFixture[str]) -> None:
    finder.moments = tuple(moment(n, n, 0.0) for n in range(1, 64))
    session(finder, "dog", *["more"] * 7)
    out = capsys.readouterr().out
    assert out.count("further moments: more") == 6
    assert out.count("\n60. ") == out.count("\n61. ") == out.count("\n63. ") == 1
    assert out.count("no more moments") == 1


def test_the_player_is_let_go(finder: FakeFinder, monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[Playing] = []
    monkeypatch.setattr(Playing, "close", lambda self: closed.append(self))
    session(finder, "q")
    assert len(closed) == 1


def test_what_is_not_kept_is_not_said_to_be(finder: FakeFinder, capsys: pytest.CaptureFixture[str]) -> None:
    send = finder.send

    def refuse(request: messages.Request) -> None:
        if isinstance(request, messages.Note):
            finder.tell(Notice("the disk is full", is_error=True))
            finder.tell(messages.Noted(request, is_kept=False))
        else:
            send(request)

    finder.send = refuse  # type: ignore[method-assign]
    finder.moments = (moment(1, 1, 0.0),)
    session(finder, "dog", "+ 1", "c 1 Rex")
    out = capsys.readouterr().out
    assert out.count("the disk is full") == 2
    assert "marked" not in out
    assert "caption kept" not in out


def test_nothing_found(finder: FakeFinder, capsys: pytest.CaptureFixture[str]) -> None:
    finder.moments = ()
    session(finder, "dog", "more")
    assert capsys.readouterr().out.count("no moment\n") == 2


def test_hostile_names_steer_nothing(finder: FakeFinder, capsys: pytest.CaptureFixture[str]) -> None:
    finder.moments = (moment(1, 1, 0.0, name="\x1b]0;x\x07\u202e.mp4", path=b"/caf\xe9.mp4"),)
    session(finder, "dog", "m 1")
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert "cannot stand in a query" in out


def test_ctrl_c_leaves(finder: FakeFinder) -> None:
    def read(_prompt: str) -> str:
        raise KeyboardInterrupt

    assert Plain(finder, read=read).run() == 130
    assert finder.is_closed
