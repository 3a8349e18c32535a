"""How commands speak: progress in a pipe."""

from __future__ import annotations

import time

import pytest

from mediaindex.cli.shared import output as spoken
from mediaindex.cli.shared.output import Output, ProgressLine, plain_line


def test_a_plain_line_says_how_far_how_fast_and_how_long_still() -> None:
    told = {"stage": "indexing", "done": 20, "total": 100}
    assert plain_line(told, 30.0, "4.0x real time") == "indexing 20 of 100, 4.0x real time, 2:00 left"
    assert plain_line({"stage": "scanning", "done": 300, "total": None}, 1.0, "") == "scanning 300"


def test_in_a_pipe_progress_is_a_line_now_and_then(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    with ProgressLine(Output(as_json=True, command="index")) as progress:
        for done in range(30):
            progress({"stage": "indexing", "done": done, "total": 30, "media_seconds": 8.0 * done})
            clock[0] += 1.0
    shown = capsys.readouterr()
    assert shown.out == ""
    assert len(shown.err.splitlines()) == 30 // int(spoken.PLAIN_LINE_SECONDS) - 1
    assert "8.0x real time" in shown.err
