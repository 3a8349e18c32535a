"""The commit protocol: what is visible is whole, and nothing else stays."""

from __future__ import annotations

import numpy as np
import sqlalchemy as sa

from mediaindex.store.catalog import locations
from mediaindex.store.catalog.schema import video
from mediaindex.store.commit import put, recover, refresh_matrix, sweep
from mediaindex.store.library import Library
from mediaindex.store.maintenance.check import check
from mediaindex.store.vectors.rows import new_generation, vector_rows
from mediaindex.store.vectors.spaces import Space
from tests.support.small_library import AddVideo, embeddings, frame_count, visible, write_blob


def test_a_committed_video_is_visible_with_all_its_vectors(
    opened: Library, space: Space, add_video: AddVideo
) -> None:
    item = add_video(frames=3)
    assert visible(opened, space) == {}
    put(opened, space, [item])
    ((generation, (video_id, count)),) = visible(opened, space).items()
    assert (video_id, count) == (item.video_id, 3)
    rows = opened.vectors(space).read([generation])
    np.testing.assert_array_equal(rows.frame, [0, 1, 2])
    norms = np.linalg.norm(item.embeddings.vectors, axis=1)
    np.testing.assert_allclose(rows.norm, norms, rtol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(rows.vector.astype(np.float32), axis=1), 1.0, atol=2e-3)
    np.testing.assert_array_equal(rows.evidence, item.embeddings.evidence)
    assert check(opened).problems == []


def test_a_second_write_replaces_the_first_and_the_sweep_removes_it(
    opened: Library, space: Space, add_video: AddVideo
) -> None:
    item = add_video()
    put(opened, space, [item])
    (old,) = visible(opened, space)
    put(opened, space, [item])
    (new,) = visible(opened, space)
    assert new != old
    assert opened.vectors(space).generations() == {old, new}
    assert sweep(opened) == 1
    assert opened.vectors(space).generations() == {new}
    assert check(opened).problems == []


def test_changed_content_takes_the_path_of_the_old_in_one_step(
    opened: Library, space: Space, add_video: AddVideo
) -> None:
    old, path = add_video("/videos/a.mp4", seed=1), "/videos/a.mp4"
    put(opened, space, [old])
    new = add_video(path, seed=2)
    assert [v for v, _n in visible(opened, space).values()] == [old.video_id], "old until new is complete"
    put(opened, space, [new])
    assert [v for v, _n in visible(opened, space).values()] == [new.video_id]
    with opened.read() as connection:
        assert connection.execute(sa.select(video.c.id)).scalars().all() == [new.video_id]


def test_rows_of_a_killed_add_are_found_by_recover(
    opened: Library, space: Space, add_video: AddVideo
) -> None:
    put(opened, space, [add_video()])
    orphan = new_generation()
    opened.vectors(space).add(vector_rows(orphan, embeddings(5, 9)))
    leftover = opened.root / "vectors" / "space_1.lance" / "data" / ".tmp123"
    leftover.write_bytes(b"half")
    assert any("belong to no video" in line for line in check(opened).problems)
    recover(opened)
    assert orphan not in opened.vectors(space).generations()
    assert not leftover.exists()
    assert check(opened).problems == []


def test_blobs_that_no_row_names_are_removed_but_not_those_being_written(
    opened: Library, space: Space, add_video: AddVideo
) -> None:
    put(opened, space, [add_video()])
    unsettled = write_blob(opened.frames, [b"on its way"], content="ab")
    stray = write_blob(opened.frames, [b"left over"], content="cd")
    opened.frames.settle(stray)
    recover(opened)
    assert frame_count(opened.frames, unsettled) == 1
    assert frame_count(opened.frames, stray) is None


def test_a_video_forgotten_while_it_was_embedded_leaves_no_vectors(
    opened: Library, space: Space, add_video: AddVideo
) -> None:
    item = add_video()
    with opened.write() as connection:
        places = locations.places_of_content(connection, item.video_id)
        assert locations.remove_locations(connection, [place.id for place in places]) == [item.video_id]
    put(opened, space, [item])
    assert visible(opened, space) == {}
    sweep(opened)
    assert opened.vectors(space).generations() == set()


def test_the_matrix_follows_the_vectors_and_is_rewritten_when_much_is_dead(
    opened: Library, space: Space, add_video: AddVideo
) -> None:
    items = [add_video(f"/videos/{n}.mp4", seed=n) for n in range(4)]
    put(opened, space, items)
    assert len(opened.matrix(space).load()) == 12
    for _ in range(2):
        put(opened, space, items)
    sweep(opened)
    refresh_matrix(opened, space)
    matrix = opened.matrix(space).load()
    assert len(matrix) == 12
    assert set(matrix.generation.tolist()) == set(visible(opened, space))
    opened.matrix(space).remove()
    refresh_matrix(opened, space)
    assert len(opened.matrix(space).load()) == 12
    assert check(opened).problems == []
