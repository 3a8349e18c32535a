"""`caption`: the user's words on moments, found by searches, kept whatever happens to the film."""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from mediaindex.store.library import open_library
from tests.support.commands import Commands, process
from tests.support.films import film
from tests.support.finders import environment
from tests.support.processes import start
from tests.support.waiting import WAIT_SECONDS

# What a command cost. A child's ru_maxrss begins with the memory of what started it, VmHWM does not.
MEASURED = """
import json, pathlib, sys, time
from mediaindex.cli import main
code, status = main(sys.argv[1:]), pathlib.Path("/proc/self/status")
lines = status.read_text().splitlines() if status.is_file() else []
peak = next((int(line.split()[1]) for line in lines if line.startswith("VmHWM")), 0)
seconds = time.process_time()
print(json.dumps({"code": code, "seconds": seconds, "peak_kib": peak, "torch": "torch" in sys.modules}))
"""
ROW = ["id", "path", "start_seconds", "end_seconds", "text", "language", "created_at", "video"]


def test_a_caption_on_a_hit_is_found_where_it_was_written(trip: Path, commands: Commands) -> None:
    hit = commands.hits("blue", "--channel", "pictures")[0]
    (row,) = commands("caption", "add", 1, "Rex at the lake")["captions"]
    assert list(row) == ROW
    assert (row["path"], row["text"], row["language"]) == (str(trip), "Rex at the lake", "en")
    assert (row["start_seconds"], row["end_seconds"]) == (hit["start_seconds"], hit["end_seconds"])
    (found,) = commands.hits("rex lakes", "--channel", "words")
    assert found["words"] == [{"word": "rex", "field": "caption"}, {"word": "lakes", "field": "caption"}]
    assert (found["start_seconds"], found["end_seconds"]) == (row["start_seconds"], row["end_seconds"])
    assert commands("caption", "list")["captions"] == [row]
    assert commands("caption", "remove", row["id"])["captions"] == [row]
    assert commands("caption", "list")["captions"] == []
    assert commands.hits("rex", "--channel", "words") == []


@pytest.mark.parametrize(
    ("typed", "start", "end"), [("@1", 1.0, 3.0), ("@0:01.5-0:02", 1.5, 2.0), ("@4-60", 4.0, 6.0)]
)
def test_a_caption_on_a_time_of_a_film(
    typed: str, start: float, end: float, trip: Path, commands: Commands
) -> None:
    (row,) = commands("caption", "add", f"{trip}{typed}", "red wall")["captions"]
    assert (row["start_seconds"], row["end_seconds"]) == (start, pytest.approx(end, abs=0.2))


@pytest.mark.parametrize(
    ("typed", "text", "said"),
    [
        ("nowhere.mp4@1", "dog", "is not indexed"),
        ("nothing", "dog", "names no moment"),
        ("@3", "dog", "names no moment"),
        ("TRIP@first", "dog", "is no time in a video"),
        ("TRIP@3-1", "dog", "write START-END"),
        ("TRIP@99", "dog", "the video ends at"),
        ("TRIP@1", " ", "a caption is empty"),
        ("1", "dog", "nothing was searched"),
    ],
)
def test_what_names_no_moment_is_refused(
    typed: str, text: str, said: str, trip: Path, commands: Commands
) -> None:
    ran = commands.ran("caption", "add", typed.replace("TRIP", str(trip)), text)
    assert (ran.code, len(ran.err.splitlines())) == (2, 1)
    assert said in ran.json["error"]


def test_none_is_removed_where_one_is_not_there(trip: Path, commands: Commands) -> None:
    (row,) = commands("caption", "add", f"{trip}@1", "red")["captions"]
    ran = commands.ran("caption", "remove", row["id"], 77)
    assert ran.code == 2
    assert "no caption 77" in ran.json["error"]
    assert commands("caption", "list")["captions"] == [row]


def test_captions_of_a_folder_or_a_film(three: Path, commands: Commands) -> None:
    for colour in ("red", "blue"):
        commands("caption", "add", f"{three / colour}.mp4@1", colour)
    listed = commands("caption", "list", "--in", three / "red.mp4")["captions"]
    assert [row["text"] for row in listed] == ["red"]
    assert [row["text"] for row in commands("caption", "list", "--in", three)["captions"]] == ["blue", "red"]


def test_a_caption_follows_its_film_through_a_move_a_new_decoding_and_a_forgetting(
    trip: Path, commands: Commands
) -> None:
    (row,) = commands("caption", "add", f"{trip}@1-2", "Rex")["captions"]
    moved = trip.with_name("journey.mp4")
    trip.rename(moved)
    commands("index", moved.parent)
    (followed,) = commands("caption", "list")["captions"]
    assert followed == {**row, "path": str(moved)}
    commands("index", "--redecode", moved.parent)
    commands("check", "--repair")
    assert commands("caption", "list")["captions"] == [followed]
    assert [hit["path"] for hit in commands.hits("rex", "--channel", "words")] == [str(moved)]
    commands("forget", moved)
    assert commands.hits("rex", "--channel", "words") == []
    commands("forget", "--undo", moved)
    assert len(commands.hits("rex", "--channel", "words")) == 1
    commands("forget", "--now", moved)
    (gone,) = commands("caption", "list")["captions"]
    assert (gone["text"], gone["video"]) == ("Rex", "gone")
    assert "its content was changed or removed" in commands.text("caption", "list").out
    commands("forget", "--undo", moved)
    commands("index", moved.parent)
    assert commands("caption", "list")["captions"] == [followed]
    assert len(commands.hits("rex", "--channel", "words")) == 1


