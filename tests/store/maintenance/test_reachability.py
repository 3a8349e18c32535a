"""Whatever the catalog holds is reached from a place, whatever happened; what is not is found and removed."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import mkdtemp

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from mediaindex.ingest.file_effects import RecordDecoded, RecordFirstLook, RecordHeaders
from mediaindex.ingest.pools.file_reading import DecodedFile, ProbedFile
from mediaindex.ingest.reconcile.decision import DecodeTask, Effect
from mediaindex.ingest.reconcile.location_effects import MoveLocation, NoteMissing, PlaceCopy
from mediaindex.media import Cue, FileEvent, Segment, Segmentation
from mediaindex.store import forgetting
from mediaindex.store.catalog import fulltext, locations, volumes
from mediaindex.store.catalog.fulltext import SubtitleFile
from mediaindex.store.catalog.schema import location, metadata, video
from mediaindex.store.catalog.videos import Identity
from mediaindex.store.commit import Embedded, put, sweep
from mediaindex.store.library import Library, open_library
from mediaindex.store.maintenance.check import check, repair
from mediaindex.store.maintenance.reachability import ALL_TABLES, remove_unreached, unreached
from mediaindex.store.vectors import spaces
from mediaindex.store.vectors.spaces import Space
from tests.support.small_library import INFO, AddVideo, embeddings, make_space, write_blob

PATHS = [Path(f"/videos/{name}.mp4") for name in "abc"]
CONTENTS = ["1" * 64, "2" * 64, "3" * 64]
paths, contents = st.sampled_from(PATHS), st.sampled_from(CONTENTS)


def problems(library: Library) -> list[str]:
    with library.read() as connection:
        return unreached(connection).problems


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty library with a space, to be copied, since to make one takes long."""
    root = tmp_path_factory.mktemp("template") / "library"
    with open_library(root, create=True) as made:
        make_space(made)
        with made.write() as connection:
            volumes.ensure_volume(connection, uid="v", label=None, mount_point=Path("/"))
    return root


class Catalog(RuleBasedStateMachine):
    """What passes, requests and commits do to three paths and three contents, in any order."""

    template: Path

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(mkdtemp())
        shutil.copytree(self.template, self.folder / "library")
        self.library = open_library(self.folder / "library")
        with self.library.read() as connection:
            (self.space,) = spaces.all_spaces(connection)
        self.clock = 0.0
        self.embedding: list[Embedded] = []

    def apply(self, effect: Effect) -> None:
        with self.library.write() as connection:
            recorded = effect.apply(connection)
        if recorded is not None:
            vectors = embeddings(recorded.frames, 0)
            self.embedding.append(Embedded(recorded.video_id, recorded.extraction_id, vectors))
            self.library.frames.settle(recorded.frame_file)

    def task(self, path: Path, content: str) -> DecodeTask:
        return DecodeTask(FileEvent(path, size=int(content[0]), mtime_ns=1), content[:32], 1, path.parent)

    def decoded(self, path: Path, content: str, *, first_look: bool = False) -> DecodedFile:
        task, count = self.task(path, content), 1 if first_look else 2
        name = write_blob(self.library.frames, [b"frame"] * count, content=content)
        outline = Segmentation(2.0, (), (Segment(0.0, 2.0, 0, count),))
        identity = Identity(task.event.size, task.partial_hash, None if first_look else content)
        cues = () if first_look else (Cue(0.0, 1.0, "words", "stream 1"),)
        return DecodedFile(task, identity, INFO, outline, name, 1, tuple(map(float, range(count))), cues)

    @rule(path=paths, content=contents)
    def headers(self, path: Path, content: str) -> None:
        self.apply(RecordHeaders(ProbedFile(self.task(path, content), INFO)))

    @rule(path=paths, content=contents)
    def look(self, path: Path, content: str) -> None:
        self.apply(RecordFirstLook(self.decoded(path, content, first_look=True), "sampling"))

    @rule(path=paths, content=contents, copies=st.sets(paths))
    def decode(self, path: Path, content: str, copies: set[Path]) -> None:
        others = tuple(self.task(copy, content) for copy in sorted(copies - {path}))
        self.apply(RecordDecoded(self.decoded(path, content), "sampling", others))

    @rule(path=paths, content=contents)
    def copy(self, path: Path, content: str) -> None:
        with self.library.read() as connection:
            known = connection.execute(sa.select(video.c.id).where(video.c.hash == content)).scalar()
        if known is not None:
            self.apply(PlaceCopy(self.task(path, content).event, known, 1, path.parent))

    @rule(origin=paths, path=paths, automatic=st.booleans())
    def move(self, origin: Path, path: Path, automatic: bool) -> None:
        with self.library.read() as connection:
            place = locations.location_at(connection, origin)
        if place is not None and place.content is not None and path != origin:
            event = FileEvent(path, place.size, 2)
            self.apply(MoveLocation(place, event, place.content, 1, path.parent, automatic))

    @rule(path=paths)
    def add_sidecar(self, path: Path) -> None:
        with self.library.write() as connection:
            place = locations.location_at(connection, path)
            if place is not None and place.content is not None:
                about = SubtitleFile(f"{self.clock}.srt", location_id=place.id)
                fulltext.add_subtitle(connection, place.content, about, [Cue(0.0, 1.0, "said", "file")])

    @rule(path=paths)
    def miss(self, path: Path) -> None:
        self.apply(NoteMissing(path, self.clock))

    @rule(chosen=st.sets(paths), now=st.booleans())
    def forget(self, chosen: set[Path], now: bool) -> None:
        self.clock += 1
        with self.library.write() as connection:
            act = forgetting.forget_now if now else forgetting.forget
            act(connection, sorted(chosen), at=self.clock)

    @rule(chosen=st.none() | st.sets(paths))
    def undo(self, chosen: set[Path] | None) -> None:
        with self.library.write() as connection:
            forgetting.undo(connection, None if chosen is None else sorted(chosen), at=self.clock)

    @rule()
    def purge(self) -> None:
        with self.library.write() as connection:
            forgetting.purge_forgotten(connection, before=self.clock)
            gone = forgetting.long_missing(connection, before=self.clock)
            forgetting.purge_missing(connection, gone)

    @rule()
    def tick(self) -> None:
        self.clock += 1

    @precondition(lambda self: self.embedding)
    @rule(data=st.data())
    def embed(self, data: st.DataObject) -> None:
        count = data.draw(st.integers(1, len(self.embedding)))
        batch, self.embedding = self.embedding[:count], self.embedding[count:]
        put(self.library, self.space, batch)

    @rule()
    def collect(self) -> None:
        sweep(self.library)

    @invariant()
    def everything_is_reached(self) -> None:
        assert problems(self.library) == []

    def teardown(self) -> None:
        sweep(self.library)
        found = check(self.library)
        self.library.close()
        shutil.rmtree(self.folder)
        assert found.problems == []


