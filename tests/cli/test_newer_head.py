"""A library of the first head meets newer heads of the built-in encoder."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from mediaindex.ingest.embedder import Embedder
from mediaindex.store.catalog.schema import extraction
from mediaindex.store.library import open_library
from mediaindex.store.maintenance import eviction
from tests.support.commands import Commands
from tests.support.films import film
from tests.support.first_head import FIRST, NEWEST, index_with_the_first_head, serving


@pytest.fixture
def films(videos: Path) -> Path:
    for colour in ("red", "blue"):
        film(videos / f"{colour}.mp4", colour, "white")
    return videos


def found(commands: Commands) -> set[str]:
    return set(commands.files("a plain picture", "--channel", "pictures"))


def test_it_is_searched_as_before_and_embedded_anew_by_the_next_index(
    films: Path, commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    index_with_the_first_head(commands, films, monkeypatch)
    assert found(commands) == {"red.mp4", "blue.mp4"}
    assert serving(commands)["digest"] == FIRST.digest, "a search changes nothing"
    report = commands("index", films)
    assert (report["decoded"], report["failed"]) == (0, [])
    assert serving(commands)["digest"] == NEWEST.digest
    assert found(commands) == {"red.mp4", "blue.mp4"}
    assert commands("search", "a plain picture", "--hubs", "on")["hubs"]["on"]
    assert commands("check")["problems"] == []
    assert commands("index", films)["indexed"] == 0


def test_where_frames_were_evicted_only_the_user_gives_up_their_vectors(
    films: Path, commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as small:
        small.setattr(eviction, "MIB", 1)
        index_with_the_first_head(commands, films, monkeypatch, "--cache-limit", "1M")
    film(films / "green.mp4", "green")
    commands("index", films)
    assert serving(commands)["digest"] == FIRST.digest
    assert found(commands) == {"red.mp4", "blue.mp4", "green.mp4"}
    assert commands("models", "use", "builtin")["decode_again"] == 2
    assert serving(commands)["digest"] == NEWEST.digest
    assert found(commands) == {"green.mp4"}
    assert commands("index", films)["decoded"] == 2
    assert found(commands) == {"red.mp4", "blue.mp4", "green.mp4"}


def test_a_video_whose_frames_cannot_be_read_keeps_its_vectors(
    films: Path, commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    index_with_the_first_head(commands, films, monkeypatch)
    (films / "red.mp4").rename(films.parent / "red.mp4")
    hit = next(hit for hit in commands.hits("a plain picture") if Path(hit["path"]).name == "red.mp4")
    with open_library(commands.library) as library, library.read() as connection:
        query = sa.select(extraction.c.frame_file).where(extraction.c.video_id == hit["video_id"])
        blob = commands.library / "frames" / connection.execute(query).scalar_one()
    content = bytearray(blob.read_bytes())
    content[len(content) // 2] ^= 0xFF
    blob.write_bytes(content)
    commands("index", films, code=None)
    assert serving(commands)["digest"] == FIRST.digest
    assert found(commands) == {"red.mp4", "blue.mp4"}
    (films.parent / "red.mp4").rename(films / "red.mp4")
    commands("index", films)
    assert serving(commands)["digest"] == NEWEST.digest
    assert found(commands) == {"red.mp4", "blue.mp4"}


def test_what_is_new_is_found_before_the_library_is_embedded_anew(
    films: Path, commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    index_with_the_first_head(commands, films, monkeypatch)
    film(films / "green.mp4", "green")

    def interrupted(embedder: Embedder, *_arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as stopped:
        stopped.setattr(Embedder, "_let_serve", interrupted)
        commands.ran("index", films)
    assert serving(commands)["digest"] == FIRST.digest
    assert found(commands) == {"red.mp4", "blue.mp4", "green.mp4"}
