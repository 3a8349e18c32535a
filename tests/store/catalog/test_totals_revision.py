"""Revision 0007: totals are right whatever happens to the rows, and an older library gets them."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from mediaindex.store import forgetting
from mediaindex.store.catalog import failures, locations, sources, videos, volumes
from mediaindex.store.catalog.schema import extraction, indexed, location
from mediaindex.store.catalog.volumes import known_volumes
from mediaindex.store.commit import Embedded, put, sweep
from mediaindex.store.library import Library, open_library
from mediaindex.store.maintenance.check import check, repair, wrong_counts
from mediaindex.store.vectors import spaces
from mediaindex.store.vectors.spaces import Space
from tests.support.older_libraries import downgraded
from tests.support.small_library import AddVideo, embeddings, make_space, visible

STEPS = 30


class Walk:
    """Steps that change a library at random, as writers do."""

    def __init__(self, library: Library, space: Space, add_video: AddVideo, seed: int) -> None:
        self.library, self.spaces, self.add_video = library, [space], add_video
        self.numbers = random.Random(seed)
        self.steps: list[Callable[[sa.Connection], object]] = [
            self.forget,
            self.undo,
            self.purge,
            self.miss,
            self.lose,
            self.evict,
            self.watch,
            self.unwatch,
            self.lend,
            self.skip,
            self.serve,
        ]

    def step(self) -> None:
        """One change: the commits are more frequent than any other."""
        choice = self.numbers.choice(
            ["add", "add", "embed", "embed", "space", "sweep", *self.steps, *self.steps]
        )
        match choice:
            case "add":
                self.add_video(
                    self.path(), frames=self.numbers.randint(1, 4), seed=self.numbers.randint(0, 99)
                )
            case "embed":
                self.embed()
            case "space":
                self.spaces.append(make_space(self.library, digest=str(self.numbers.randint(1, 3))))
            case "sweep":
                sweep(self.library)
            case _:
                assert callable(choice)
                with self.library.write() as connection:
                    choice(connection)

    def path(self) -> str:
        return f"/videos/{self.numbers.choice('ab')}/{self.numbers.choice('cdef')}.mp4"

    def embed(self) -> None:
        space = self.numbers.choice(self.spaces)
        with self.library.read() as connection:
            known = {kept.id: kept for kept in spaces.all_spaces(connection) if kept.state != "dropping"}
            waiting = spaces.missing_vectors(connection, space.id)
        if waiting and space.id in known:
            item = self.numbers.choice(waiting)
            put(
                self.library, space, [Embedded(item.video_id, item.extraction_id, embeddings(item.frames, 1))]
            )

    def forget(self, connection: sa.Connection) -> None:
        forgetting.forget(connection, [Path(self.path())], at=float(self.numbers.randint(1, 9)))

    def undo(self, connection: sa.Connection) -> None:
        forgetting.undo(connection, None, at=5.0)

    def purge(self, connection: sa.Connection) -> None:
        forgetting.purge_forgotten(connection, before=5.0)

    def miss(self, connection: sa.Connection) -> None:
        locations.miss(connection, Path(self.path()), 1.0)

    def some_extraction(self, connection: sa.Connection) -> int | None:
        ids = connection.execute(sa.select(extraction.c.id).where(videos.is_cached())).scalars().all()
        return self.numbers.choice(ids) if ids else None

    def lose(self, connection: sa.Connection) -> None:
        number = self.some_extraction(connection)
        videos.mark_frames_lost(connection, [] if number is None else [number])

    def evict(self, connection: sa.Connection) -> None:
        number = self.some_extraction(connection)
        gone = sa.update(extraction).where(extraction.c.id == number)
        connection.execute(gone.values(frame_file=f"{videos.EVICTED}{number}", blob_bytes=0))

    def watch(self, connection: sa.Connection) -> None:
        sources.add_source(connection, Path(self.numbers.choice(["/", "/videos", "/videos/a", self.path()])))

    def unwatch(self, connection: sa.Connection) -> None:
        sources.remove_source(connection, Path("/videos/a"))

    def lend(self, connection: sa.Connection) -> None:
        (disk, *_) = known_volumes(connection) or (None,)
        if disk is not None and disk.mount_point == Path("/"):
            other = volumes.ensure_volume(connection, uid="w", label=None, mount_point=Path("/other"))
            here = sa.update(location).where(location.c.path == Path(self.path()))
            connection.execute(here.values(volume_id=other))

    def skip(self, connection: sa.Connection) -> None:
        path = Path(self.path()).with_suffix(".txt")
        if self.numbers.random() < 0.5:
            failures.set_skip(connection, path, size=1, mtime_ns=1, reason="no film")
        else:
            failures.clear_skip(connection, path)

    def serve(self, connection: sa.Connection) -> None:
        known = [space.id for space in spaces.all_spaces(connection) if space.state == "building"]
        if known:
            spaces.switch_space(connection, known[0])


@pytest.mark.parametrize("seed", range(4))
def test_every_count_is_right_after_each_change(
    opened: Library, space: Space, add_video: AddVideo, seed: int
) -> None:
    walk = Walk(opened, space, add_video, seed)
    for _ in range(STEPS):
        walk.step()
        with opened.read() as connection:
            assert wrong_counts(connection) == []
            for kept in spaces.all_spaces(connection):
                waiting = spaces.missing_vectors(connection, kept.id)
                assert spaces.missing_count(connection, kept.id) == len(waiting)
                seen = sum(vectors for _video, vectors in visible(opened, kept).values())
                assert videos.visible_frames(connection, kept.id) == seen
            for source in sources.all_sources(connection):
                of_source = sources.places_of(connection, source)
                assert of_source == sources.places_below(connection, source.path)
            every = sources.places_below(connection, Path("/"))
            assert sources.all_places(connection) == every
            ids = [volume.id for volume in known_volumes(connection)]
            assert sources.places_on(connection, ids) == every.known - every.missing


def test_counts_move_with_a_disk(opened: Library, space: Space, add_video: AddVideo) -> None:
    put(opened, space, [add_video("/videos/a.mp4"), add_video("/videos/b.mp4", seed=1)])
    with opened.write() as connection:
        for root in ("/videos", "/elsewhere"):
            sources.add_source(connection, Path(root))
        (disk,) = known_volumes(connection)
        volumes.move_volume(connection, disk, Path("/mnt"))
        assert wrong_counts(connection) == []
        moved = sources.source_at(connection, Path("/mnt/videos"))
        assert moved is not None
        assert sources.places_of(connection, moved).known == 2


def test_an_older_library_is_counted_once(
    opened: Library, space: Space, add_video: AddVideo, library: Path
) -> None:
    put(opened, space, [add_video("/videos/a.mp4"), add_video("/videos/b.mp4", seed=1)])
    add_video("/videos/b.mp4", seed=2)
    with opened.write() as connection:
        for root in ("/videos", "/none"):
            sources.add_source(connection, Path(root))
        before = [sources.places_of(connection, source) for source in sources.all_sources(connection)]
        assert [places.known for places in before] == [2, 0]
    opened.close()
    downgraded(library / "library.sqlite", "0006")
    with open_library(library) as upgraded, upgraded.read() as connection:
        assert wrong_counts(connection) == []
        after = [sources.places_of(connection, source) for source in sources.all_sources(connection)]
        assert after == before
        assert videos.visible_frames(connection, space.id) == 6


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE total SET videos = videos + 1, milliseconds = 7",
        "DELETE FROM total",
        "UPDATE source SET places = 9",
        "UPDATE volume SET places = 0",
        "UPDATE space SET videos = 0, vectors = 0",
        "UPDATE extraction SET replaced = NOT replaced",
    ],
)
def test_a_wrong_count_is_named_and_put_right(
    opened: Library, space: Space, add_video: AddVideo, harm: str
) -> None:
    put(opened, space, [add_video("/videos/a.mp4"), add_video("/videos/b.mp4", seed=1)])
    with opened.write() as connection:
        sources.add_source(connection, Path("/videos"))
        assert connection.execute(sa.select(sa.func.count()).select_from(indexed)).scalar_one() == 2
        connection.exec_driver_sql(harm)
    findings = check(opened)
    (problem,) = findings.problems
    table = harm.split()[1] if harm.startswith("UPDATE") else "total"
    assert f"wrong counts: {table}." in problem
    repair(opened, findings)
    assert check(opened).problems == []
