"""The report of a pass, as a person reads it."""

from __future__ import annotations

from typing import Any

import pytest

from mediaindex.cli.shared.output import Output
from mediaindex.cli.shared.report import print_report

NOTHING: dict[str, Any] = {
    **dict.fromkeys(("videos", "indexed", "unchanged", "moved", "copies", "offline"), 0),
    "skipped": [],
    "failed": [],
    "media_seconds": 0.0,
    "elapsed_seconds": 1.0,
}


def printed(
    capsys: pytest.CaptureFixture[str], report: dict[str, Any], *, as_json: bool = False
) -> list[str]:
    print_report(report, Output(as_json=as_json, command="index"))
    return capsys.readouterr().out.splitlines()


def test_counts_of_zero_are_left_out_but_for_what_is_indexed(capsys: pytest.CaptureFixture[str]) -> None:
    report = {**NOTHING, "videos": 3, "moved": 2, "media_seconds": 61.0}
    assert printed(capsys, report) == ["0 indexed, 2 moved; 1:01 of video in 0:01"]


def test_a_folder_without_videos_is_named_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(capsys, NOTHING)[1:] == ["no videos were found here"]
    assert len(printed(capsys, {**NOTHING, "offline": 1})) == 1


def test_each_file_that_was_not_read_has_a_line_with_its_reason(capsys: pytest.CaptureFixture[str]) -> None:
    skipped = [{"path": "/song.mp4", "reason": "no picture"}]
    failed = [{"path": "/torn.mp4", "reason": "cut off"}]
    lines = printed(capsys, {**NOTHING, "skipped": skipped, "failed": failed})
    assert lines[1:] == ["skipped /song.mp4: no picture", "failed  /torn.mp4: cut off"]


def test_a_program_reads_no_lines(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(capsys, NOTHING, as_json=True) == []