def test_nothing_is_out_of_reach_whatever_happens(template: Path) -> None:
    Catalog.template = template
    run_state_machine_as_test(
        Catalog, settings=settings(max_examples=8, stateful_step_count=20, deadline=None)
    )


TABLES = [table.name for table in ALL_TABLES if table.name not in ("meta", "garbage")]


@pytest.fixture(scope="module")
def indexed_template(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library with three shown videos of two frames, one with a copy, and words of each kind."""
    root = tmp_path_factory.mktemp("indexed") / "library"
    shutil.copytree(template, root)
    with open_library(root) as library:
        with library.read() as connection:
            (space,) = spaces.all_spaces(connection)
        for number, (path, content) in enumerate(zip(PATHS, CONTENTS, strict=True)):
            name = write_blob(library.frames, [b"frame"] * 2, content=content)
            task = DecodeTask(FileEvent(path, size=number, mtime_ns=1), content[:32], 1, path.parent)
            outline = Segmentation(2.0, (), (Segment(0.0, 2.0, 0, 2),))
            identity = Identity(number, content[:32], content)
            cues = (Cue(0.0, 1.0, "words", "stream 1"),)
            file = DecodedFile(task, identity, INFO, outline, name, 1, (0.0, 1.0), cues)
            with library.write() as connection:
                recorded = RecordDecoded(file, "sampling", ()).apply(connection)
                place = locations.location_at(connection, path)
                assert place is not None
                about = SubtitleFile("a.srt", location_id=place.id)
                fulltext.add_subtitle(connection, recorded.video_id, about, [Cue(0.0, 1.0, "said", "file")])
            library.frames.settle(name)
            put(library, space, [Embedded(recorded.video_id, recorded.extraction_id, embeddings(2, number))])
        with library.read() as connection:
            shown = connection.execute(sa.select(video.c.id)).scalars().first()
        assert shown is not None
        with library.write() as connection:
            event = FileEvent(Path("/videos/copy.mp4"), size=0, mtime_ns=1)
            PlaceCopy(event, shown, 1, Path("/videos")).apply(connection)
        assert check(library).all_problems == []
    return root


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_rows_that_vanish_are_noticed_and_what_hung_on_them_goes(
    indexed_template: Path, data: st.DataObject, tmp_path: Path
) -> None:
    """As after a recovery of a damaged database: rows are gone, and no foreign key was asked."""
    root = Path(mkdtemp(dir=tmp_path)) / "library"
    shutil.copytree(indexed_template, root)
    gone = 0
    with closing(sqlite3.connect(root / "library.sqlite")) as database:
        for table in data.draw(st.lists(st.sampled_from(TABLES), min_size=1, max_size=3)):
            key = next(iter(metadata.tables[table].primary_key)).name
            keys = [row[0] for row in database.execute(f"SELECT DISTINCT {key} FROM {table}")]
            if keys:
                chosen = data.draw(st.sampled_from(keys))
                gone += database.execute(f"DELETE FROM {table} WHERE {key} = ?", (chosen,)).rowcount
        database.commit()
    with open_library(root) as library:
        found = check(library)
        if found.all_problems:
            repair(library, found)
        left = check(library).all_problems
        assert [line for line in left if "have none" not in line and "neither" not in line] == []
        with library.read() as connection:
            assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
    shutil.rmtree(root)


def test_a_video_without_a_path_is_named_and_removed(
    opened: Library, space: Space, add_video: AddVideo
) -> None:
    item = add_video()
    put(opened, space, [item])
    with opened.write() as connection:
        connection.execute(sa.delete(location))
    findings = check(opened)
    assert findings.problems == ["library.sqlite: 1 videos lie at no path"]
    repair(opened, findings)
    assert check(opened).all_problems == []
    assert list(opened.frames.names()) == []
    assert opened.vectors(space).generations() == set()


def test_a_content_that_waits_is_removed_when_another_takes_its_place(
    opened: Library, space: Space, add_video: AddVideo
) -> None:
    shown = add_video(seed=1)
    put(opened, space, [shown])
    waiting, newest = add_video(seed=2), add_video(seed=3)
    with opened.read() as connection:
        assert set(connection.execute(sa.select(video.c.id)).scalars()) == {shown.video_id, newest.video_id}
    put(opened, space, [waiting, newest])
    sweep(opened)
    assert check(opened).all_problems == []
    with opened.write() as connection:
        remove_unreached(connection)
        assert set(connection.execute(sa.select(video.c.id)).scalars()) == {newest.video_id}
