"""The manifest says of each clip where it was cut from, and why."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

from mediaindex.export.clips.manifest import Clip, manifest
from mediaindex.export.clips.widening import Widening
from tests.support.plain_cuts import plain_cut, plain_source


def test_source_times_rate_query_and_score() -> None:
    cut = plain_cut(plain_source("/a.mov", Fraction(24000, 1001)), 6000, 6480, "red", score=0.5, query="red")
    clips = [
        Clip(Path("/out/1.mp4"), cut, copied=False, sheet=Path("/out/1.jpg")),
        Clip(Path("/out/2.mp4"), cut, copied=True, widening=Widening(Fraction(1, 2), Fraction(0))),
    ]
    values = json.loads(manifest(clips))
    assert values["schema"] == 1
    first, second = values["clips"]
    assert [first[name] for name in ("file", "source", "start_seconds", "rate", "query", "score")] == [
        *("1.mp4", "/a.mov", 250.25, "24000/1001", "red", 0.5)
    ]
    assert (first["contact_sheet"], first["widened_before_seconds"]) == ("1.jpg", None)
    assert (second["copied"], second["widened_before_seconds"], second["widened_behind_seconds"]) == (
        True,
        0.5,
        0,
    )
