"""`show`: what is known of one video."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PIL import Image

from tests.support.commands import Commands

SHOWN = [
    "schema",
    "path",
    "online",
    "volume",
    "duration_seconds",
    "width",
    "height",
    "fps",
    "codec",
    "rotation",
    "recorded_at",
    "recorded_day",
    "latitude",
    "longitude",
    "altitude",
    "timecode",
    "camera",
    "title",
    "frame_rate",
    "variable_rate",
    "film_start",
    "pixel_aspect",
    "reel_name",
    "container",
    "tags",
    "streams",
    "cuts",
    "subtitles",
    "frames",
    "segments",
    "locations",
    "profile",
    "picture",
]


def test_show_has_its_keys_and_tells_the_truth(trip: Path, commands: Commands) -> None:
    shown = commands("show", trip)
    assert list(shown) == SHOWN
    assert (shown["path"], shown["online"]) == (str(trip), True)
    assert shown["duration_seconds"] == pytest.approx(6.0, abs=0.1)
    assert (shown["width"], shown["height"], shown["rotation"]) == (64, 48, 0)
    assert shown["fps"] == pytest.approx(5.0, abs=0.1)
    assert shown["codec"] == "mpeg4"
    assert shown["recorded_day"] == "2024-02-29", "in Paris, where it was recorded"
    assert shown["recorded_at"].startswith("2024-02-28T23:41:07")
    assert (shown["latitude"], shown["longitude"]) == (pytest.approx(48.8577), pytest.approx(2.295))
    assert (shown["altitude"], shown["timecode"], shown["camera"]) == (None, None, None)
    assert shown["title"] == "On the road"
    assert shown["cuts"] == [pytest.approx(3.0, abs=0.25)]
    assert shown["subtitles"] == [{"file": "trip.de.srt", "language": "de", "forced": False}]
    (stream,) = shown["streams"]
    assert (stream["index"], stream["kind"], stream["codec"]) == (0, "video", "mpeg4")
    assert (shown["frame_rate"], shown["variable_rate"], shown["pixel_aspect"]) == ("5", False, "1")
    assert [(part["start_seconds"], part["end_seconds"]) for part in shown["segments"]] == [
        (0.0, shown["cuts"][0]),
        (shown["cuts"][0], shown["duration_seconds"]),
    ]
    assert shown["locations"] == [{"path": str(trip), "online": True, "volume": shown["volume"]}]
    seconds = [frame["seconds"] for frame in shown["frames"]]
    assert seconds == sorted(seconds)
    for frame in shown["frames"]:
        part = next(part for part in shown["segments"] if part["id"] == frame["segment_id"])
        assert part["start_seconds"] - 0.01 <= frame["seconds"] <= part["end_seconds"]


def test_show_text_and_what_is_unknown(trip: Path, commands: Commands) -> None:
    text = commands.text("show", trip).out
    for part in ("On the road", "trip.de.srt de", "mpeg4", "0:03", "timecode           -"):
        assert part in text
    ran = commands.ran("show", trip.parent / "gone.mp4")
    assert ran.code == 2
    assert "not indexed" in ran.json["error"]


def test_show_lists_every_copy(trip: Path, commands: Commands) -> None:
    shutil.copy(trip, trip.with_name("copy.mp4"))
    commands("index", trip.parent)
    trip.unlink()
    shown = commands("show", trip)
    assert shown["online"] is False
    assert [(Path(row["path"]).name, row["online"]) for row in shown["locations"]] == [
        ("trip.mp4", False),
        ("copy.mp4", True),
    ]


def test_the_picture_of_a_time_is_written_to_a_new_file(
    trip: Path, commands: Commands, tmp_path: Path
) -> None:
    out = tmp_path / "out" / "a.jpg"
    refused = ("show", trip, "--picture", "1", "--out")
    assert "cannot be written: No such file or directory" in commands(*refused, out, code=2)["error"]
    out.parent.mkdir()
    assert commands(*refused, out)["picture"] == str(out)
    with Image.open(out) as picture:
        assert (picture.format, picture.size) == ("JPEG", (64, 48))
    assert f"{out} exists; choose another --out" in commands(*refused, out, code=2)["error"]
    assert "belong together" in commands("show", trip, "--picture", "1", code=2)["error"]
    for blob in commands.library.glob("frames/**/*"):
        if blob.is_file():
            blob.unlink()
    error = commands(*refused, tmp_path / "b.jpg", code=2)["error"]
    assert f"no picture of {trip} at this time" in error
    assert f"index --redecode {trip}" in error
    assert not (tmp_path / "b.jpg").exists()
