"""`status`: what it counts in a library."""

from __future__ import annotations

from pathlib import Path

import pytest

from mediaindex.assembly.overview import library_values
from mediaindex.cli.status import evaluation_line
from mediaindex.store.evaluations import runs
from mediaindex.store.library import open_library
from tests.support.commands import ENCODER, Commands
from tests.support.films import film
from tests.support.observed import listed_folders, statements

STATUS_KEYS = [
    "schema",
    "library",
    "videos",
    "locations",
    "offline",
    "missing",
    "forgotten",
    "skipped",
    "frames",
    "segments",
    "media_seconds",
    "queue",
    "notes",
    "bytes",
    "sources",
    "spaces",
    "encoder",
    "failures",
    "writer",
    "hubs",
    "confidence",
    "rerank",
    "personal",
    "last_evaluation",
]


def test_status_counts_what_is_there(videos: Path, commands: Commands) -> None:
    film(videos / "red.mp4", "red", "blue")
    (videos / "letter.mkv").write_text("text " * 100)
    commands("index", videos, code=5)
    status = commands("status")
    assert list(status) == STATUS_KEYS
    assert status["library"] == str(commands.library)
    assert (status["videos"], status["locations"], status["segments"]) == (1, 1, 2)
    assert status["media_seconds"] == pytest.approx(4.0, abs=0.2)
    (space,) = status["spaces"]
    assert (space["encoder"], space["state"], space["serving"]) == (ENCODER, "serving", True)
    assert space["vectors"] == status["frames"] > 0
    assert status["encoder"] == ENCODER
    (source,) = status["sources"]
    assert (source["path"], source["online"], source["files"]) == (str(videos), True, 1)
    assert status["queue"] == {"to_embed": 0, "requests": 0}
    assert status["notes"] == {"captions": 0, "marks": 0, "picks": 0, "saved": 0}
    assert (status["confidence"]["on"], status["confidence"]["by"]) == (False, "no calibration")
    assert f"'mediaindex train --encoder {ENCODER} --features FILE'" in status["confidence"]["reason"]
    assert set(status["bytes"]) == {"library.sqlite", "frames", "vectors", "matrix", "regions", "thumbnails"}
    assert all(status["bytes"][name] > 0 for name in ("library.sqlite", "frames", "vectors", "matrix"))
    (failure,) = status["failures"]
    assert list(failure) == ["path", "stage", "state", "attempts", "next_at", "reason"]
    assert (failure["path"], failure["state"], failure["attempts"]) == (str(videos / "letter.mkv"), "dead", 1)
    assert (status["writer"], status["last_evaluation"]) == (None, None)
    text = commands.text("status").out
    assert "1 videos" in text
    assert "letter.mkv" in text


def test_status_takes_no_longer_where_there_is_more(videos: Path, commands: Commands) -> None:
    """As many statements for two files as for one, no blob listed, and no file looked for."""
    film(videos / "red.mp4", "red", "blue")
    commands("index", videos)
    before = asked_by_status(commands.library)
    film(videos / "green.mp4", "green")
    commands("index", videos)
    assert asked_by_status(commands.library) == before


def asked_by_status(folder: Path) -> list[str]:
    with open_library(folder) as library:
        with listed_folders() as listed, statements(library.engine) as asked:
            values = library_values(library)
        assert not any(path.startswith(str(folder / "frames")) for path in listed)
        assert values["bytes"]["frames"] == sum(size for _name, size in library.frames.names())
    return [text for text, _values in asked]


def test_what_is_gone_is_missing_when_a_pass_has_noted_it(videos: Path, commands: Commands) -> None:
    path = film(videos / "red.mp4", "red")
    film(videos / "blue.mp4", "blue")
    commands("index", videos)
    path.unlink()
    assert (commands("status")["missing"], commands("status")["offline"]) == (0, 0)
    commands("index", videos)
    assert (commands("status")["missing"], commands("status")["offline"]) == (1, 0)


def test_status_counts_what_the_user_wrote(three: Path, commands: Commands) -> None:
    assert "captions" not in commands.text("status").out
    commands("caption", "add", f"{three / 'red.mp4'}@1", "a red wall")
    commands("mark", f"{three / 'red.mp4'}@1", f"{three / 'blue.mp4'}@1", "--query", "red")
    commands("saved", "add", "red")
    commands("search", "red")
    commands("open", 1, "--player", "true {path}")
    assert commands("status")["notes"] == {"captions": 1, "marks": 2, "picks": 1, "saved": 1}
    assert "1 caption, 2 marks, 1 saved search; 1 moment opened" in commands.text("status").out


def test_status_tells_the_last_evaluation(commands: Commands, three: Path) -> None:
    page = commands.library.parent / "page.html"
    with open_library(commands.library) as library, library.write() as connection:
        number = runs.begin(connection, versions={}, settings={})
        runs.end(
            connection, number, line="It fell.", regression={"regressed": True}, tested=True, report=page
        )
    told = commands("status")["last_evaluation"]
    assert (told["line"], told["regressed"], told["report"]) == ("It fell.", True, str(page))
    assert told["older_than_space"] is False
    assert f"last evaluation {told['at'][:10]} " in (text := commands.text("status").out)
    assert f": It fell.; page {page}\n" in text


def test_an_evaluation_of_another_encoder_is_told_as_such() -> None:
    told = {"at": "2026-05-04T03:30:00+02:00", "line": "Same.", "older_than_space": True, "report": None}
    assert evaluation_line(told) == "2026-05-04 03:30: Same. (another encoder served searches then)"
