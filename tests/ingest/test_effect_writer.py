"""Effects are written in their order: at once, or together with others."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import insert

from mediaindex.errors import NoSpace
from mediaindex.ingest import effect_writer
from mediaindex.ingest.effect_writer import EffectWriter
from mediaindex.ingest.embedder import Embedder
from mediaindex.media import FileEvent
from mediaindex.store.catalog import failures, schema
from mediaindex.store.catalog.database import get_meta, set_meta
from mediaindex.store.library import Library
from mediaindex.store.vectors.spaces import Unembedded
from tests.support.corridor import record
from tests.support.fake_encoder import FakeEncoder

if TYPE_CHECKING:
    import sqlalchemy as sa

KEY = "written"
FILM, OTHER = (FileEvent(Path(f"/films/{name}.mp4"), 1, 2) for name in ("film", "other"))


@dataclass(frozen=True, slots=True)
class Append:
    """Adds a letter to a row; `video` is handed to the embedder."""

    letter: str
    video: Unembedded | None = None

    def apply(self, connection: sa.Connection) -> Unembedded | None:
        set_meta(connection, KEY, (get_meta(connection, KEY) or "") + self.letter)
        return self.video


@dataclass(frozen=True, slots=True)
class Fail:
    """Finds no room."""

    def apply(self, connection: sa.Connection) -> None:
        raise NoSpace("the disk is full")


@dataclass(frozen=True, slots=True)
class Store:
    """Puts a value where SQLite wants a whole number within 64 bits."""

    value: object

    def apply(self, connection: sa.Connection) -> None:
        values = {"path": OTHER.path, "size": self.value, "mtime_ns": 0, "reason": ""}
        connection.execute(insert(schema.skipped).values(values))


def written(library: Library) -> str:
    with library.read() as connection:
        return get_meta(connection, KEY) or ""


@pytest.fixture
def embedder(opened: Library) -> Embedder:
    return Embedder(opened, "fake", load=lambda name, _arithmetic, _digest: FakeEncoder(name=name))


@pytest.fixture
def writer(opened: Library, embedder: Embedder) -> EffectWriter:
    return EffectWriter(opened, embedder)


def test_what_is_deferred_is_written_in_order(opened: Library, writer: EffectWriter) -> None:
    writer.defer(FILM, [Append("a"), Append("b")])
    writer.defer(OTHER, [Append("c")])
    assert written(opened) == ""
    writer.flush()
    assert written(opened) == "abc"
    writer.flush()
    assert written(opened) == "abc"


def test_effects_of_one_call_are_written_all_or_none(opened: Library, writer: EffectWriter) -> None:
    with pytest.raises(NoSpace):
        writer.write(FILM, [Append("a"), Fail()])
    assert written(opened) == ""


def test_so_many_deferred_files_are_written_at_once(
    opened: Library, writer: EffectWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(effect_writer, "ROWS_A_TRANSACTION", 2)
    writer.defer(FILM, [Append("a"), Append("b")])
    writer.defer(FILM, [])
    assert written(opened) == ""
    writer.defer(OTHER, [Append("c")])
    assert written(opened) == "abc"


def test_old_effects_are_written_and_young_ones_wait(
    opened: Library, writer: EffectWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer.flush_old()
    writer.defer(FILM, [Append("a")])
    writer.flush_old()
    assert written(opened) == ""
    monkeypatch.setattr(effect_writer, "SECONDS_A_TRANSACTION", -1.0)
    writer.flush_old()
    assert written(opened) == "a"
    writer.defer(FILM, [Append("b")])
    assert written(opened) == "ab"


def test_recorded_videos_go_to_the_embedder(
    opened: Library, embedder: Embedder, writer: EffectWriter, tmp_path: Path
) -> None:
    writer.write(FILM, [Append("a")])
    assert not embedder.is_open
    writer.write(FILM, [Append("b", record(opened, tmp_path / "a.mp4", "red", "blue"))])
    assert embedder.batcher.waiting == 2


@pytest.mark.parametrize(
    ("value", "reason"),
    [(2**63, "too large"), (-(2**70), "too large"), ("caf\udce9", "surrogates"), (None, "NOT NULL")],
)
def test_what_cannot_be_stored_costs_its_file_alone(
    opened: Library, writer: EffectWriter, value: object, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    writer.defer(OTHER, [Append("a")])
    writer.defer(FILM, [Append("lost"), Store(value)])
    writer.defer(OTHER, [Append("b")])
    writer.flush()
    assert written(opened) == "ab"
    (refused,) = writer.take_refused()
    assert refused.path == FILM.path
    assert refused.reason.startswith("it cannot be recorded: ")
    assert reason in refused.reason
    assert str(FILM.path) in caplog.text
    assert writer.take_refused() == []
    with opened.read() as connection:
        noted = failures.failures(connection)
    assert noted == {FILM.path: refused}, "so that the next pass does not decode it again in vain"

    assert writer.write(FILM, [Append("lost"), Store(value)]) == refused
    assert written(opened) == "ab"
