"""What a search sees: SQLite's snapshot, the mapped files, LanceDB, and the sweeper meanwhile."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from mediaindex.errors import StoreError
from mediaindex.media import FrameEmbeddings
from mediaindex.search.channels.similarity import unit
from mediaindex.store.catalog.schema import location
from mediaindex.store.commit import Embedded, put, recover, sweep
from mediaindex.store.library import Library
from mediaindex.store.mapped.rows import new_generation, vector_rows
from mediaindex.store.mapped.segments import no_segments
from mediaindex.store.mapped.snapshot import SpaceSnapshot
from mediaindex.store.vectors.reader import SpaceReader, consistent
from mediaindex.store.vectors.spaces import Space, owned
from tests.support.small_library import AddVideo, embeddings


def snapshot(library: Library, reader: SpaceReader) -> SpaceSnapshot:
    return consistent(library, reader.snapshot)


def shown(library: Library, space: Space, reader: SpaceReader | None = None) -> set[int]:
    """The videos of which a search sees segments."""
    found = snapshot(library, reader or SpaceReader(library, space))
    return set(found.video[found.is_shown(None)].tolist())


def unit_rows(item: Embedded) -> np.ndarray:
    return unit(item.embeddings.vectors).astype(np.float16).astype(np.float32)


@pytest.fixture
def three(opened: Library, space: Space, add_video: AddVideo) -> list[Embedded]:
    """Three visible videos of 3 to 5 frames, of two commits."""
    items = [add_video(f"/videos/{n}.mp4", 3 + n, seed=n) for n in range(3)]
    put(opened, space, items[:2])
    put(opened, space, items[2:])
    return items


def test_a_snapshot_holds_the_frames_of_every_video(
    opened: Library, space: Space, three: list[Embedded]
) -> None:
    found = snapshot(opened, SpaceReader(opened, space))
    assert (len(found), found.rows, len(found.vectors)) == (3, 12, 1)
    for item in three:
        np.testing.assert_allclose(found.frames(item.video_id), unit_rows(item), atol=1e-3)


def test_vectors_that_the_files_lack_are_read_from_lancedb(
    opened: Library, space: Space, add_video: AddVideo
) -> None:
    first, second = add_video("/videos/a.mp4", seed=1), add_video("/videos/b.mp4", seed=2)
    put(opened, space, [first])
    state = opened.matrix(space).state_path.read_bytes()
    put(opened, space, [second])
    opened.matrix(space).state_path.write_bytes(state)
    found = snapshot(opened, SpaceReader(opened, space))
    assert [len(part) for part in found.vectors] == [3, 3]
    for item in (first, second):
        np.testing.assert_allclose(found.frames(item.video_id), unit_rows(item), atol=1e-3)


def damage(file: Path, how: str) -> None:
    """Make the files of a space unfit in some way."""
    state = json.loads(file.read_text())
    if how == "gone":
        file.unlink()
    elif how == "cut":
        path = file.with_name(f"{file.stem}.{state['token']}.segments")
        path.write_bytes(path.read_bytes()[:-1])
    else:
        changes = {"older": {"form": 1}, "other width": {"dim": 4}, "not said": {"form": None}}[how]
        file.write_text(json.dumps(state | changes))


@pytest.mark.parametrize("how", ["gone", "cut", "older", "other width", "not said"])
def test_unfit_files_are_read_past_and_made_anew_by_the_next_writer(
    opened: Library, space: Space, three: list[Embedded], how: str
) -> None:
    whole = snapshot(opened, SpaceReader(opened, space))
    damage(opened.matrix(space).state_path, how)
    assert opened.matrix(space).count() == 0
    past = snapshot(opened, SpaceReader(opened, space))
    assert [len(part) for part in past.vectors] == [0, 12]
    recover(opened)
    assert opened.matrix(space).count() == 12
    anew = snapshot(opened, SpaceReader(opened, space))
    assert [len(part) for part in anew.vectors] == [12]
    for item in three:
        for found in (past, anew):
            np.testing.assert_array_equal(found.frames(item.video_id), whole.frames(item.video_id))
    names = [name for name in whole.segments.dtype.names or () if name not in ("row", "around")]
    for found in (past, anew):
        mine, theirs = (np.sort(one.segments, order="id")[names] for one in (found, whole))
        np.testing.assert_array_equal(mine, theirs)


def test_a_commit_behind_unfit_files_is_seen(
    opened: Library, space: Space, three: list[Embedded], add_video: AddVideo
) -> None:
    damage(opened.matrix(space).state_path, "older")
    more = add_video("/videos/more.mp4", seed=9)
    put(opened, space, [more])
    assert shown(opened, space) == {item.video_id for item in [*three, more]}


def test_rows_without_a_committed_video_are_not_seen(
    opened: Library, space: Space, add_video: AddVideo
) -> None:
    item = add_video()
    put(opened, space, [item])
    stray = vector_rows(new_generation(), embeddings(4, 7))
    opened.vectors(space).add(stray)
    opened.matrix(space).append(stray, no_segments())
    found = snapshot(opened, SpaceReader(opened, space))
    assert (len(found), found.rows) == (1, 7)
    assert shown(opened, space) == {item.video_id}


def test_rows_of_an_older_commit_are_not_seen(opened: Library, space: Space, add_video: AddVideo) -> None:
    item = add_video()
    put(opened, space, [item])
    again = Embedded(item.video_id, item.extraction_id, embeddings(3, 8))
    put(opened, space, [again])
    found = snapshot(opened, SpaceReader(opened, space))
    assert found.is_shown(None).tolist() == [False, True]
    np.testing.assert_allclose(found.frames(item.video_id), unit_rows(again), atol=1e-3)


def test_a_kept_reader_reads_again_only_what_changed(
    opened: Library, space: Space, three: list[Embedded], add_video: AddVideo
) -> None:
    reader = SpaceReader(opened, space)
    first = snapshot(opened, reader)
    assert snapshot(opened, reader) is first
    with opened.write() as connection:
        connection.execute(sa.update(location).values(size=7, mtime_ns=8))
    assert snapshot(opened, reader) is first, "nothing is seen that was not"
    with opened.write() as connection:
        here = location.c.path == Path("/videos/1.mp4")
        connection.execute(sa.update(location).where(here).values(forgotten_at=1.0))
    second = snapshot(opened, reader)
    assert second.vectors[0] is first.vectors[0], "the files need not be mapped again for this"
    assert shown(opened, space, reader) == {three[0].video_id, three[2].video_id}
    assert len(second.frames(three[1].video_id)) == 0
    more = add_video("/videos/more.mp4", seed=9)
    put(opened, space, [more])
    assert shown(opened, space, reader) == {three[0].video_id, three[2].video_id, more.video_id}
    assert shown(opened, space, reader) == shown(opened, space)


def test_lost_vectors_are_an_error_that_names_the_remedy(
    opened: Library, space: Space, add_video: AddVideo
) -> None:
    put(opened, space, [add_video()])
    opened.matrix(space).remove()
    generation = next(iter(opened.vectors(space).generations()))
    opened.vectors(space).delete([generation])
    with pytest.raises(StoreError, match="check --repair"):
        shown(opened, space)


def test_damaged_vectors_are_an_error_that_names_the_remedy(
    opened: Library, space: Space, add_video: AddVideo
) -> None:
    put(opened, space, [add_video(seed=1)])
    opened.matrix(space).remove()
    with opened.read() as connection:
        (generation,) = owned(connection, space.id)
    rows = opened.vectors(space).read()
    broken = rows.vector.copy()
    broken[1, 2] = np.inf
    opened.vectors(space).delete([generation])
    opened.vectors(space).add(dataclasses.replace(rows, vector=broken))
    with pytest.raises(StoreError, match=r"damaged vectors.*check --repair"):
        shown(opened, space)


def test_features_without_vectors_are_an_error(opened: Library, space: Space, three: list[Embedded]) -> None:
    opened.matrix(space).remove()
    reader = SpaceReader(opened, space)
    found = snapshot(opened, reader)
    opened.vectors(space).delete(list(opened.vectors(space).generations()))
    with pytest.raises(StoreError, match="check --repair"):
        reader.features(found, np.array([0]), evidence=True)


def test_features_are_what_the_encoder_gave(opened: Library, space: Space, three: list[Embedded]) -> None:
    mapped = SpaceReader(opened, space)
    with_files = snapshot(opened, mapped)
    opened.matrix(space).remove()
    stored = SpaceReader(opened, space)
    without_files = snapshot(opened, stored)
    for reader, found in ((mapped, with_files), (stored, without_files)):
        places = np.array([found.of_video(three[n].video_id).start for n in (2, 0)])
        features = reader.features(found, places, evidence=True)
        assert features.mask.tolist() == [[True] * 5, [True] * 3 + [False] * 2]
        for row, item in zip((0, 1), (three[2], three[0]), strict=True):
            own = features.mask[row]
            np.testing.assert_allclose(features.frames[row][own], item.embeddings.vectors, atol=5e-3)
            assert features.evidence is not None
            np.testing.assert_array_equal(features.evidence[row][own], item.embeddings.evidence)
        assert not features.frames[~features.mask].any()
        assert reader.features(found, places, evidence=False).evidence is None


def test_a_read_that_the_sweeper_disturbed_is_asked_again(
    opened: Library, space: Space, add_video: AddVideo
) -> None:
    item = add_video()
    put(opened, space, [item])
    asked: list[int] = []

    def read(connection: sa.Connection) -> str:
        asked.append(1)
        if len(asked) == 1:
            put(opened, space, [item])
            sweep(opened)
            raise StoreError("the rows went away")
        return "whole"

    assert consistent(opened, read) == "whole"
    assert len(asked) == 2


@pytest.mark.slow
def test_the_index_finds_segments_and_drops_what_is_not_visible(
    opened: Library, space: Space, add_video: AddVideo
) -> None:
    numbers = np.random.default_rng(0)
    items = []
    for n in range(40):
        made = add_video(f"/videos/{n}.mp4", frames=10, seed=n)
        vectors = numbers.normal(size=(10, space.dim)).astype(np.float32)
        items.append(
            Embedded(made.video_id, made.extraction_id, FrameEmbeddings(vectors, made.embeddings.evidence))
        )
    put(opened, space, items)
    put(opened, space, items)
    reader = SpaceReader(opened, space)
    states = [reader.has_index]
    opened.vectors(space).build_index()
    states.append(reader.has_index)
    found = snapshot(opened, reader)
    near = reader.segments_near(found, unit(items[17].embeddings.vectors[3]))
    assert np.array_equal(near, np.unique(near))
    assert items[17].video_id in found.video[near]
    assert found.is_shown(None)[near].all()
    assert not found.is_shown(None).all(), "each was committed twice"
    with opened.write() as connection:
        connection.execute(sa.update(location).values(forgotten_at=1.0))
    hidden = snapshot(opened, reader)
    assert len(reader.segments_near(hidden, unit(items[17].embeddings.vectors[3]))) == 0
    opened.vectors(space).drop_index()
    assert [*states, reader.has_index] == [False, True, False]
