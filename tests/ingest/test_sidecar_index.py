"""Sidecar subtitles follow their films; a folder of many films is listed once a pass, not once a film."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from mediaindex.ingest import sidecar_index
from mediaindex.store.catalog import fulltext, locations
from mediaindex.store.library import Library, open_library
from tests.support.corridor import ingest, run
from tests.support.drives import Drive
from tests.support.films import film, srt
from tests.support.unreadable import closed, troubled


def refresh_sidecars(library: Library, roots: Sequence[Path]) -> int:
    """As at the end of a pass that found every known file."""
    with library.read() as connection:
        known = locations.locations_below(connection, roots).values()
    files = {place.path for place in known if place.missing_since is None}
    return sidecar_index.refresh_sidecars(library, roots, files)


def words(library: Library, text: str) -> int:
    """How many places in words hold this text."""
    with library.read() as connection:
        return len(fulltext.find(connection, text).hits)


def test_the_names_of_a_folder_are_read_once(
    library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    videos = tmp_path / "videos"
    first = film(videos / "a.mp4", "red")
    for number in range(5):
        (videos / f"copy {number}.mp4").write_bytes(first.read_bytes())
    listed: list[str] = []
    listdir = os.listdir

    def counted(folder: str) -> list[str]:
        listed.append(folder)
        return listdir(folder)

    with open_library(library, create=True) as opened:
        run(ingest(opened), videos)
        monkeypatch.setattr(os, "listdir", counted)
        assert refresh_sidecars(opened, [videos]) == 0
        assert listed.count(str(videos)) == 1
        subtitle = srt(videos / "copy 3.en.srt", (0.0, 1.0, "a word"))
        assert refresh_sidecars(opened, [videos]) == 1
        assert refresh_sidecars(opened, [videos]) == 0
        subtitle.unlink()
        refresh_sidecars(opened, [videos])
        assert refresh_sidecars(opened, [videos]) == 0
        assert listed.count(str(videos)) == 5


def test_a_sidecar_that_changes_is_read_again_and_one_that_cannot_be_is_noted(
    library: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = film(tmp_path / "videos" / "a.mp4", "red")
    subtitle = srt(path.with_suffix(".srt"), (0.0, 1.0, "meadow"))
    with open_library(library, create=True) as opened:
        run(ingest(opened), path.parent)
        assert words(opened, "meadow") == 1
        srt(subtitle, (0.0, 1.0, "harbour"), (1.0, 2.0, "harbour again"))
        assert refresh_sidecars(opened, [path.parent]) == 1
        assert (words(opened, "meadow"), words(opened, "harbour")) == (0, 2)
        subtitle.write_bytes(b"\0" * 5000)
        assert refresh_sidecars(opened, [path.parent]) == 1
        assert str(subtitle) in caplog.text
        assert words(opened, "harbour") == 0
        assert refresh_sidecars(opened, [path.parent]) == 0, "it is not tried again while it stays the same"


def test_the_sidecars_of_a_film_that_is_gone_are_left_as_they_are(library: Path, tmp_path: Path) -> None:
    path = film(tmp_path / "videos" / "a.mp4", "red")
    subtitle = srt(path.with_suffix(".srt"), (0.0, 1.0, "meadow"))
    with open_library(library, create=True) as opened:
        run(ingest(opened), path.parent)
        path.unlink()
        run(ingest(opened), path.parent)
        subtitle.unlink()
        assert refresh_sidecars(opened, [path.parent]) == 0
        with opened.read() as connection:
            (place,) = locations.locations_below(connection, [path.parent]).values()
            assert len(fulltext.sidecars_of(connection, [place.id])[place.id]) == 1


def test_a_sidecar_that_cannot_be_read_now_keeps_its_words(library: Path, tmp_path: Path) -> None:
    path = film(tmp_path / "videos" / "a.mp4", "red")
    subtitle = srt(path.with_suffix(".srt"), (0.0, 1.0, "meadow"))
    with open_library(library, create=True) as opened:
        run(ingest(opened), path.parent)
        for trouble in (troubled(subtitle, errno.EIO), closed(path.parent), closed(path.parent, 0o444)):
            with trouble:
                assert refresh_sidecars(opened, [path.parent]) == 0
            assert words(opened, "meadow") == 1
        srt(subtitle, (0.0, 1.0, "harbour"), (1.0, 2.0, "harbour"))
        with closed(subtitle):
            assert refresh_sidecars(opened, [path.parent]) == 0
        assert (words(opened, "meadow"), words(opened, "harbour")) == (1, 0)
        assert refresh_sidecars(opened, [path.parent]) == 1
        assert words(opened, "meadow") == 0
        subtitle.unlink()
        refresh_sidecars(opened, [path.parent])
        assert words(opened, "harbour") == 0


def test_the_words_beside_a_film_on_an_unplugged_drive_stay(
    library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drive = Drive(monkeypatch, tmp_path / "shelf")
    path = film(drive.plug(tmp_path / "usb") / "a.mp4", "red")
    srt(path.with_suffix(".srt"), (0.0, 1.0, "meadow"))
    with open_library(library, create=True) as opened:
        run(ingest(opened), path.parent)
        drive.unplug()
        assert run(ingest(opened), path.parent).offline == 1
        assert words(opened, "meadow") == 1


def test_others_have_their_turn_between_folders_and_may_forget_a_film(library: Path, tmp_path: Path) -> None:
    films = [film(tmp_path / "videos" / name / "a.mp4", name) for name in ("red", "blue", "green")]
    turns: list[None] = []

    def forget_all() -> None:
        turns.append(None)
        with opened.write() as connection:
            places = locations.locations_at(connection, films)
            locations.remove_locations(connection, [place.id for place in places])

    with open_library(library, create=True) as opened:
        run(ingest(opened), tmp_path / "videos")
        for path in films:
            srt(path.with_suffix(".srt"), (0.0, 1.0, "meadow"))
        assert sidecar_index.refresh_sidecars(opened, [tmp_path], set(films), forget_all) == 0
        assert len(turns) >= len(films)
        assert words(opened, "meadow") == 0
