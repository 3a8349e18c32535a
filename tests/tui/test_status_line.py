from __future__ import annotations

from mediaindex_tui.messages import Answer, Notice, Status
from mediaindex_tui.status_line import Standing
from tests.support.fake_finder import MOMENTS


def text(standing: Standing) -> str:
    return "".join(part for part, _ in standing.parts())


def test_all_that_can_be_said_the_newest_first() -> None:
    standing = Standing(
        Status(104, 1380.0, watcher="indexing 3 of 12", is_watching=True, offline=("Backup-2",), failures=4),
        Answer(1, "full", MOMENTS, videos=104, more=True),
        marked=3,
    )
    standing.say(Notice("copied"))
    assert text(standing) == (
        "copied · ● 3 marked · 6+ moments in 3 videos of 104 · watching: indexing 3 of 12"
        " · Backup-2 offline · 4 could not be read, F2"
    )
    assert [notice.text for notice in standing.said] == ["copied"]


def test_nothing_to_say() -> None:
    assert text(Standing()) == ""
    assert text(Standing(Status(0, 0.0))) == ""
    assert text(Standing(Status(9, 0.0))) == "nothing watches your folders, F2"


def test_what_is_said_steers_no_terminal() -> None:
    standing = Standing(Status(1, 0.0, watcher="\x1b[31m", is_watching=True, offline=("\u202ex",)))
    standing.say(Notice("\x1b]0;x\x07", is_error=True))
    assert not set(text(standing)) & set("\x1b\x07\u202e")
