"""OpenTimelineIO's own library reads what is written as it was meant."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

from mediaindex.export.timelines.otio import Otio
from tests.support.otio import frames_in, read_by_otio
from tests.support.plain_cuts import plain_cut, plain_source

RATES = (Fraction(24000, 1001), Fraction(25), Fraction(30000, 1001), Fraction(60000, 1001))
CUTS = [
    plain_cut(plain_source(f"/films/{rate}.mov", rate, start_timecode="10:20:30:00"), 1800, 2700, "a; label")
    for rate in RATES
]


def test_its_own_library_reads_the_same_frames(tmp_path: Path) -> None:
    (document,) = Otio().documents(CUTS, "cuts")
    clips = read_by_otio(document.content, tmp_path / "cuts.otio")
    assert [frames_in(clip) for clip in clips] == [(1800, 2700)] * len(RATES)
    assert [clip.name for clip in clips] == ["a; label"] * len(RATES)
    assert [clip.media_reference.target_url for clip in clips][1] == "file:///films/25.mov"


def test_ranges_count_in_the_sources_rate_from_its_timecode() -> None:
    camera = plain_source("/camera.mov", 25, 300, start_timecode="10:20:30:00")
    (document,) = Otio().documents([plain_cut(camera, 100, 200, score=0.5, note="n", query="q")], "cuts")
    clip = json.loads(document.content)["tracks"]["children"][0]["children"][0]
    span, available = clip["source_range"], clip["media_references"]["DEFAULT_MEDIA"]["available_range"]
    assert available["start_time"] == {"OTIO_SCHEMA": "RationalTime.1", "rate": 25.0, "value": 930_750.0}
    assert (span["start_time"]["value"], span["duration"]["value"]) == (930_850, 100)
    noted = clip["metadata"]["mediaindex"]
    assert (noted["rate"], noted["score"], noted["note"], noted["query"]) == ("25", 0.5, "n", "q")


def test_films_without_sound_leave_gaps_in_the_sound_track() -> None:
    cuts = [plain_cut(plain_source("/a", sounds=()), 0, 9), plain_cut(plain_source("/b"), 0, 5)]
    tracks = json.loads(Otio().documents(cuts, "cuts")[0].content)["tracks"]["children"]
    assert [track["kind"] for track in tracks] == ["Video", "Audio"]
    assert [child["OTIO_SCHEMA"] for child in tracks[1]["children"]] == ["Gap.1", "Clip.2"]
    assert tracks[1]["children"][0]["source_range"]["duration"]["value"] == 9
    silent = json.loads(Otio().documents(cuts[:1], "cuts")[0].content)["tracks"]["children"]
    assert len(silent) == 1
