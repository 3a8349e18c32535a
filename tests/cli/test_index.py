"""`index`: what it counts, what it decodes, and what it leaves alone."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import av
import pytest

from mediaindex.store.catalog.schema import volume
from mediaindex.store.library import open_library
from mediaindex.store.maintenance import eviction
from tests.support.commands import Commands, counts, first
from tests.support.fake_encoder import COLOURS
from tests.support.films import film, jpeg
from tests.support.media import flat, write_sound

KEYS = [
    "schema",
    "videos",
    "indexed",
    "unchanged",
    "moved",
    "copies",
    "offline",
    "skipped",
    "failed",
    "frames",
    "segments",
    "decoded",
    "media_seconds",
    "elapsed_seconds",
]


def names(rows: list[dict[str, str]]) -> list[str]:
    return sorted(Path(row["path"]).name for row in rows)


@pytest.fixture
def three(videos: Path, commands: Commands) -> Path:
    """Three films, indexed."""
    film(videos / "red.mp4", "red")
    film(videos / "trip" / "blue.mp4", "blue")
    film(videos / "trip" / "day two" / "green.mkv", "green")
    assert counts(commands("index", videos)) == {"videos": 3, "indexed": 3, "decoded": 3}
    return videos


def test_the_report_has_its_keys_and_counts(videos: Path, commands: Commands) -> None:
    film(videos / "two.mp4", "red", "blue")
    report = commands("index", videos)
    assert list(report) == KEYS
    assert counts(report) == {"videos": 1, "indexed": 1, "decoded": 1}
    assert report["segments"] == 2
    assert report["frames"] >= 2
    assert report["media_seconds"] == pytest.approx(4.0, abs=0.2)
    assert report["elapsed_seconds"] > 0
    assert (report["skipped"], report["failed"]) == ([], [])


def test_a_second_run_decodes_nothing(three: Path, commands: Commands) -> None:
    report = commands("index", three)
    assert counts(report) == {"videos": 3, "unchanged": 3}
    assert (report["frames"], report["media_seconds"]) == (0, 0.0)


def test_rename_moved_folder_and_touched_times_decode_nothing(three: Path, commands: Commands) -> None:
    (three / "red.mp4").rename(three / "rouge.mp4")
    (three / "trip").rename(three / "journey")
    for path in three.rglob("*.m*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    assert counts(commands("index", three)) == {"videos": 3, "moved": 3}
    assert counts(commands("index", three)) == {"videos": 3, "unchanged": 3}
    assert commands.files("red", "--channel", "pictures", "--limit", 1) == ["rouge.mp4"]
    assert commands("status")["missing"] == 0
    assert commands.files("journey", "--channel", "words") == ["blue.mp4", "green.mkv"]
    assert commands.files("trip", "--channel", "words") == []


def test_touched_times_alone_are_unchanged(three: Path, commands: Commands) -> None:
    os.utime(three / "red.mp4", (1_000_000_000, 1_000_000_000))
    assert counts(commands("index", three)) == {"videos": 3, "unchanged": 3}
    assert unconfirmed(commands) == []


def test_a_copy_costs_no_decode_and_answers_once(three: Path, commands: Commands) -> None:
    shutil.copy(three / "red.mp4", three / "again.mp4")
    assert counts(commands("index", three)) == {"videos": 4, "unchanged": 3, "copies": 1}
    status = commands("status")
    assert (status["videos"], status["locations"]) == (3, 4)
    assert commands.files("red", "--channel", "pictures", "--limit", 1) == ["red.mp4"]
    (three / "red.mp4").unlink()
    assert commands.files("red", "--channel", "pictures", "--limit", 1) == ["again.mp4"]


def test_identical_files_in_one_run_are_decoded_once(videos: Path, commands: Commands) -> None:
    film(videos / "a.mp4", "red")
    for name in ("b.mp4", "c.mp4"):
        shutil.copy(videos / "a.mp4", videos / name)
    assert counts(commands("index", videos)) == {"videos": 3, "indexed": 1, "copies": 2, "decoded": 1}
    assert commands("status")["locations"] == 3
    assert counts(commands("index", videos)) == {"videos": 3, "unchanged": 3}


def test_overwritten_content_replaces_what_was_there(three: Path, commands: Commands) -> None:
    film(three / "red.mp4", "yellow")
    assert counts(commands("index", three)) == {"videos": 3, "indexed": 1, "unchanged": 2, "decoded": 1}
    assert commands("status")["videos"] == 3
    assert commands.files("yellow", "--channel", "pictures", "--limit", 1) == ["red.mp4"]
    best = commands.hits("red", "--channel", "pictures", "--limit", 1)[0]
    assert best["similarity"] < 0.5
    assert commands("check")["problems"] == []


def test_a_deleted_file_is_missing_and_remembered(three: Path, commands: Commands) -> None:
    (three / "red.mp4").unlink()
    assert counts(commands("index", three)) == {"videos": 2, "unchanged": 2}
    status = commands("status")
    assert (status["videos"], status["missing"], status["offline"]) == (3, 1, 0)
    hit = commands.hits("red", "--channel", "pictures", "--limit", 1)[0]
    assert (Path(hit["path"]).name, hit["online"]) == ("red.mp4", False)
    assert Path(hit["thumbnail"]).is_file()
    film(three / "red.mp4", "red")
    report = commands("index", three)
    assert (report["decoded"], commands("status")["missing"]) == (0, 0)


def test_an_unplugged_drive_is_offline_and_searchable(three: Path, commands: Commands) -> None:
    """The folder is gone, and what is left of its path belongs to another volume."""
    with open_library(commands.library) as library, library.write() as connection:
        connection.execute(volume.update().values(uid="uuid:1234", label="Backup Drive"))
    shutil.move(three, three.with_name("elsewhere"))
    report = commands("index", three)
    assert counts(report) == {"offline": 3}
    assert report["failed"] == []
    status = commands("status")
    assert (status["videos"], status["offline"], status["missing"]) == (3, 3, 0)
    hit = commands.hits("red", "--channel", "pictures", "--limit", 1)[0]
    assert (hit["online"], hit["volume"]) == (False, "Backup Drive")
    assert Path(hit["thumbnail"]).is_file()
    text = commands.text("search", "red", "--channel", "pictures", "--limit", 1)
    assert "plug in Backup Drive" in text.out
    opened = commands.ran("open", 1)
    assert opened.code == 2
    assert "plug in Backup Drive" in opened.json["error"]


def test_what_holds_no_film_is_skipped_and_what_cannot_be_read_fails(
    videos: Path, commands: Commands
) -> None:
    film(videos / "good.mp4", "red")
    write_sound(videos / "song.mp4")
    jpeg(videos / "photo.mp4", "red")
    (videos / "letter.mkv").write_text("dear film, how are you? " * 50)
    (videos / "notes.txt").write_text("no media at all")
    report = commands("index", videos, code=5)
    assert counts(report) == {"videos": 1, "indexed": 1, "decoded": 1}
    assert names(report["skipped"]) == ["photo.mp4", "song.mp4"]
    assert all(row["reason"] for row in report["skipped"])
    (failed,) = report["failed"]
    assert failed == {"path": str(videos / "letter.mkv"), "stage": "probe", "reason": failed["reason"]}
    assert "text" in failed["reason"]

    again = commands("index", videos, code=0)
    assert names(again["failed"]) == ["letter.mkv"]
    assert names(again["skipped"]) == ["photo.mp4", "song.mp4"]
    assert counts(again) == {"videos": 1, "unchanged": 1}
    assert commands("status")["failures"][0]["state"] == "dead"


def test_a_failed_file_is_read_once_it_changes(videos: Path, commands: Commands) -> None:
    (videos / "a.mkv").write_text("not yet a film")
    commands("index", videos, code=5)
    film(videos / "a.mkv", "red")
    report = commands("index", videos)
    assert (report["indexed"], report["failed"]) == (1, [])
    assert commands("status")["failures"] == []


def test_a_failed_file_that_is_gone_is_forgotten(videos: Path, commands: Commands) -> None:
    (videos / "a.mkv").write_text("not yet a film")
    write_sound(videos / "song.mp4")
    commands("index", videos, code=5)
    (videos / "a.mkv").unlink()
    (videos / "song.mp4").unlink()
    report = commands("index", videos)
    assert (report["failed"], report["skipped"]) == ([], [])
    assert commands("status")["failures"] == []


def test_redecode_decodes_what_is_known(three: Path, commands: Commands) -> None:
    report = commands("index", three, "--redecode")
    assert (report["decoded"], report["indexed"]) == (3, 3)
    assert commands("status")["videos"] == 3
    assert commands("check")["problems"] == []
    assert len(list((commands.library / "frames").rglob("*.mif"))) == 3


def forged(folder: Path) -> tuple[Path, Path]:
    """Two films of equal size and partial hash: they differ only between the bytes that are sampled."""
    first = film(folder / "first.avi", ("red", 40.0), fps=1, size=(160, 120), codec="rawvideo")
    blue = av.VideoFrame.from_ndarray(flat(*COLOURS["blue"], width=160, height=120), format="rgb24")
    frame = blue.reformat(format="yuv420p").to_ndarray().tobytes()
    content = bytearray(first.read_bytes())
    position = content.find(b"00dc", len(content) // 16)
    while position + 8 + len(frame) < len(content) // 4:
        content[position + 8 : position + 8 + len(frame)] = frame
        position = content.find(b"00dc", position + 8 + len(frame))
    assert content.count(frame) >= 5
    second = folder / "second.avi"
    second.write_bytes(content)
    return first, second


def unconfirmed(commands: Commands) -> list[str]:
    from mediaindex.store.catalog import locations

    with open_library(commands.library) as library, library.read() as connection:
        return [place.path.name for place in locations.unconfirmed(connection)]


def test_forged_twins_end_as_two_videos(videos: Path, commands: Commands) -> None:
    first, second = forged(videos)
    from mediaindex.sources.content_hash import full_hash, partial_hash

    assert first.stat().st_size == second.stat().st_size
    assert partial_hash(first) == partial_hash(second)
    assert full_hash(first) != full_hash(second)
    report = commands("index", videos)
    assert counts(report) == {"videos": 2, "indexed": 2, "copies": 1, "decoded": 2}
    assert commands("status")["videos"] == 2
    hit = commands.hits("blue", "--channel", "pictures", "--limit", 1)[0]
    assert Path(hit["path"]) == second
    assert 2.0 <= hit["best_seconds"] <= 10.0
    assert counts(commands("index", videos)) == {"videos": 2, "unchanged": 2}


def test_without_confirmation_the_next_run_finds_the_forgery(videos: Path, commands: Commands) -> None:
    _first, second = forged(videos)
    hidden = second.rename(videos.parent / second.name)
    commands("index", videos)
    hidden.rename(second)
    report = commands("index", videos, "--no-confirm")
    assert counts(report) == {"videos": 2, "unchanged": 1, "copies": 1}
    assert (commands("status")["videos"], unconfirmed(commands)) == (1, ["second.avi"])
    report = commands("index", videos)
    assert counts(report) == {"videos": 2, "indexed": 1, "unchanged": 2, "decoded": 1}
    assert (commands("status")["videos"], unconfirmed(commands)) == (2, [])


def test_content_forged_in_place_is_found_by_its_touched_time(videos: Path, commands: Commands) -> None:
    first, second = forged(videos)
    forgery = second.read_bytes()
    second.unlink()
    commands("index", videos)
    first.write_bytes(forgery)
    os.utime(first, (1_000_000_000, 1_000_000_000))
    report = commands("index", videos)
    assert counts(report) == {"videos": 1, "indexed": 1, "unchanged": 1, "decoded": 1}
    assert commands("status")["videos"] == 1
    assert commands.hits("blue", "--channel", "pictures", "--limit", 1)[0]["similarity"] > 0.5


def test_a_limit_for_the_frame_cache(
    three: Path, commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    blobs = sorted((commands.library / "frames").rglob("*.mif"))
    shown = first(commands, "red")["thumbnail"]
    monkeypatch.setattr(eviction, "MIB", max(blob.stat().st_size for blob in blobs))
    assert commands("index", three, "--cache-limit", "1M")["decoded"] == 0
    assert len(list((commands.library / "frames").rglob("*.mif"))) == 1
    assert commands("check")["problems"] == []
    hits = {Path(hit["path"]).name: hit for hit in commands.hits("red", "--channel", "pictures")}
    assert hits["red.mp4"]["thumbnail"] == shown
    assert Path(shown).is_file()
    assert hits["blue.mp4"]["thumbnail"] is None
    assert commands("index", three)["decoded"] == 0
    used = commands.ran("models", "use", "builtin")
    assert used.json["decode_again"] == 2
    assert "2 videos" in used.err
    report = commands("index", three, "--cache-limit", "0")
    assert report["decoded"] == 2
    assert len(commands.files("red", "--channel", "pictures")) == 3
    assert commands("check")["problems"] == []
