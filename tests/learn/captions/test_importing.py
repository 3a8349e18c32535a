"""Captions of files in a library: each once, none lost, what is wrong told by file and line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mediaindex.errors import UsageError
from mediaindex.learn.captions.importing import Imported
from mediaindex.store.library import Library
from mediaindex.store.notes import captions, waiting
from tests.support.catalogued import add_place
from tests.support.films import srt

HEADER = "path,start_seconds,end_seconds,caption,language\n"


def table(folder: Path, *rows: str, name: str = "captions.csv", header: str = HEADER) -> Path:
    path = folder / name
    path.write_text(header + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return path


def texts(library: Library) -> list[tuple[str, str]]:
    """(video, text) of all captions of videos that are known."""
    with library.read() as connection:
        return [(one.path.name, one.text) for one in captions.every(connection)]


def reasons(done: Imported) -> list[tuple[str, str]]:
    return [(one.path, one.reason) for one in done.skipped]


def test_captions_are_kept_once_wherever_they_stand(
    known: Library, take: Callable[..., Imported], folder: Path
) -> None:
    rows = table(
        folder, "red.mp4,1,2,a red wall,en", "red.mp4,1,2,a red wall,", "deep/sea.mp4,0:01,,waves,de"
    )
    assert take(rows) == Imported(2, 1, {}, ())
    assert take(rows, rows) == Imported(0, 6, {}, ())
    assert texts(known) == [("sea.mp4", "waves"), ("red.mp4", "a red wall")]
    srt(folder / "red.srt", (1.0, 2.0, "a red wall"), (2.0, 3.0, "still red"))
    assert take(folder / "red.srt") == Imported(1, 1, {}, ())


def test_a_bare_name_is_looked_for_in_the_whole_library(
    known: Library, take: Callable[..., Imported], folder: Path
) -> None:
    elsewhere = folder.parent
    rows = table(elsewhere, "sea,,,whole,", "red.mp4,1,2,red,", "nowhere,,,waits,")
    done = take(rows)
    assert (done.imported, done.waiting) == (3, {elsewhere / "nowhere": 1})
    assert texts(known) == [("sea.mp4", "whole"), ("red.mp4", "red")]
    add_place(known, folder / "again" / "sea.mov")
    ((where, reason),) = reasons(take(table(elsewhere, "sea,,,which,")))
    assert where == "captions.csv:2"
    assert "both bear its video's name; write the path" in reason


def test_captions_of_a_video_that_is_not_known_wait_for_it(
    known: Library, take: Callable[..., Imported], folder: Path
) -> None:
    rows = table(folder, "later.mp4,1,2,a dog,en", "later.mp4,,,all of it,", "red.mp4,1,2,red,")
    assert take(rows) == Imported(3, 0, {folder / "later.mp4": 2}, ())
    assert take(rows) == Imported(0, 3, {}, ())
    video_id = add_place(known, folder / "later.mp4")
    with known.write() as connection:
        waiting.arrive(connection, folder / "later.mp4", video_id)
    assert take(rows) == Imported(0, 3, {}, ())
    assert texts(known) == [("later.mp4", "all of it"), ("later.mp4", "a dog"), ("red.mp4", "red")]


def test_what_is_wrong_with_a_line_is_told_and_the_others_are_kept(
    known: Library, take: Callable[..., Imported], folder: Path
) -> None:
    rows = table(
        folder,
        "red.mp4,9,10,too late,",
        f"red.mp4,1,2,{'x' * 10_000},",
        "red.mp4,2,1,backwards,",
        "red.mp4,soon,,when,",
        '{"path": "red.mp4"}',
        "red.mp4,1,2,kept,",
    )
    with rows.open("ab") as file:
        file.write("red.mp4,3,4,ein Café,\n".encode("latin-1"))
    done = take(rows)
    assert (done.imported, texts(known)) == (1, [("red.mp4", "kept")])
    told = dict(reasons(done))
    assert set(told) == {f"captions.csv:{number}" for number in (2, 3, 4, 5, 6, 8)}
    assert "ends at 0:06" in told["captions.csv:2"]
    assert "at most 2000 characters" in told["captions.csv:3"]
    assert "before it begins" in told["captions.csv:4"]
    assert "no time" in told["captions.csv:5"]
    assert "cells" in told["captions.csv:6"]
    assert "no UTF-8" in told["captions.csv:8"]


def test_a_file_that_is_refused_leaves_nothing_behind(
    known: Library, take: Callable[..., Imported], folder: Path
) -> None:
    rows = table(folder, "red.mp4,1,2,red,")
    with pytest.raises(UsageError, match="does not exist"):
        take(rows, folder / "none.csv")
    assert texts(known) == []
