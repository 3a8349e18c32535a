"""`show` what is known of one video, `open` a moment of the last answer."""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path

import pytest

from tests.support.commands import Commands
from tests.support.films import film, srt

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
    "container",
    "tags",
    "streams",
    "cuts",
    "subtitles",
    "frames",
    "segments",
    "locations",
]


@pytest.fixture
def trip(videos: Path, commands: Commands) -> Path:
    tags = {"creation_time": "2024-02-28T23:41:07Z", "title": "On the road", "location": "+48.8577+002.2950/"}
    path = film(videos / "trip.mp4", ("red", 3.0), ("blue", 3.0), tags=tags)
    srt(videos / "trip.de.srt", (4.0, 5.0, "endlich da"))
    commands("index", videos)
    return path


def test_show_has_its_keys_and_tells_the_truth(trip: Path, commands: Commands) -> None:
    shown = commands("show", trip)
    assert list(shown) == SHOWN
    assert (shown["path"], shown["online"]) == (str(trip), True)
    assert shown["duration_seconds"] == pytest.approx(6.0, abs=0.1)
    assert (shown["width"], shown["height"], shown["rotation"]) == (64, 48, 0)
    assert shown["fps"] == pytest.approx(5.0, abs=0.1)
    assert shown["codec"] == "mpeg4"
    assert shown["recorded_day"] == "2024-02-28"
    assert shown["recorded_at"].startswith("2024-02-28T23:41:07")
    assert (shown["latitude"], shown["longitude"]) == (pytest.approx(48.8577), pytest.approx(2.295))
    assert (shown["altitude"], shown["timecode"], shown["camera"]) == (None, None, None)
    assert shown["title"] == "On the road"
    assert shown["cuts"] == [pytest.approx(3.0, abs=0.25)]
    assert shown["subtitles"] == [{"file": "trip.de.srt", "language": "de", "forced": False}]
    (stream,) = shown["streams"]
    assert (stream["index"], stream["kind"], stream["codec"]) == (0, "video", "mpeg4")
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


@pytest.fixture
def player(tmp_path: Path) -> Path:
    """A program that writes down how it was called."""
    script = tmp_path / "player"
    script.write_text(
        f"#!{sys.executable}\n"
        "import os, sys\n"
        f"target = {str(tmp_path / 'called')!r}\n"
        "open(target + '.tmp', 'w').write('\\n'.join(sys.argv[1:]))\n"
        "os.rename(target + '.tmp', target)\n"
    )
    script.chmod(0o755)
    return script


def called(player: Path) -> list[str]:
    target = player.with_name("called")
    until = time.monotonic() + 20
    while not target.exists():
        assert time.monotonic() < until, "the player was not called"
        time.sleep(0.02)
    return target.read_text().split("\n")


def test_open_takes_the_moment_of_the_last_answer(trip: Path, commands: Commands, player: Path) -> None:
    command = f"'{player}' --at={{seconds}} {{path}}"
    ran = commands.ran("open", 1, "--player", command)
    assert ran.code == 2
    assert "mediaindex search" in ran.json["error"]

    commands("search", "red", "--channel", "pictures")
    hit = commands.hits("blue", "--channel", "pictures")[0]
    opened = commands("open", 1, "--player", command)
    assert list(opened) == ["schema", "path", "seconds", "command"]
    assert (opened["path"], opened["seconds"]) == (str(trip), hit["start_seconds"])
    assert called(player) == [f"--at={hit['start_seconds']:.3f}", str(trip)]

    ran = commands.ran("open", 99, "--player", command)
    assert ran.code == 2
    assert "there is no 99" in ran.json["error"]
    assert commands.ran("open", 0).code == 2
    assert commands.ran("open", "first").code == 2


def test_open_says_what_the_player_lacks(trip: Path, commands: Commands, player: Path) -> None:
    commands("search", "blue", "--channel", "pictures")
    ran = commands.text("open", 1, "--player", f"'{player}' {{path}}")
    assert ran.code == 0
    assert "0:03" in ran.out
    assert "go to 0:03" in ran.err
    assert commands.ran("open", 1, "--player", "'").code == 2
    assert commands.ran("open", 1, "--player", "no-such-player {path}").code == 2


def test_open_of_a_file_that_is_gone(trip: Path, commands: Commands, player: Path) -> None:
    commands("search", "blue", "--channel", "pictures")
    trip.unlink()
    ran = commands.ran("open", 1, "--player", f"'{player}' {{path}}")
    assert ran.code == 2
    assert "offline" in ran.json["error"]
