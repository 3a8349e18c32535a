"""The visible set: what is read anew after a change equals what is read in whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mediaindex.store.catalog.database import make_engine, migrate
from mediaindex.store.catalog.schema import (
    extraction,
    indexed,
    location,
    space,
    video,
    visibility_change,
    volume,
)
from mediaindex.store.commit import Embedded, put
from mediaindex.store.library import Library
from mediaindex.store.mapped import visible as visible_module
from mediaindex.store.mapped.visible import Visible, forget_old_changes, read_visible
from mediaindex.store.vectors.spaces import Space
from tests.support.small_library import AddVideo

SPACES, VIDEOS = (1, 2), (1, 2, 3, 4)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.Engine]:
    """A database with two spaces and a volume; each test gives back what it changed."""
    made = make_engine(tmp_path_factory.mktemp("visible") / "library.sqlite")
    migrate(made)
    with made.begin() as connection:
        connection.execute(sa.insert(volume).values(id=1, uid="v", mount_point=Path("/")))
        for number in SPACES:
            connection.execute(
                sa.insert(space).values(
                    id=number,
                    encoder="numbers",
                    digest=str(number),
                    preprocessing="none",
                    dim=8,
                    blend=0.5,
                    state="building",
                    created_at=0.0,
                )
            )
    yield made
    made.dispose()


def table(seen: Visible) -> list[tuple[int, ...]]:
    columns = (seen.generation.tolist(), seen.video.tolist(), seen.vectors.tolist())
    return list(zip(*columns, strict=True))


class Changes:
    """Changes of a library, each with a number from 0 on that chooses what is changed."""

    def __init__(self, connection: sa.Connection) -> None:
        self.run = connection.execute
        self.made = 0

    def _ensure_video(self, number: int) -> None:
        if self.run(sa.select(video.c.id).where(video.c.id == number)).scalar() is None:
            needed = {c.name: 0 for c in video.c if not c.nullable and c.name != "id"}
            texts = {"partial_hash": "p", "container": "mov", "codec": "h264", "tags": {}, "streams": []}
            self.run(sa.insert(video).values(**(needed | texts | {"id": number})))

    def place(self, number: int) -> None:
        self._ensure_video(number)
        self.made += 1
        self.run(
            sa.insert(location).values(
                path=Path(f"/{number}/{self.made}"),
                volume_id=1,
                video_id=number,
                size=1,
                mtime_ns=1,
                confirmed=True,
            )
        )

    def leave(self, number: int) -> None:
        self.run(sa.delete(location).where(location.c.video_id == number))

    def move(self, number: int) -> None:
        """The content of its places is that of the next video."""
        following = number % len(VIDEOS) + 1
        self._ensure_video(following)
        self.run(sa.update(location).where(location.c.video_id == number).values(video_id=following))

    def forget(self, number: int) -> None:
        self.run(sa.update(location).where(location.c.video_id == number).values(forgotten_at=1.0))

    def undo(self, number: int) -> None:
        self.run(sa.update(location).where(location.c.video_id == number).values(forgotten_at=None))

    def embed(self, number: int) -> None:
        """In one of the spaces, in place of the vectors that it had there."""
        self._ensure_video(number)
        self.made += 1
        chosen = SPACES[self.made % 2]
        parts = {"decoder": "d", "sampling": "s", "frames": 1, "cuts": [], "damaged_packets": 0}
        new = sa.insert(extraction).values(
            video_id=number, frame_file=f"{self.made}", created_at=0.0, first_look=False, **parts
        )
        made = self.run(new.returning(extraction.c.id)).scalar_one()
        here = sa.and_(indexed.c.video_id == number, indexed.c.space_id == chosen)
        self.run(sa.delete(indexed).where(here))
        values = {"generation": 1000 - self.made, "vectors": self.made}
        self.run(sa.insert(indexed).values(video_id=number, space_id=chosen, extraction_id=made, **values))

    def drop_vectors(self, number: int) -> None:
        self.run(sa.delete(indexed).where(indexed.c.video_id == number))

    def remove(self, number: int) -> None:
        """The video with all that hangs on it."""
        self.run(sa.delete(indexed).where(indexed.c.video_id == number, indexed.c.space_id == 1))
        self.run(sa.delete(indexed).where(indexed.c.video_id == number))
        self.run(sa.delete(video).where(video.c.id == number))

    def touch(self, number: int) -> None:
        self.run(sa.update(location).where(location.c.video_id == number).values(size=2, mtime_ns=3))


CHANGES = ("place", "leave", "move", "forget", "undo", "embed", "drop_vectors", "remove", "touch")
batches = st.lists(
    st.lists(st.tuples(st.sampled_from(CHANGES), st.sampled_from(VIDEOS)), max_size=6), max_size=6
)


@given(changes=batches, read_most=st.sampled_from([0, 2, 20_000]), kept=st.sampled_from([1, 100_000]))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_read_after_changes_equals_what_is_read_in_whole(
    engine: sa.Engine,
    changes: Sequence[Sequence[tuple[str, int]]],
    read_most: int,
    kept: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(visible_module, "CHANGES_READ", read_most)
    monkeypatch.setattr(visible_module, "CHANGES_KEPT", kept)
    with engine.connect() as connection:
        changing = Changes(connection)
        known = {number: read_visible(connection, number) for number in SPACES}
        for number in VIDEOS:
            changing.place(number)
            changing.embed(number)
        for batch in changes:
            for name, number in batch:
                getattr(changing, name)(number)
            forget_old_changes(connection)
            for number in SPACES:
                whole = read_visible(connection, number)
                known[number] = read_visible(connection, number, known[number])
                assert table(known[number]) == table(whole)
                assert known[number].change == whole.change
                assert sorted(table(whole)) == table(whole)
        connection.rollback()


def test_what_did_not_change_is_the_same(opened: Library, space: Space, add_video: AddVideo) -> None:
    put(opened, space, [add_video()])
    with opened.read() as connection:
        known = read_visible(connection, space.id)
        assert read_visible(connection, space.id, known) is known
    with opened.write() as connection:
        connection.execute(sa.update(location).values(size=9, mtime_ns=9, missing_since=1.0))
    with opened.read() as connection:
        assert read_visible(connection, space.id, known) is known, "a missing file is shown all the same"
    assert len(known) == 1


def test_what_the_log_no_longer_tells_is_read_in_whole(
    opened: Library, space: Space, add_video: AddVideo, monkeypatch: pytest.MonkeyPatch
) -> None:
    items: list[Embedded] = [add_video(f"/videos/{n}.mp4", seed=n) for n in range(4)]
    put(opened, space, items[:1])
    with opened.read() as connection:
        known = read_visible(connection, space.id)
    monkeypatch.setattr(visible_module, "CHANGES_KEPT", 2)
    put(opened, space, items[1:])
    with opened.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(visibility_change)).scalar() == 2
        newer = read_visible(connection, space.id, known)
        assert table(newer) == table(read_visible(connection, space.id))
    assert set(newer.video.tolist()) == {item.video_id for item in items}


def test_a_database_with_fewer_changes_is_another_one(
    opened: Library, space: Space, add_video: AddVideo
) -> None:
    put(opened, space, [add_video()])
    other = Visible(10**6, np.array([1]), np.array([2]), np.array([3]))
    with opened.read() as connection:
        assert table(read_visible(connection, space.id, other)) == table(read_visible(connection, space.id))


def test_an_empty_library_shows_nothing(opened: Library, space: Space) -> None:
    with opened.read() as connection:
        known = read_visible(connection, space.id)
        assert (len(known), known.change) == (0, 0)
        assert read_visible(connection, space.id, known) is known
        forget_old_changes(connection)
