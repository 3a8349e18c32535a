"""Whatever the catalog holds is reached from a place, whatever happened; what is not is found and removed."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import mkdtemp

import pytest
import sqlalchemy as sa
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from mediaindex.ingest.file_effects import RecordDecoded, RecordFirstLook, RecordHeaders
from mediaindex.ingest.pools.file_reading import DecodedFile, ProbedFile
from mediaindex.ingest.reconcile.decision import DecodeTask, Effect
from mediaindex.ingest.reconcile.location_effects import MoveLocation, NoteMissing, PlaceCopy
from mediaindex.media import Cue, FileEvent, Segment, Segmentation
from mediaindex.store import forgetting
from mediaindex.store.catalog import fulltext, locations, volumes
from mediaindex.store.catalog.fulltext import SubtitleFile
from mediaindex.store.catalog.schema import video
from mediaindex.store.catalog.videos import Identity
from mediaindex.store.commit import Embedded, put, sweep
from mediaindex.store.library import Library, open_library
from mediaindex.store.maintenance.check import check
from mediaindex.store.maintenance.reachability import unreached
from mediaindex.store.vectors import spaces
from tests.support.small_library import INFO, embeddings, make_space, write_blob

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
        return DecodedFile(task, identity, INFO, outline, name, tuple(map(float, range(count))), cues)

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
            forgetting.purge_missing(connection, before=self.clock)

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
    from hypothesis.stateful import run_state_machine_as_test

    run_state_machine_as_test(
        Catalog, settings=settings(max_examples=8, stateful_step_count=20, deadline=None)
    )
