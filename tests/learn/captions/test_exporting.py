"""Captions are exported so that an import gives the same captions, in this library and in another."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from mediaindex.errors import NoSpace, UsageError
from mediaindex.learn.captions.exporting import export_captions
from mediaindex.learn.captions.importing import Imported, import_captions
from mediaindex.store.catalog.schema import caption, location
from mediaindex.store.library import Library, open_library
from mediaindex.store.notes import captions, waiting
from mediaindex.store.notes.captions import Said
from tests.support.catalogued import add_place
from tests.support.noted import remove_for_good

FILMS = ("/films/red.mp4", '/films/a "b", c\n.mkv', "/films/caf\udce9.mp4")

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60).filter(
    lambda text: bool("".join(ch for ch in text if ch.isalpha()))
)
TIMES = st.one_of(st.none(), st.floats(0.0, 6.0))
SAID = st.builds(
    Said, TIMES, st.none(), TEXTS, st.sampled_from([None, "en", "pt-BR", "zh-Hans"])
) | st.builds(lambda a, b, text: Said(min(a, b), max(a, b), text), st.floats(0, 6), st.floats(0, 6), TEXTS)


@pytest.fixture(scope="module")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Library, Library]]:
    """Two libraries that know the films."""
    root = tmp_path_factory.mktemp("libraries")
    with open_library(root / "one", create=True) as one, open_library(root / "other", create=True) as other:
        for film in FILMS:
            add_place(one, film)
            add_place(other, film)
        yield one, other


def emptied(library: Library) -> None:
    """Leave no caption of the example before."""
    with library.write() as connection:
        captions.remove(connection, connection.execute(sa.select(caption.c.id)).scalars().all())


def everything(library: Library) -> list[tuple[object, ...]]:
    """Path, times, text and language of each caption, those that wait among them."""
    with library.read() as connection:
        kept, late = captions.every(connection), waiting.every(connection)
    rows: list[tuple[object, ...]] = [
        (str(one.path), one.start_seconds, one.end_seconds, one.text, one.language) for one in kept
    ]
    rows += [(str(one.path), *dataclasses.astuple(one.said)) for one in late]
    return sorted(rows, key=repr)


def take(library: Library, path: Path) -> Imported:
    return import_captions(library, [path], stored=lambda one: one, detect=lambda _text: None)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(FILMS), SAID), max_size=8),
    st.lists(SAID, max_size=3),
    st.sampled_from([".csv", ".jsonl"]),
)
def test_an_export_that_is_imported_gives_the_same_captions(
    libraries: tuple[Library, Library], known: list[tuple[str, Said]], late: list[Said], suffix: str
) -> None:
    one, other = libraries
    emptied(one)
    emptied(other)
    with one.write() as connection:
        ids = dict(map(tuple, connection.execute(sa.select(location.c.path, location.c.video_id)).all()))
        for film, said in known:
            captions.add_new(connection, ids[Path(film)], [said])
        waiting.keep(connection, Path("/films/later.mp4"), late)
    with TemporaryDirectory() as folder:
        out = Path(folder, f"captions{suffix}")
        with one.read() as connection:
            count = export_captions(connection, out)
        before = everything(one)
        assert count == len(before)
        assert take(one, out) == Imported(0, count, {}, ())
        done = take(other, out)
        assert (done.imported, done.skipped) == (count, ())
        assert everything(other) == before == everything(one)


def test_captions_of_a_video_that_is_gone_are_exported_and_not_doubled(
    known: Library, take: Callable[..., Imported], folder: Path
) -> None:
    with known.write() as connection:
        number = connection.execute(sa.text("SELECT video_id FROM location ORDER BY id LIMIT 1")).scalar_one()
        captions.add(connection, number, 1.0, 2.0, "rex")
    remove_for_good(known, folder / "red.mp4")
    with known.read() as connection:
        assert export_captions(connection, folder / "out.csv") == 1
    assert take(folder / "out.csv") == Imported(0, 1, {}, ())
    with known.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(caption)).scalar_one() == 1


def test_only_those_of_a_folder(known: Library, folder: Path) -> None:
    with known.write() as connection:
        for number in connection.execute(sa.text("SELECT video_id FROM location")).scalars().all():
            captions.add(connection, number, 1.0, 2.0, f"of {number}")
    with known.read() as connection:
        assert export_captions(connection, folder / "deep.jsonl", [folder / "deep"]) == 1
        assert export_captions(connection, folder / "all.jsonl", [folder]) == 3


def test_nothing_is_overwritten(known: Library, folder: Path) -> None:
    there = folder / "there.csv"
    there.write_text("mine")
    with known.read() as connection:
        with pytest.raises(UsageError, match="is there already"):
            export_captions(connection, there)
        with pytest.raises(UsageError, match=r"written as \.csv or \.jsonl"):
            export_captions(connection, folder / "out.srt")
        with pytest.raises(NoSpace, match="cannot be written"):
            export_captions(connection, folder / "none" / "out.csv")
    assert there.read_text() == "mine"
    assert [path.name for path in folder.iterdir()] == ["there.csv"]
