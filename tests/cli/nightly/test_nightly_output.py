"""A night as JSON and as lines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mediaindex.cli.nightly.nightly_output import print_night
from mediaindex.cli.shared.output import Output
from tests.support.made_nights import AT, BENCHMARK, FALLEN, LIBRARY, measured, night, not_measured, row


def test_what_fell_has_its_interval_and_since_when(capsys: pytest.CaptureFixture[str]) -> None:
    one = night(measured(LIBRARY, row("library")), fallen=(FALLEN,))
    print_night(one, Path("/page.html"), Output(as_json=True, command="eval"))
    told = json.loads(capsys.readouterr().out)
    (fell,) = told["regression"]["rows"]
    assert fell["difference"] == {"value": -12.0, "low": -20.0, "high": -4.0}
    assert (fell["benchmark"], fell["metric"], fell["videos"], fell["reference"]) == ("library", "R@1", 50, 6)
    assert fell["since"] == "2026-02-27T03:30:00+00:00"
    assert (told["started_at"], told["report"]) == (AT.isoformat(), "/page.html")
    assert told["calibration"] == [
        {"ranking": "instant", "queries_from": "captions", "queries": 40, "error": 0.123}
    ]
    assert one.is_to_be_told


def test_lines_name_everything_that_was_found(capsys: pytest.CaptureFixture[str]) -> None:
    parts = (
        measured(LIBRARY, row("library")),
        not_measured(BENCHMARK, "the time budget ended", failed=False),
    )
    print_night(night(*parts, fallen=(FALLEN,), problems=("a frame is lost",)), None,
                Output(as_json=False, command="eval"))  # fmt: skip
    text = capsys.readouterr().out
    what = "R@1 of library, text to video, instant"
    assert text.startswith(f"{what} fell by 12.0 points since 2026-02-27 03:30; the store has problems")
    assert f"fell: {what} -12.0 [-20.0, -4.0] points since 2026-02-27 03:30" in text
    assert "scores moved by -0.2500 (distance 0.50): library, text to video, instant" in text
    assert "confidence of instant is off by 12.3 points over 40 captions" in text
    assert "a frame is lost" in text
    assert "not measured: msvd, with fast: the time budget ended" in text
    assert "note: a note" in text


def test_a_row_that_several_parts_have_stands_once() -> None:
    again = measured(LIBRARY, row("library"), row("library", "generator tiny"))
    one = night(measured(LIBRARY, row("library")), again, measured(BENCHMARK, row("msvd", "blend")))
    assert [(encoder, found.ranking) for encoder, found in one.rows] == [
        ("colours", "instant"), ("colours", "generator tiny"), ("fast", "blend"),
    ]  # fmt: skip
    assert not one.is_to_be_told
    failed = night(not_measured(BENCHMARK, "gone", failed=True))
    assert failed.is_to_be_told
    assert failed.line.endswith("; not measured: msvd, with fast")
