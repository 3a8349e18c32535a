"""The link to the finder: it starts one, asks it, starts it again where it dies, and ends it."""

from __future__ import annotations

import os
import queue
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from mediaindex_tui import link as link_module
from mediaindex_tui.finder_log import finder_log
from mediaindex_tui.link import Link
from mediaindex_tui.messages import (
    Answer,
    Ask,
    Mark,
    Note,
    Noted,
    Notice,
    Ready,
    RemoveCaption,
    Reply,
    SaveSearch,
    Status,
    WantStatus,
)
from tests.support.fake_finder import moment

PATIENCE = 60.0
SAYS_READY = "from mediaindex_tui.messages import *; import sys, os; say = sys.stdout.buffer"
SPEAK = f"{SAYS_READY}; say.write(line_of(Ready('words', videos=os.getpid()))); say.flush()"
ECHOES = (
    SPEAK
    + """
for line in sys.stdin.buffer:
    request = read_request(line)
    if isinstance(request, Ask):
        if request.text == "die":
            os._exit(3)
        say.write(b'{"type": "cut off')
        say.write(b"\\n" + line_of(Answer(request.number, "words", (), understood=request.text)))
    elif isinstance(request, Note):
        say.write(line_of(Noted(request)))
    else:
        say.write(line_of(Status(1, 2.0)))
    say.flush()
"""
)


@contextmanager
def linked(library: Path, code: str) -> Iterator[tuple[Link, queue.Queue[Reply]]]:
    replies: queue.Queue[Reply] = queue.Queue()
    link = Link(library, command=(sys.executable, "-c", code))
    link.start(replies.put)
    try:
        yield link, replies
    finally:
        link.close()


def next_of(replies: queue.Queue[Reply], kind: type[Reply]) -> Reply:
    while True:
        reply = replies.get(timeout=PATIENCE)
        if isinstance(reply, kind):
            return reply


def finder_of(replies: queue.Queue[Reply]) -> psutil.Process:
    ready = next_of(replies, Ready)
    assert isinstance(ready, Ready)
    return psutil.Process(ready.videos)


def test_a_question_goes_out_and_its_answer_comes_back(library: Path) -> None:
    with linked(library, ECHOES) as (link, replies):
        link.send(Ask(7, "a dog"))
        assert next_of(replies, Answer) == Answer(7, "words", (), understood="a dog")


def test_what_is_no_text_is_not_asked_and_harms_nothing(library: Path) -> None:
    with linked(library, ECHOES) as (link, replies):
        link.send(Ask(1, "half of \ud83d"))
        link.send(Ask(2, "a dog"))
        assert next_of(replies, Answer) == Answer(2, "words", (), understood="a dog")


def test_a_finder_ends_when_the_link_is_closed(library: Path) -> None:
    with linked(library, ECHOES) as (_link, replies):
        finder = finder_of(replies)
    assert not finder.is_running()


def test_a_finder_that_does_not_end_is_killed(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_module, "CLOSE_SECONDS", 0.1)
    with linked(library, SPEAK + "\nimport time; time.sleep(600)") as (_link, replies):
        finder = finder_of(replies)
    assert not finder.is_running()


def test_a_finder_that_is_killed_is_started_again_and_asked_again(library: Path) -> None:
    with linked(library, ECHOES) as (link, replies):
        first = finder_of(replies)
        link.send(Ask(1, "a dog"))
        next_of(replies, Answer)
        link.send(WantStatus())
        next_of(replies, Status)
        os.kill(first.pid, signal.SIGKILL)
        told = [replies.get(timeout=PATIENCE) for _ in range(4)]
        notice = "the search stopped (code 137: out of memory?), started again"
        assert Notice(notice, is_error=True) in told
        assert Answer(1, "words", (), understood="a dog") in told
        assert Status(1, 2.0) in told


def test_after_the_third_death_in_a_minute_words_answer_and_after_the_fourth_nobody(library: Path) -> None:
    with linked(library, "raise SystemExit(5)") as (link, replies):
        told = [next_of(replies, Notice) for _ in range(4)]
        link.send(WantStatus())  # to nobody, and without an error
    stopped, log = "the search stopped (code 5)", finder_log(library)
    expected = [
        f"{stopped}, started again",
        f"{stopped}, started again",
        f"{stopped} for the third time in a minute: words alone answer now; see {log}",
        f"{stopped} and is not started again; see {log}",
    ]
    assert sorted(told, key=str) == sorted((Notice(text, is_error=True) for text in expected), key=str)
    assert replies.empty()