def test_an_edited_caption_is_found_by_its_new_words(trip: Path, commands: Commands) -> None:
    (row,) = commands("caption", "add", f"{trip}@1-2", "Rex at the lake")["captions"]
    (edited,) = commands("caption", "edit", row["id"], "ein Hund am Wasser und im Schilf")["captions"]
    assert edited == {**row, "text": "ein Hund am Wasser und im Schilf", "language": "de"}
    assert commands.hits("lake", "--channel", "words") == []
    assert len(commands.hits("schilf", "--channel", "words")) == 1
    assert "no caption 77" in commands.ran("caption", "edit", 77, "x").json["error"]
    ran = commands.ran("caption", "edit", row["id"], " ")
    assert (ran.code, commands("caption", "list")["captions"]) == (2, [edited])


def test_imported_captions_wait_for_their_video_and_stay_with_it(
    trip: Path, commands: Commands, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    later = trip.with_name("later.mp4")
    table = trip.with_name("captions.csv")
    table.write_text(
        "path,start_seconds,end_seconds,caption\ntrip.mp4,1,2,Rex\nlater.mp4,0:01,,a parrot sings\n"
    )
    first = {"schema": 1, "imported": 2, "unchanged": 0, "skipped": []}
    waits = [{"path": str(later), "reason": "not in the library; captions that wait for it: 1"}]
    assert commands("caption", "import", table) == {**first, "waiting": waits}
    assert commands("caption", "import", table) == {**first, "imported": 0, "unchanged": 2, "waiting": []}
    assert [row["video"] for row in commands("caption", "list")["captions"]] == ["known", "awaited"]
    film(later, ("green", 3.0))
    commands("index", trip.parent)
    listed = commands("caption", "list")["captions"]
    assert [(row["path"], row["start_seconds"], row["end_seconds"]) for row in listed] == [
        (str(later), 1.0, 3.0),
        (str(trip), 1.0, 2.0),
    ]
    assert len(commands.hits("parrot", "--channel", "words")) == 1
    moved, copied = trip.with_name("moved.mp4"), trip.with_name("copied.mp4")
    shutil.copy(later, copied)
    later.rename(moved)
    commands("index", trip.parent)
    commands("models", "use", "same colours")
    commands("check", "--repair")
    commands("forget", moved)
    commands("forget", "--undo", moved)
    assert commands("caption", "import", table)["waiting"] == waits  # nothing lies at that path any more
    commands("caption", "remove", commands("caption", "list")["captions"][-1]["id"])
    commands("backup", tmp_path / "backup")
    shutil.rmtree(commands.library)
    restored = Commands(tmp_path / "restored", capsys)
    restored("restore", tmp_path / "backup")
    kept = {(row["text"], row["video"]) for row in restored("caption", "list")["captions"]}
    assert kept == {("Rex", "known"), ("a parrot sings", "known")}
    assert len(restored.hits("parrot", "--channel", "words")) == 1


def test_an_export_is_imported_again_without_a_change(trip: Path, commands: Commands) -> None:
    commands("caption", "add", f"{trip}@1-2", 'Rex, "the" dog')
    (row,) = commands("caption", "list")["captions"]
    out = trip.with_name("mine.jsonl")
    assert commands("caption", "export", "--out", out) == {"schema": 1, "path": str(out), "exported": 1}
    assert commands.ran("caption", "export", "--out", out).code == 2
    commands("caption", "remove", row["id"])
    assert commands("caption", "import", out)["imported"] == 1
    (again,) = commands("caption", "list")["captions"]
    assert {**again, "id": 0, "created_at": 0} == {**row, "id": 0, "created_at": 0}


@pytest.mark.slow
def test_ten_thousand_captions_take_seconds_and_no_encoder(trip: Path, commands: Commands) -> None:
    """Rows and words alone: under 20 s and 200 MB."""
    table, colours = trip.with_name("captions.csv"), ("red", "blue", "green", "white")
    rows = [
        f"{trip.name if number % 2 else 'later.mp4'},{number / 4000},,a {colours[number % 4]} thing {number},"
        for number in range(10_000)
    ]
    table.write_text("path,start_seconds,end_seconds,caption,language\n" + "\n".join(rows) + "\n")
    words = [sys.executable, "-c", MEASURED, "caption", "import", table, "--library", commands.library]
    told, _errors = start(words, env=environment(), stdout=subprocess.PIPE).communicate()
    measured = json.loads(told.splitlines()[-1])
    assert (measured["code"], measured["torch"]) == (0, False)
    assert measured["seconds"] < 20.0
    assert measured["peak_kib"] * 1024 < 200e6
    assert len(commands("caption", "list")["captions"]) == 10_000


def test_what_cannot_be_imported_is_told_and_the_rest_is_kept(trip: Path, commands: Commands) -> None:
    trip.with_suffix(".txt").write_text("0:01 a red wall\nno time\n9:00 too late\n")
    ran = commands.ran("caption", "import", trip.with_suffix(".txt"))
    assert (ran.code, ran.json["imported"]) == (5, 1)
    assert [row["path"] for row in ran.json["skipped"]] == ["trip.txt:2", "trip.txt:3"]
    assert len(commands.text("caption", "import", trip.with_suffix(".txt")).err.splitlines()) == 2
    assert commands.ran("caption", "import", trip.with_name("none.csv")).code == 2


def test_another_encoder_and_a_backup_keep_captions(
    trip: Path, commands: Commands, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (row,) = commands("caption", "add", f"{trip}@1-2", "Rex")["captions"]
    commands("models", "use", "same colours")
    assert commands("caption", "list")["captions"] == [row]
    commands("backup", tmp_path / "backup")
    shutil.rmtree(commands.library)
    restored = Commands(tmp_path / "restored", capsys)
    restored("restore", tmp_path / "backup")
    assert restored("caption", "list")["captions"] == [row]
    assert len(restored.hits("rex", "--channel", "words")) == 1


def test_a_caption_waits_for_no_writer(trip: Path, commands: Commands) -> None:
    with open_library(commands.library) as library, library.lock():
        commands("caption", "add", f"{trip}@1", "Rex")
        commands("mark", f"{trip}@1", "--query", "red")
        commands("saved", "add", "red")
    assert len(commands("caption", "list")["captions"]) == 1


def test_a_caption_of_odd_characters_steers_no_terminal(trip: Path, commands: Commands) -> None:
    commands("caption", "add", f"{trip}@1", "red \x1b[2J\u202e wall")
    ran = commands.text("caption", "list")
    assert ran.code == 0
    assert "\x1b" not in ran.out
    assert "\u202e" not in ran.out
    assert r"red [2J\u202e wall" in ran.out


def test_a_film_whose_name_holds_an_at_sign(videos: Path, commands: Commands) -> None:
    path = film(videos / "me@home.mp4", "red")
    commands("index", videos)
    (row,) = commands("caption", "add", f"{path}@1", "red")["captions"]
    assert row["path"] == str(path)


def test_a_rank_means_the_film_that_was_shown_wherever_it_lies_by_now(
    three: Path, commands: Commands
) -> None:
    commands("search", "red", "--channel", "pictures", "--limit", 1)
    (three / "red.mp4").rename(three / "moved.mp4")
    (three / "blue.mp4").rename(three / "red.mp4")
    commands("index", three)
    (added,) = commands("caption", "add", 1, "the red one")["captions"]
    assert Path(added["path"]).name == "moved.mp4"


def test_a_reader_that_goes_away_leaves_its_answer_to_be_captioned(three: Path, commands: Commands) -> None:
    commands("search", "blue", "--channel", "pictures")
    reading, writing = os.pipe()
    os.close(reading)
    running = process("search", "red", "--channel", "pictures", library=commands.library, stdout=writing)
    os.close(writing)
    assert running.wait(WAIT_SECONDS) == 0
    (added,) = commands("caption", "add", 1, "the red one")["captions"]
    assert Path(added["path"]).name == "red.mp4"


def test_a_film_whose_tags_are_rewritten_keeps_what_was_noted(three: Path, commands: Commands) -> None:
    film_path = three / "red.mp4"
    commands("search", "red", "--channel", "pictures", "--limit", 1)
    commands("caption", "add", f"{film_path}@0", "a seagull")
    commands("mark", f"{film_path}@0", "--query", "bird")
    with film_path.open("ab") as file:
        file.write(struct.pack(">I4s", 16, b"free") + bytes(8))
    assert commands("index", three)["decoded"] == 1
    (hit,) = commands.hits("seagull", "--channel", "words")
    assert (hit["path"], hit["words"]) == (str(film_path), [{"word": "seagull", "field": "caption"}])
    assert [mark["path"] for mark in commands("mark", "list")["marks"]] == [str(film_path)]
    assert commands("check")["problems"] == []


def test_captions_of_a_place_that_nobody_knows_are_refused(three: Path, commands: Commands) -> None:
    assert "is indexed" in commands.ran("caption", "list", "--in", three / "typo").json["error"]


def test_what_was_forgotten_is_named_with_its_remedy(three: Path, commands: Commands) -> None:
    commands("forget", three / "red.mp4")
    ran = commands.ran("caption", "add", f"{three / 'red.mp4'}@0", "gone")
    assert ran.code == 2
    assert "forget --undo" in ran.json["error"]
