"""The whole path on the shared folder of real media: what is indexed, what is refused, what is found."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from mediaindex import cli
from tests.support.commands import Commands, counts, use_these_encoders

pytestmark = [pytest.mark.corpus, pytest.mark.timeout(1800)]

# What an unrestricted decoder takes and we do not, with the reason.
EXCEPTIONS = {
    "made/jpeg_renamed.mp4": ("skipped", "a still picture is no film, whatever its name"),
    "real/av1-clearkey-cbcs-video.mp4": ("failed", "encrypted: a decoder makes noise of it without an error"),
}
DATES = {  # recorded_day, and the instant where the file tells one
    "zero_date.mp4": (None, None),
    "epoch_1970.mp4": (None, None),
    "exported_later.mov": ("2023-05-14", "2023-05-14T21:40:12+09:00"),
    "date_twice.mov": ("2023-05-20", "2023-05-20T08:15:00+00:00"),
    "wall_clock_no_zone.mkv": ("2024-02-28", "2024-02-28T23:41:07"),
    "utc.mp4": ("2024-02-28", "2024-02-28T23:41:07+00:00"),
}
PLACES = {
    "place_null_island.mp4": (None, None, None),
    "place_degrees.mp4": (48.8577, 2.2950, None),
    "place_deg_minutes.mov": (48.8577, 2.2950, 35.0),
    "place_deg_min_sec.mov": (-33.85667, 151.21500, None),
    "place_impossible.mov": (None, None, None),
}
SIZES = {"sar_16_9.mp4": (512, 288), "sar_16_9_rot90.mp4": (288, 512)}
# Plain colours and when they are seen: (colour, from, to).
SCENES = {
    "picture_first.mkv": (("blue", 0, 4), ("red", 4, 8)),
    "cover_attached.mp4": (("blue", 0, 4), ("red", 4, 8)),
    "starts_at_5000.ts": (("blue", 0, 4), ("red", 4, 8)),
    "joined_clock_restarts.ts": (("blue", 0, 4), ("red", 4, 8)),
    "says_50_is_25.ts": (("blue", 0, 4), ("red", 4, 8)),
    "plain_interlaced.mkv": (("blue", 0, 4), ("red", 4, 8)),
    "ten_minutes.mp4": (("blue", 0, 420), ("red", 420, 480)),
    "film_23_976.mp4": (("red", 250.25, 270.27),),
    "video_29_97.mp4": (("red", 60.06, 90.09),),
    "camera_clock_10h.mov": (("red", 4.0, 8.0),),
}


@pytest.fixture(autouse=True)
def _encoders(monkeypatch: pytest.MonkeyPatch) -> None:
    use_these_encoders(monkeypatch)


def indexed(
    library: Path, *paths: Path, encoder: str, temporary: pytest.TempPathFactory
) -> tuple[int, dict[str, Any]]:
    """Index for the whole module, in a home of its own; exit code and report."""
    out = io.StringIO()
    with pytest.MonkeyPatch.context() as monkeypatch, contextlib.redirect_stdout(out):
        monkeypatch.setenv("HOME", str(temporary.mktemp("home")))
        use_these_encoders(monkeypatch, encoder)
        code = cli.main(["index", *map(str, paths), "--json", "--library", str(library)])
    return code, json.loads(out.getvalue())


def difficult_folders(shared: Path) -> list[Path]:
    """The difficult files, and the cases of reported/README.md; README2.md has further ones, b01 to b26."""
    return [shared / "corpus/hard", *sorted((shared / "corpus/reported").glob("[0-9]*"))]


@pytest.fixture(scope="module")
def difficult(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int, dict[str, Any]]:
    """The folders of difficult files, indexed: library, exit code, report."""
    library = tmp_path_factory.mktemp("difficult") / "library"
    folders = difficult_folders(shared)
    return library, *indexed(library, *folders, encoder="colours", temporary=tmp_path_factory)


@pytest.fixture
def ask(difficult: tuple[Path, int, dict[str, Any]], capsys: pytest.CaptureFixture[str]) -> Commands:
    return Commands(difficult[0], capsys)


def test_every_hard_file_ends_as_its_manifest_says(
    difficult: tuple[Path, int, dict[str, Any]], ask: Commands, shared: Path
) -> None:
    _library, code, report = difficult
    assert code == 5
    ended = {row["path"]: "skipped" for row in report["skipped"]}
    ended |= {row["path"]: "failed" for row in report["failed"]}
    assert all(row["reason"] and "Errno" not in row["reason"] for row in report["skipped"] + report["failed"])
    lines = (shared / "corpus/hard/MANIFEST.jsonl").read_text(encoding="utf-8").splitlines()
    wrong = {}
    for entry in map(json.loads, lines):
        path = str(shared / "corpus/hard" / entry["file"])
        seen = ended.get(path) or ("indexed" if ask.ran("show", path).code == 0 else "nothing")
        wanted, _reason = EXCEPTIONS.get(entry["file"], (should_end(entry["expect"]), ""))
        if seen != wanted:
            wrong[entry["file"]] = (seen, wanted)
    assert (len(lines), wrong) == (54, {})


def should_end(expected: dict[str, Any]) -> str:
    if expected["decoded_frames"]:
        return "indexed"
    return "skipped" if expected["opens"] and not expected["video_streams"] else "failed"


def test_every_reported_file_is_indexed_but_the_song(
    difficult: tuple[Path, int, dict[str, Any]], ask: Commands, shared: Path
) -> None:
    folder = shared / "corpus/reported"
    report = difficult[2]
    assert [row for row in report["failed"] if row["path"].startswith(str(folder))] == []
    skipped = [Path(row["path"]).name for row in report["skipped"] if row["path"].startswith(str(folder))]
    assert skipped == ["song_with_cover.mp4"]
    cases = difficult_folders(shared)[1:]
    suffixes = (".mp4", ".mkv", ".mov", ".ts")
    films = [path for case in cases for path in case.rglob("*") if path.suffix.lower() in suffixes]
    assert len(films) == 32
    for path in films:
        assert (ask.ran("show", path).code == 0) == (path.name not in skipped)


def test_good_files_beside_bad_ones_are_found(ask: Commands, shared: Path) -> None:
    hits = ask.hits("corrupt tail arm wrestling", "--channel", "words", "--limit", 1)
    assert [Path(hit["path"]).name for hit in hits] == ["corrupt_tail_arm_wrestling.mp4"]
    (white,) = ask.hits("white", "--in", shared / "corpus/hard/real/hevc_white_frame.mp4")
    assert white["similarity"] > 0.9
    assert Path(white["thumbnail"]).is_file()


def test_a_second_run_decodes_nothing_and_succeeds(ask: Commands, shared: Path) -> None:
    report = ask("index", *difficult_folders(shared))
    assert (report["decoded"], report["indexed"], len(report["failed"])) == (0, 0, 13)
    assert ask("check")["problems"] == []


@pytest.mark.parametrize("name", DATES)
def test_dates(name: str, ask: Commands, shared: Path) -> None:
    shown = ask("show", shared / "corpus/reported/09-dates-places" / name)
    day, instant = DATES[name]
    assert shown["recorded_day"] == day
    seen = None if shown["recorded_at"] is None else datetime.fromisoformat(shown["recorded_at"])
    assert seen == (None if instant is None else datetime.fromisoformat(instant))


@pytest.mark.parametrize("name", PLACES)
def test_places(name: str, ask: Commands, shared: Path) -> None:
    shown = ask("show", shared / "corpus/reported/09-dates-places" / name)
    seen = shown["latitude"], shown["longitude"], shown["altitude"]
    assert seen == tuple(v if v is None else pytest.approx(v, abs=1e-4) for v in PLACES[name])


@pytest.mark.parametrize("name", SIZES)
def test_sizes_as_displayed(name: str, ask: Commands, shared: Path) -> None:
    shown = ask("show", shared / "corpus/reported/07-anamorphic" / name)
    assert (shown["width"], shown["height"]) == SIZES[name]


@pytest.mark.parametrize("name", SCENES)
def test_a_colour_is_found_where_it_is_seen(name: str, ask: Commands, shared: Path) -> None:
    (path,) = (shared / "corpus/reported").rglob(name)
    for colour, start, end in SCENES[name]:
        hit = ask.hits(colour, "--in", path, "--channel", "pictures", "--limit", 1)[0]
        assert start <= hit["best_seconds"] < end
        assert start - 1.0 <= hit["start_seconds"] < hit["end_seconds"] <= end + 1.0
    assert not any(hit["similarity"] > 0.9 for hit in ask.hits("yellow", "--in", path))


def test_ten_minutes_with_one_keyframe_are_sampled_to_their_end(ask: Commands, shared: Path) -> None:
    shown = ask("show", shared / "corpus/reported/06-one-keyframe/ten_minutes.mp4")
    times = [frame["seconds"] for frame in shown["frames"]]
    assert times == pytest.approx([0.0, 420.0, 480.0], abs=0.25)  # plain colours that stand still
    assert shown["segments"][-1]["end_seconds"] == pytest.approx(600.0, abs=0.25)


@pytest.fixture(scope="module")
def clips(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A copy of the 104 clips, which the test moves; and a library beside."""
    folder = tmp_path_factory.mktemp("clips") / "videos"
    for path in sorted((shared / "corpus/videos").rglob("*")):
        target = folder / path.relative_to(shared / "corpus/videos")
        if path.is_dir():
            target.mkdir(parents=True, exist_ok=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)  # no link: the test changes times
    return folder, folder.parent / "library"


