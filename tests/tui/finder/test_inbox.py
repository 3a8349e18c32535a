"""What waits for the finder's thread, in the order in which it came."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from mediaindex_tui.finder.inbox import Inbox
from mediaindex_tui.messages import Ask, WantStatus, line_of


@pytest.fixture
def inbox(monkeypatch: pytest.MonkeyPatch) -> Inbox:
    monkeypatch.setattr("os._exit", lambda _code: None)
    return Inbox()


def test_requests_are_read_and_what_is_none_is_left_out(inbox: Inbox) -> None:
    inbox.read([line_of(Ask(1, "a")), b"no request\n", b'{"type":"Ask"}\n', line_of(WantStatus())])
    assert [one.what for one in inbox.take(0.0)] == [Ask(1, "a"), WantStatus()]
    assert inbox.take(0.0) == []
    assert inbox.has_ended


def test_what_comes_later_came_later(inbox: Inbox) -> None:
    inbox.put("first")
    inbox.put("second")
    first, second = inbox.take(0.0)
    assert first.at <= second.at


def test_whoever_waits_is_woken_by_what_comes_and_by_the_end(inbox: Inbox) -> None:
    for wake in (lambda: inbox.put("news"), inbox.end):
        thread = threading.Thread(target=wake)
        thread.start()
        taken = inbox.take(600.0)
        thread.join()
        assert taken or inbox.has_ended


def test_a_pipe_that_breaks_is_an_end(inbox: Inbox) -> None:
    def lines() -> Iterator[bytes]:
        yield line_of(WantStatus())
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        inbox.read(lines())
    assert inbox.has_ended
