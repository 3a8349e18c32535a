"""Films for an export: looked at once each, and refused by name where they cannot be had."""

from __future__ import annotations

import os
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from mediaindex.assembly import film_sources
from mediaindex.assembly.film_sources import FilmSources, SourceMissing
from mediaindex.config import load_config
from mediaindex.decode.worker import DecodeWorker
from mediaindex.export.cuts.path_map import PathRule
from mediaindex.export.cuts.source import Sound
from mediaindex.media import MediaInfo, NotAVideo
from mediaindex.store.catalog import lookup
from mediaindex.store.library import open_library
from tests.support.commands import index_quietly
from tests.support.counted_films import FILMS, write_film
from tests.support.films import jpeg
from tests.support.media import write_sound

pytestmark = pytest.mark.usefixtures("kept_decoders")
FILM = replace(FILMS[3], count=40)


def test_a_film_is_looked_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_film(tmp_path, FILM).path
    asked: list[Path] = []
    probe = DecodeWorker.probe

    def counting(self: DecodeWorker, path: Path) -> MediaInfo | NotAVideo:
        asked.append(path)
        return probe(self, path)

    monkeypatch.setattr(DecodeWorker, "probe", counting)
    with FilmSources(None, load_config({}), [PathRule(str(tmp_path), "/Volumes/A")]) as sources:
        source = sources.at(path)
        assert sources.at(path) is source
    assert asked == [path]
    assert (source.target, source.rate, source.clock.count) == (
        "/Volumes/A/dropped.mov",
        Fraction(30000, 1001),
        40,
    )
    assert (source.start_timecode, source.sounds) == ("00:00:58;00", (Sound(1, 8000),))


def test_what_is_no_film_is_named(tmp_path: Path) -> None:
    (tmp_path / "text.mov").write_text("no film " * 1000)
    names = {
        "none.mov": "no such file",
        "song.mp4": "no picture stream",
        "a.jpg": "a picture",
        "text.mov": r"text\.mov: .+",
    }
    write_sound(tmp_path / "song.mp4")
    jpeg(tmp_path / "a.jpg", "red")
    with FilmSources(None, load_config({})) as sources:
        for name, reason in names.items():
            with pytest.raises(SourceMissing, match=reason) as refused:
                sources.at(tmp_path / name)
            assert refused.value.path == tmp_path / name
            assert not refused.value.is_final


def test_a_film_that_moved_or_lies_twice_is_found(tmp_path: Path) -> None:
    videos = tmp_path / "videos"
    videos.mkdir()
    path = write_film(videos, FILM).path
    copy = path.with_name("copy.mov")
    copy.write_bytes(path.read_bytes())
    index_quietly(tmp_path / "library", videos)
    with open_library(tmp_path / "library") as library, FilmSources(library, load_config({})) as sources:
        with library.read() as connection:
            video_id = lookup.video_at(connection, path)
        assert video_id is not None
        os.unlink(path)
        assert sources.of_video(video_id, path).path == copy
        copy.write_bytes(copy.read_bytes()[:-1] + b"!")
        with FilmSources(library, load_config({})) as again, pytest.raises(SourceMissing, match="changed"):
            again.of_video(video_id, copy)
        os.unlink(copy)
        with FilmSources(library, load_config({})) as again, pytest.raises(SourceMissing, match="gone"):
            again.of_video(video_id, path)
        with pytest.raises(SourceMissing, match="search again"):
            sources.of_video(video_id + 1000, path)


def test_the_module_opens_no_media_file() -> None:
    source = Path(film_sources.__file__).read_text(encoding="utf-8")
    assert "import av" not in source
