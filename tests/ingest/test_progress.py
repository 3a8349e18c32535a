"""Reports and progress: their fields are the JSON that programs read."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from mediaindex.ingest.progress import Outlook, Progress, Report, failed_row


def test_a_report_has_the_keys_that_programs_read() -> None:
    assert list(dataclasses.asdict(Report())) == [
        *("videos", "indexed", "unchanged", "moved", "copies", "offline", "skipped", "failed", "frames"),
        *("segments", "decoded", "media_seconds", "elapsed_seconds", "broke"),
    ]


def test_reports_share_no_lists() -> None:
    report = Report()
    report.failed.append(failed_row(Path("/a.mp4"), "read", "damaged"))
    assert Report().failed == []
    assert report.failed == [{"path": "/a.mp4", "stage": "read", "reason": "damaged"}]


def test_progress_becomes_json_with_its_outlook() -> None:
    progress = Progress("indexing", 1, 2, media_seconds=3.0, outlook=Outlook(0.5, None, 7))
    assert json.loads(json.dumps(dataclasses.asdict(progress))) == {
        "stage": "indexing",
        "done": 1,
        "total": 2,
        "media_seconds": 3.0,
        "path": None,
        "outlook": {"searchable": 0.5, "ready_at": None, "disk_bytes": 7, "speed": None},
    }
