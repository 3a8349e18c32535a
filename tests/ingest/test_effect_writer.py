"""Effects are written in their order: at once, or together with others."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mediaindex.errors import NoSpace
from mediaindex.ingest import effect_writer
from mediaindex.ingest.effect_writer import EffectWriter
from mediaindex.ingest.embedder import Embedder
from mediaindex.store.catalog.database import get_meta, set_meta
from mediaindex.store.library import Library
from mediaindex.store.vectors.spaces import Unembedded
from tests.support.corridor import record
from tests.support.fake_encoder import FakeEncoder

if TYPE_CHECKING:
    import sqlalchemy as sa

KEY = "written"


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


def written(library: Library) -> str:
    with library.read() as connection:
        return get_meta(connection, KEY) or ""


@pytest.fixture
def embedder(opened: Library) -> Embedder:
    return Embedder(opened, "fake", load=lambda name: FakeEncoder(name=name), ann_rows=1_000_000)


@pytest.fixture
def writer(opened: Library, embedder: Embedder) -> EffectWriter:
    return EffectWriter(opened, embedder)


def test_what_is_deferred_is_written_before_what_follows(opened: Library, writer: EffectWriter) -> None:
    writer.defer([Append("a"), Append("b")])
    writer.defer([Append("c")])
    assert written(opened) == ""
    writer.flush([Append("d")])
    assert written(opened) == "abcd"
    writer.flush()
    assert written(opened) == "abcd"


def test_effects_of_one_call_are_written_all_or_none(opened: Library, writer: EffectWriter) -> None:
    with pytest.raises(NoSpace):
        writer.write([Append("a"), Fail()])
    assert written(opened) == ""


def test_so_many_deferred_effects_are_written_at_once(
    opened: Library, writer: EffectWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(effect_writer, "ROWS_A_TRANSACTION", 3)
    writer.defer([Append("a"), Append("b")])
    assert written(opened) == ""
    writer.defer([Append("c")])
    assert written(opened) == "abc"


def test_old_effects_are_written_and_young_ones_wait(
    opened: Library, writer: EffectWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer.flush_old()
    writer.defer([Append("a")])
    writer.flush_old()
    assert written(opened) == ""
    monkeypatch.setattr(effect_writer, "SECONDS_A_TRANSACTION", -1.0)
    writer.flush_old()
    assert written(opened) == "a"
    writer.defer([Append("b")])
    assert written(opened) == "ab"


def test_recorded_videos_go_to_the_embedder(
    opened: Library, embedder: Embedder, writer: EffectWriter, tmp_path: Path
) -> None:
    writer.write([Append("a")])
    assert not embedder.is_open
    writer.write([Append("b", record(opened, tmp_path / "a.mp4", "red", "blue"))])
    assert embedder.batcher.waiting == 2
