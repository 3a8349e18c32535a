"""`export`: each cut is on the same source frame, whoever reads it back, and nothing is written halfway."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from tests.support.commands import Commands
from tests.support.counted_films import FILMS, SPANS, Counted, numbers_in, typed_cut, typed_cuts, write_film
from tests.support.cut_readers import (
    READERS,
    ReadCut,
    read_edl,
    read_losslesscut,
    read_mpv_edl,
    read_rows,
)
from tests.support.media import has_ffmpeg

COLUMNS = "path,start_seconds,end_seconds,in_frame,out_frame,rate,timecode_in,timecode_out,label,note,score"
BUNDLES = ("otio", "fcpxml", "xmeml", "edl", "mpv-edl", "m3u", "xspf", "losslesscut", "csv", "json")
CUT_ALWAYS = ("dropped.mov", "upright.mp4", "phone.mp4")
"""Films of which the default suite, too, cuts clips: of drop-frame, turned, with a rate that varies."""
needs_ffmpeg = pytest.mark.skipif(not has_ffmpeg(), reason="there is no ffmpeg binary")


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> list[Counted]:
    """The films on three drives."""
    folder = tmp_path_factory.mktemp("drives")
    drives = [folder / name for name in ("Shoot A", "Shoot B", "Archive")]
    for drive in drives:
        drive.mkdir()
    return [write_film(drives[number % 3], film) for number, film in enumerate(FILMS)]


def frames_of(read: ReadCut, film: Counted) -> tuple[int, int]:
    """The frames that an editor shows of a cut: the first, and the one behind the last."""
    zero = Fraction(0) if read.counts_as_players else film.times[0]
    return film.shown_at(zero + read.start), film.shown_at(zero + read.last) + 1


def expected(films: list[Counted]) -> list[tuple[str, tuple[int, int]]]:
    return [(str(film.path), span) for film in films for span in SPANS]


def landed(reads: Iterator[ReadCut], films: list[Counted]) -> list[tuple[str, tuple[int, int]]]:
    by_path = {str(film.path): film for film in films}
    return [(read.path, frames_of(read, by_path[read.path])) for read in reads]


# On the frame


@pytest.mark.parametrize("form", [*READERS, "mpv-edl"])
def test_every_cut_of_every_film_lands_on_its_frames(
    form: str, films: list[Counted], commands: Commands, tmp_path: Path
) -> None:
    out = tmp_path / "cuts"
    answer = commands("export", "--format", form, "--out", out, *typed_cuts(films))
    assert [(row["path"], row["cuts"]) for row in answer["files"]] == [(str(out), len(films) * len(SPANS))]
    assert (answer["skipped"], answer["offline"], answer["notes"]) == ([], [], [])
    content = out.read_bytes()
    if form == "mpv-edl":
        reads = read_mpv_edl(content, {str(film.path): container_start(film.path) for film in films})
    else:
        reads = READERS[form](content)
    assert landed(reads, films) == expected(films)


def container_start(path: Path) -> Fraction:
    with av.open(str(path)) as container:
        return Fraction(container.start_time or 0, av.time_base)


def test_an_edit_decision_list_for_each_rate(
    films: list[Counted], commands: Commands, tmp_path: Path
) -> None:
    out = tmp_path / "lists"
    shown = [film for film in films if not film.film.stamps or film.film.name == "phone.mp4"]
    answer = commands("export", "--format", "edl", "--out", out, *typed_cuts(shown), code=None)
    rates = [row["rate"] for row in answer["files"]]
    assert len(set(rates)) == len(rates)
    assert {"24000/1001", "24", "25", "30000/1001", "50", "60000/1001"} <= set(rates)
    starts = {str(film.path): film.film.timecode for film in shown if film.film.timecode is not None}
    reads = [
        read
        for row in answer["files"]
        for read in read_edl(Path(row["path"]).read_bytes(), Fraction(row["rate"]), starts)
    ]
    skipped = {row["path"] for row in answer["skipped"]}
    wanted = [one for one in expected(shown) if one[0] not in skipped]
    assert sorted(landed(iter(reads), shown)) == sorted(wanted)
    assert all("60 frames a second" in row["reason"] for row in answer["skipped"])

    text = next(Path(row["path"]) for row in answer["files"] if row["rate"] == "30000/1001").read_text()
    assert text.count("FCM: DROP FRAME") == text.count("FCM: NON-DROP FRAME") == 1
    assert "00:00:59;11 00:01:01;05" in text, "frames 41 to 93 of a film that starts at 00:00:58;00"
    reels = set(re.findall(r"^\d{3}  (\w+)", text, flags=re.MULTILINE))
    assert reels == {"DROPPED", "KEPT"}


def test_a_file_of_segments_for_each_source(films: list[Counted], commands: Commands, tmp_path: Path) -> None:
    out = tmp_path / "segments"
    answer = commands("export", "--format", "losslesscut", "--out", out, *typed_cuts(films))
    assert [row["cuts"] for row in answer["files"]] == [len(SPANS)] * len(films)
    reads = [
        read
        for row, film in zip(answer["files"], films, strict=True)
        for read in read_losslesscut(Path(row["path"]).read_bytes(), str(film.path))
    ]
    assert landed(iter(reads), films) == expected(films)


@pytest.mark.parametrize("form", ["csv", "json"])
def test_rows_name_frames_and_timecode(
    form: str, films: list[Counted], commands: Commands, tmp_path: Path
) -> None:
    out = tmp_path / "cuts"
    commands("export", "--format", form, "--out", out, *typed_cuts(films))
    rows = read_rows(out.read_bytes(), form)
    assert [(row["path"], (int(row["in_frame"]), int(row["out_frame"]))) for row in rows] == expected(films)
    for row, (film, span) in zip(rows, [(film, span) for film in films for span in SPANS], strict=True):
        for name, frame in zip(("start_seconds", "end_seconds"), span, strict=True):
            if (
                frame < film.film.count or not film.film.stamps
            ):  # nothing else tells how long the last one lasts
                assert float(row[name]) == pytest.approx(float(film.time_of(frame)), abs=2e-6)
        if not film.film.stamps:
            assert row["rate"] == str(film.film.rate)
    dropped = next(row for row in rows if "dropped" in row["path"] and row["in_frame"] == "41")
    assert (dropped["timecode_in"], dropped["timecode_out"]) == ("00:00:59;11", "00:01:01;05")
    if form == "csv":
        assert out.read_text().splitlines()[0] == COLUMNS


def test_timecode_of_the_source_is_understood(
    films: list[Counted], commands: Commands, tmp_path: Path
) -> None:
    by_name = {film.film.name: film.path for film in films}
    typed = {
        "pal.mov": ("10:20:31:16", "10:20:33:18"),
        "dropped.mov": ("00:00:59;11", "00:01:01;05"),
        "kept.mov": ("01:00:01:11", "01:00:03:03"),
        "cinema.mp4": ("00:00:01:17", "00:00:03:21"),
    }
    cuts = [f"--cut={by_name[name]}@{start}-{end}" for name, (start, end) in typed.items()]
    commands("export", "--format", "json", "--out", tmp_path / "cuts.json", *cuts)
    rows = json.loads((tmp_path / "cuts.json").read_bytes())["cuts"]
    assert [(row["in_frame"], row["out_frame"]) for row in rows] == [(41, 93)] * len(typed)


def test_handles_end_at_the_films_ends(films: list[Counted], commands: Commands, tmp_path: Path) -> None:
    film = next(film for film in films if film.film.name == "pal.mov")
    cuts = [f"--cut={typed_cut(film, *span)}" for span in SPANS]
    commands("export", "--format", "json", "--out", tmp_path / "cuts.json", "--handles", 1, *cuts)
    rows = json.loads((tmp_path / "cuts.json").read_bytes())["cuts"]
    assert [(row["in_frame"], row["out_frame"]) for row in rows] == [(0, 32), (16, 118), (93, 130)]


@needs_ffmpeg
@pytest.mark.parametrize(
    "name",
    [pytest.param(film.name, marks=() if film.name in CUT_ALWAYS else pytest.mark.slow) for film in FILMS],
)
def test_clips_show_exactly_these_frames(
    name: str, films: list[Counted], commands: Commands, tmp_path: Path
) -> None:
    film = next(film for film in films if film.film.name == name)
    out = tmp_path / "clips"
    answer = commands("export", "--format", "clips", "--out", out, *typed_cuts([film]))
    assert [numbers_in(Path(row["path"])) for row in answer["files"]] == [
        list(range(*span)) for span in SPANS
    ]
    manifest = json.loads((out / "manifest.json").read_bytes())["clips"]
    assert [(row["in_frame"], row["out_frame"]) for row in manifest] == list(SPANS)
    assert {row["source"] for row in manifest} == {str(film.path)}
    with av.open(str(answer["files"][1]["path"])) as clip:
        channels = [stream.codec_context.channels for stream in clip.streams.audio]
        assert channels == [film.film.channels] * bool(film.film.channels)
        frame = next(clip.decode(video=0))
        assert frame.rotation == film.film.rotation or not film.film.rotation
        timecode = clip.streams.video[0].metadata.get("timecode")
    assert timecode == (manifest[1]["timecode_in"] if film.film.timecode else None)


@needs_ffmpeg
def test_a_copied_clip_says_how_much_wider_it_is(
    films: list[Counted], commands: Commands, tmp_path: Path
) -> None:
    for name in ("pal.mov", "late.ts"):
        film = next(film for film in films if film.film.name == name)
        out = tmp_path / f"{name}.d"
        ran = commands.ran(
            "export", "--format", "clips", "--copy", "--out", f"{out}/", "--cut", typed_cut(film, 41, 93)
        )
        assert "before the cut" in ran.err
        (row,) = json.loads((out / "manifest.json").read_bytes())["clips"]
        shown = numbers_in(out / row["file"])
        assert set(range(41, 93)) <= set(shown)
        assert row["widened_before_seconds"] == pytest.approx((41 - shown[0]) / 25, abs=0.05)
        assert row["widened_behind_seconds"] == pytest.approx((shown[-1] + 1 - 93) / 25, abs=0.05)


@needs_ffmpeg
def test_one_clip_has_its_name_its_sheet_and_its_manifest(
    films: list[Counted], commands: Commands, tmp_path: Path
) -> None:
    cut = typed_cut(films[0], 41, 93)
    answer = commands(
        "export", "--format", "clips", "--out", tmp_path / "a.mkv", "--contact-sheet", "--cut", cut
    )
    assert [row["path"] for row in answer["files"]] == [str(tmp_path / "a.mkv")]
    assert sorted(path.name for path in tmp_path.iterdir() if path.name[0] == "a") == [
        "a.jpg",
        "a.json",
        "a.mkv",
    ]
    assert numbers_in(tmp_path / "a.mkv") == list(range(41, 93))


# From where


def test_moments_of_the_last_search_by_rank(three: Path, commands: Commands, tmp_path: Path) -> None:
    ran = commands.ran("export", "--format", "json", "--out", tmp_path / "none.json")
    assert (ran.code, "mediaindex search" in ran.json["error"]) == (2, True)
    hits = commands.hits("red", "--channel", "pictures", "--limit", 3)
    commands("export", "--format", "json", "--out", tmp_path / "a.json", "--ranks", "1,3")
    rows = json.loads((tmp_path / "a.json").read_bytes())["cuts"]
    assert [row["path"] for row in rows] == [hits[0]["path"], hits[2]["path"]]
    assert [(row["label"], row["query"], row["score"]) for row in rows] == [
        ("red", "red", hits[rank]["score"]) for rank in (0, 2)
    ]
    assert (rows[0]["in_frame"], rows[0]["out_frame"], rows[0]["rate"]) == (0, 10, "5")
    commands("export", "--format", "json", "--out", tmp_path / "all.json")
    assert len(json.loads((tmp_path / "all.json").read_bytes())["cuts"]) == len(hits)
    assert commands.ran("export", "--format", "csv", "--out", tmp_path / "b", "--ranks", "9").code == 2
    assert commands.ran("export", "--format", "csv", "--out", tmp_path / "b", "--ranks", "3-1").code == 2


def test_moments_that_are_marked_right(three: Path, commands: Commands, tmp_path: Path) -> None:
    ran = commands.ran("export", "--format", "csv", "--out", tmp_path / "none.csv", "--marked")
    assert (ran.code, "marked right" in ran.json["error"]) == (2, True)
    commands("mark", f"{three / 'red.mp4'}@1", "--query", "a wall")
    commands("mark", f"{three / 'blue.mp4'}@1", "--query", "a wall", "--wrong")
    commands("export", "--format", "csv", "--out", tmp_path / "a.csv", "--marked")
    (row,) = read_rows((tmp_path / "a.csv").read_bytes(), "csv")
    assert (Path(row["path"]).name, row["label"], row["in_frame"], row["out_frame"]) == (
        "red.mp4",
        "a wall",
        "0",
        "10",
    )


def test_moments_that_answer_a_query(three: Path, commands: Commands, tmp_path: Path) -> None:
    commands("search", "green", "--channel", "pictures")
    commands(
        "export", "--format", "csv", "--out", tmp_path / "a.csv", "--query", "by:pictures red", "--limit", 1
    )
    (row,) = read_rows((tmp_path / "a.csv").read_bytes(), "csv")
    assert (Path(row["path"]).name, row["label"]) == ("red.mp4", "by:pictures red")
    assert commands.ran("export", "--format", "csv", "--out", tmp_path / "b", "--query", "  ").code == 2
    ran = commands.ran("export", "--format", "csv", "--out", tmp_path / "b", "--query", "red after:2024-13")
    assert ran.code == 2
    assert commands("search", "green", "--channel", "pictures")["query"] == "green"


def test_a_file_that_is_not_indexed_needs_no_library(
    films: list[Counted], commands: Commands, tmp_path: Path
) -> None:
    commands("export", "--format", "csv", "--out", tmp_path / "a.csv", "--cut", typed_cut(films[0], 1, 2))
    assert not commands.library.exists()


# What is away


def take_away(commands: Commands, path: Path) -> None:
    """The file goes, and the library believes that its drive went with it."""
    path.rename(path.with_name("elsewhere"))
    with closing(sqlite3.connect(commands.library / "library.sqlite")) as connection:
        connection.execute("UPDATE volume SET uid = 'uuid:unplugged', label = 'Shoot A'")
        connection.commit()


def change_row(commands: Commands, **values: Any) -> None:
    with closing(sqlite3.connect(commands.library / "library.sqlite")) as connection:
        for name, value in values.items():
            connection.execute(f"UPDATE video SET {name} = ?", (value,))
        connection.commit()


@pytest.fixture
def drop_film(videos: Path, commands: Commands) -> Counted:
    film = write_film(videos, next(film for film in FILMS if film.name == "dropped.mov"))
    commands("index", videos)
    return film


def test_an_offline_film_is_exported_by_what_is_known(
    drop_film: Counted, commands: Commands, tmp_path: Path
) -> None:
    take_away(commands, drop_film.path)
    cut = f"--cut={typed_cut(drop_film, 41, 93)}"
    answer = commands("export", "--format", "json", "--out", tmp_path / "a.json", cut)
    assert answer["offline"] == [{"path": str(drop_film.path), "volume": "Shoot A"}]
    assert (answer["skipped"], answer["notes"]) == ([], [])
    (row,) = json.loads((tmp_path / "a.json").read_bytes())["cuts"]
    assert (row["in_frame"], row["out_frame"], row["rate"]) == (41, 93, "30000/1001")
    assert (row["timecode_in"], row["offline_volume"]) == ("00:00:59;11", "Shoot A")

    ran = commands.ran("export", "--format", "clips", "--out", tmp_path / "a.mp4", cut)
    assert (ran.code, "plug in Shoot A" in ran.json["error"]) == (2, True)
    ran = commands.ran("export", "--format", "clips", "--out", tmp_path / "a.mp4", "--skip-missing", cut)
    assert (ran.code, ran.json["files"], len(ran.json["skipped"])) == (5, [], 1)
    assert not (tmp_path / "a.mp4").exists()


def test_an_offline_film_of_an_older_library(drop_film: Counted, commands: Commands, tmp_path: Path) -> None:
    take_away(commands, drop_film.path)
    nothing = dict.fromkeys(("frame_rate", "variable_rate", "film_start", "pixel_aspect"))
    change_row(commands, **nothing, fps=29.9702)
    cut = f"--cut={typed_cut(drop_film, 41, 93)}"
    answer = commands("export", "--format", "json", "--out", tmp_path / "a.json", cut)
    assert "30000/1001 frames a second assumed" in answer["notes"][0]
    (row,) = json.loads((tmp_path / "a.json").read_bytes())["cuts"]
    assert (row["in_frame"], row["out_frame"]) == (41, 93)

    change_row(commands, fps=29.6)
    ran = commands.ran("export", "--format", "json", "--out", tmp_path / "b.json", cut)
    assert (ran.code, "no usual one" in ran.json["skipped"][0]["reason"]) == (5, True)
    change_row(commands, variable_rate=1)
    ran = commands.ran("export", "--format", "json", "--out", tmp_path / "b.json", cut)
    assert (ran.code, "varies" in ran.json["skipped"][0]["reason"]) == (5, True)
    assert not (tmp_path / "b.json").exists()


def test_an_older_library_whose_film_is_here(drop_film: Counted, commands: Commands, tmp_path: Path) -> None:
    change_row(commands, **dict.fromkeys(("frame_rate", "variable_rate", "film_start")), fps=12)
    commands(
        "export", "--format", "json", "--out", tmp_path / "a.json", f"--cut={typed_cut(drop_film, 41, 93)}"
    )
    (row,) = json.loads((tmp_path / "a.json").read_bytes())["cuts"]
    assert (row["in_frame"], row["out_frame"], row["rate"]) == (41, 93, "30000/1001")


def test_films_that_are_gone_or_changed_are_named(three: Path, commands: Commands, tmp_path: Path) -> None:
    commands("search", "red", "--channel", "pictures", "--limit", 3)
    (three / "red.mp4").unlink()
    (three / "blue.mp4").write_bytes((three / "green.mp4").read_bytes() + b"longer")
    ran = commands.ran("export", "--format", "csv", "--out", tmp_path / "a.csv")
    assert ran.code == 2
    assert re.search(r"(red|blue)\.mp4: (gone|has changed).*--skip-missing", ran.json["error"])
    assert not (tmp_path / "a.csv").exists()
    ran = commands.ran("export", "--format", "csv", "--out", tmp_path / "a.csv", "--skip-missing")
    assert ran.code == 5
    reasons = {Path(row["path"]).name: row["reason"] for row in ran.json["skipped"]}
    assert "gone" in reasons["red.mp4"]
    assert "changed since it was indexed" in reasons["blue.mp4"]
    (row,) = read_rows((tmp_path / "a.csv").read_bytes(), "csv")
    assert Path(row["path"]).name == "green.mp4"


def test_a_film_whose_time_alone_changed_is_the_same(three: Path, commands: Commands, tmp_path: Path) -> None:
    commands("search", "red", "--channel", "pictures", "--limit", 1)
    os.utime(three / "red.mp4", (1, 1))
    commands("export", "--format", "csv", "--out", tmp_path / "a.csv")


# Names


@pytest.mark.parametrize("form", BUNDLES)
def test_hostile_names_break_no_format(form: str, videos: Path, commands: Commands, tmp_path: Path) -> None:
    film = FILMS[2]
    names = [
        'a "b" <c>&d.mov',
        "]]>.mov",
        "two\nlines\r.mov",
        "\x1b[31m\x01.mov",
        "=1+2.mov",
        "@; x,y%3%.mov",
    ]
    folder = os.fsencode(videos)
    paths = [os.fsdecode(folder + b"/" + name.encode()) for name in names]
    paths.append(os.fsdecode(folder + b"/caf\xe9.mov"))
    written = write_film(tmp_path, film)
    for path in paths:
        Path(path).hardlink_to(written.path)
    out = tmp_path / "out"
    cuts = [f"--cut={path}@1-2" for path in paths]
    answer = commands("export", "--format", form, "--out", f"{out}/", *cuts)
    contents = [Path(row["path"]).read_bytes() for row in answer["files"]]
    if form in READERS:
        assert [read.path for read in READERS[form](contents[0])] == paths
    elif form == "mpv-edl":
        assert [read.path for read in read_mpv_edl(contents[0], {})] == paths
    elif form == "json":
        assert [cut["path"] for cut in json.loads(contents[0])["cuts"]] == paths
    elif form == "csv":
        rows = list(csv.DictReader(io.StringIO(contents[0].decode(), newline="")))
        assert len(rows) == len(paths)
        assert all(cell[:1] not in ("=", "+", "-", "@") for row in rows for cell in row.values())
    elif form == "edl":
        edits = [line for line in contents[0].decode().split("\r\n") if re.match(r"\d{3}  ", line)]
        assert len({line[5:13] for line in edits}) == len(paths)
        assert b"\x1b" not in contents[0]
    else:
        assert len(contents) == len(paths)
        assert all(content.count(b"\n") == 1 for content in contents)


def test_paths_as_another_machine_sees_them(films: list[Counted], commands: Commands, tmp_path: Path) -> None:
    folder = films[0].path.parent.parent
    maps = (f"--map={folder / 'Shoot A'}=D:\\Shoot", f"--map={folder}=/Volumes/All")
    cuts = [f"--cut={typed_cut(film, 1, 2)}" for film in films[:2]]
    commands("export", "--format", "csv", "--out", tmp_path / "a.csv", *maps, *cuts)
    rows = read_rows((tmp_path / "a.csv").read_bytes(), "csv")
    assert [row["path"] for row in rows] == ["D:\\Shoot\\cinema.mp4", "/Volumes/All/Shoot B/twenty four.mkv"]
    commands("export", "--format", "fcpxml", "--out", tmp_path / "a.fcpxml", *maps, *cuts)
    urls = re.findall(r'src="([^"]+)"', (tmp_path / "a.fcpxml").read_text())
    assert urls == ["file:///D:/Shoot/cinema.mp4", "file:///Volumes/All/Shoot%20B/twenty%20four.mkv"]


# Files


def test_what_does_not_fit_is_refused(films: list[Counted], commands: Commands, tmp_path: Path) -> None:
    several = [f"--cut={typed_cut(film, 1, 2)}" for film in films[:2]]
    one = several[:1]
    refused = (
        ("--format", "csv", "--out", "-", *one),
        ("--format", "edl", "--out", tmp_path / "a.edl", *several),
        ("--format", "losslesscut", "--out", tmp_path / "a.csv", *several),
        ("--format", "clips", "--out", tmp_path / "a.mp4", *several),
        ("--format", "clips", "--out", tmp_path / "a.txt", *one),
        ("--format", "csv", "--out", tmp_path / "no folder" / "a.csv", *one),
        ("--format", "csv", "--out", "", *one),
        ("--format", "csv", "--copy", "--out", tmp_path / "a.csv", *one),
        ("--format", "csv", "--out", tmp_path / "a.csv", "--marked", *one),
        ("--format", "csv", "--out", tmp_path / "a.csv", "--map", "x", *one),
        ("--format", "csv", "--out", tmp_path / "a.csv", "--cut", f"{films[0].path}@5"),
        ("--format", "csv", "--out", tmp_path / "a.csv", "--cut", f"{films[0].path}@2-1"),
        ("--format", "csv", "--out", tmp_path / "a.csv", "--cut", f"{films[0].path}@100-101"),
        ("--format", "csv", "--out", tmp_path / "a.csv", "--cut", f"{films[3].path}@00:01:00;00-00:01:01;00"),
        ("--format", "csv", "--out", tmp_path / "a.csv", "--cut", f"{films[2].path}@01:00:00:00-11:00:00:00"),
        ("--format", "csv", "--out", tmp_path / "a.csv", "--cut", f"{tmp_path}/none.mov@1-2"),
    )
    for arguments in refused:
        assert commands.ran("export", *arguments).code == 2, arguments
    ran = commands.text("export", "--format", "edl", "--out", "-", *several)
    assert (ran.code, ran.out) == (2, "")
    assert [path.name for path in tmp_path.iterdir()] == []


def test_the_only_file_of_a_format_goes_to_stdout(films: list[Counted], commands: Commands) -> None:
    ran = commands.text("export", "--format", "edl", "--out", "-", "--cut", typed_cut(films[2], 41, 93))
    assert ran.code == 0
    assert "10:20:31:16 10:20:33:18" in ran.out


def test_an_existing_file_stays_unless_it_is_forced(
    films: list[Counted], commands: Commands, tmp_path: Path
) -> None:
    out = tmp_path / "a.csv"
    out.write_text("of the user")
    arguments = ("export", "--format", "csv", "--out", out, "--cut", typed_cut(films[0], 1, 2))
    ran = commands.ran(*arguments)
    assert (ran.code, out.read_text()) == (2, "of the user")
    assert "--force" in ran.json["error"]
    commands(*arguments, "--force")
    assert out.read_text().startswith("path,")
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]