def test_after_the_last_death_it_can_be_started_again(library: Path) -> None:
    with linked(library, "raise SystemExit(5)") as (link, replies):
        before = link.has_ended
        for _ in range(4):
            next_of(replies, Notice)
        assert (before, link.has_ended) == (False, True)
        link.start(replies.put)
        assert "started again" in str(next_of(replies, Notice))
        for _ in range(3):
            next_of(replies, Notice)
        assert link.has_ended


def test_words_alone_are_started_without_their_encoder(library: Path) -> None:
    code = "import sys; raise SystemExit(5 if '--words-only' not in sys.argv else os.EX_OK)"
    with linked(library, f"import os; {code}") as (_link, replies):
        told = [next_of(replies, Notice) for _ in range(4)]
    assert any("(code 0) and is not started again" in one.text for one in told if isinstance(one, Notice))


def test_a_finder_that_cannot_be_started_is_said(library: Path) -> None:
    replies: queue.Queue[Reply] = queue.Queue()
    link = Link(library, command=("/no/such/program",))
    link.start(replies.put)
    assert next_of(replies, Notice) == Notice(
        "the search cannot be started: No such file or directory", is_error=True
    )
    link.send(Ask(1, "a dog"))
    link.close()


def test_only_the_newest_question_of_a_dead_finder_is_asked_again(library: Path) -> None:
    with linked(library, ECHOES) as (link, replies):
        link.send(Ask(1, "first"))
        next_of(replies, Answer)
        link.send(Ask(2, "die"))
        link.send(Ask(3, "last"))
        answers = {next_of(replies, Answer)}
        assert answers == {Answer(3, "words", (), understood="last")}


def test_notes_that_a_dead_finder_had_read_are_repeated_in_their_order(library: Path) -> None:
    notes: list[Note] = [Mark("a dog", moment(1, 1, 0.0), True), SaveSearch("a dog"), RemoveCaption(3)]
    with linked(library, ECHOES) as (link, replies):
        finder = finder_of(replies)
        finder.suspend()  # what is sent now lies in the pipe, read by nobody
        for note in notes:
            link.send(note)
        finder.kill()
        assert [next_of(replies, Noted) for _ in notes] == [Noted(note) for note in notes]


def test_notes_that_were_answered_are_not_repeated(library: Path) -> None:
    with linked(library, ECHOES) as (link, replies):
        finder = finder_of(replies)
        link.send(SaveSearch("first"))
        next_of(replies, Noted)
        finder.kill()
        finder_of(replies)
        link.send(SaveSearch("second"))
        assert next_of(replies, Noted) == Noted(SaveSearch("second"))


def test_a_note_that_no_finder_will_take_is_refused(library: Path) -> None:
    with linked(library, "raise SystemExit(5)") as (link, replies):
        for _ in range(4):
            next_of(replies, Notice)
        link.send(SaveSearch("a dog"))
        notice, noted = (replies.get(timeout=PATIENCE) for _ in range(2))
    assert isinstance(notice, Notice)
    assert notice.text.endswith(f"is not started again; see {finder_log(library)}")
    assert noted == Noted(SaveSearch("a dog"), is_kept=False)


def test_notes_that_the_last_finder_did_not_take_are_said_to_be_lost(library: Path) -> None:
    with linked(library, SPEAK + "\nsys.stdin.read(1); os._exit(5)") as (link, replies):
        finder_of(replies)
        link.send(SaveSearch("a dog"))  # kills each finder that it is told to
        assert next_of(replies, Noted) == Noted(SaveSearch("a dog"), is_kept=False)


def test_half_a_character_in_a_note_is_not_kept_for_ever(library: Path) -> None:
    with linked(library, ECHOES) as (link, replies):
        link.send(SaveSearch("half of \ud83d"))
        link.send(SaveSearch("a dog"))
        assert next_of(replies, Noted) == Noted(SaveSearch("a dog"))