def test_104_clips_from_the_first_run_to_another_encoder(
    clips: tuple[Path, Path],
    tmp_path_factory: pytest.TempPathFactory,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder, library = clips
    code, report = indexed(library, folder, encoder="builtin", temporary=tmp_path_factory)
    assert (code, report["failed"]) == (0, [])
    assert counts(report) == {"videos": 104, "indexed": 104, "decoded": 104}
    use_these_encoders(monkeypatch, "builtin")
    commands = Commands(library, capsys)
    assert counts(commands("index", folder)) == {"videos": 104, "unchanged": 104}

    renamed = next(path for path in sorted(folder.rglob("*.mp4")))
    renamed.rename(renamed.with_name("called something else.mp4"))
    moved = next(path for path in sorted(folder.iterdir(), reverse=True) if path.is_dir())
    inside = sum(path.is_file() for path in moved.rglob("*"))
    moved.rename(folder / "moved as a whole")
    for path in folder.rglob("*.*"):
        os.utime(path, (1_600_000_000, 1_600_000_000))
    report = commands("index", folder)
    assert (report["decoded"], report["moved"] + report["unchanged"]) == (0, 104)
    assert 1 + 1 <= report["moved"] <= inside + 1
    assert commands("models", "use", "colours")["decoded"] == 0
    assert commands("models", "use", "builtin")["decoded"] == 0
    assert commands("check")["problems"] == []


def test_a_sentence_lands_on_its_clip(clips: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    _folder, library = clips
    query = "worker on an orange lift next to a huge golden structure in the dark"
    names = Commands(library, capsys).files(query, "--channel", "pictures", "--per-video", 1)
    assert "nasa_mirror_inspection.mp4" in names
