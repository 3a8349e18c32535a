"""What a search sees: SQLite's snapshot, the matrix, LanceDB's index, and the sweeper meanwhile."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import sqlalchemy as sa

from mediaindex.errors import StoreError
from mediaindex.media import FrameEmbeddings
from mediaindex.search.channels.similarity import unit
from mediaindex.store.commit import put, sweep
from mediaindex.store.library import Library
from mediaindex.store.vectors.reader import SpaceReader, consistent
from mediaindex.store.vectors.rows import new_generation, vector_rows
from mediaindex.store.vectors.spaces import Space
from tests.support.small_library import DIM, AddVideo, embeddings

MANY = 10_000_000


def nearest(
    library: Library, space: Space, query: np.ndarray, limit: int, *, exact_limit_mib: int = MANY
) -> list[int]:
    reader = SpaceReader(library, space, exact_limit_mib=exact_limit_mib)
    return consistent(library, lambda c: reader.nearest(c, unit(query), None, limit))


def test_the_nearest_videos_are_those_with_the_best_frames(
    opened: Library, space: Space, add_video: AddVideo
) -> None:
    items = [add_video(f"/videos/{n}.mp4", seed=n) for n in range(8)]
    put(opened, space, items)
    query = items[5].embeddings.vectors[1]
    scores = {i.video_id: float((unit(i.embeddings.vectors) @ unit(query)).max()) for i in items}
    expected = sorted(scores, key=lambda video: -scores[video])[:3]
    assert nearest(opened, space, query, 3) == expected
    assert expected[0] == items[5].video_id


def test_vectors_that_the_matrix_lacks_are_read_from_lancedb(
    opened: Library, space: Space, add_video: AddVideo
) -> None:
    first, second = add_video("/videos/a.mp4", seed=1), add_video("/videos/b.mp4", seed=2)
    put(opened, space, [first])
    state = opened.matrix(space).state_path.read_bytes()
    put(opened, space, [second])
    opened.matrix(space).state_path.write_bytes(state)
    assert set(nearest(opened, space, second.embeddings.vectors[0], 10)) == {first.video_id, second.video_id}


def test_rows_without_a_committed_video_are_not_seen(
    opened: Library, space: Space, add_video: AddVideo
) -> None:
    item = add_video()
    put(opened, space, [item])
    stray = vector_rows(new_generation(), embeddings(4, 7))
    opened.vectors(space).add(stray)
    opened.matrix(space).append(stray)
    assert nearest(opened, space, np.ones(DIM, np.float32), 10) == [item.video_id]


def test_lost_vectors_are_an_error_that_names_the_remedy(
    opened: Library, space: Space, add_video: AddVideo
) -> None:
    put(opened, space, [add_video()])
    opened.matrix(space).remove()
    generation = next(iter(opened.vectors(space).generations()))
    opened.vectors(space).delete([generation])
    with pytest.raises(StoreError, match="check --repair"):
        nearest(opened, space, np.ones(DIM, np.float32), 10)


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
def test_from_the_cross_over_on_the_index_answers_and_drops_what_is_not_visible(
    opened: Library, space: Space, add_video: AddVideo
) -> None:
    numbers = np.random.default_rng(0)
    items = []
    for n in range(40):
        made = add_video(f"/videos/{n}.mp4", frames=10, seed=n)
        vectors = numbers.normal(size=(10, DIM)).astype(np.float32)
        evidence = made.embeddings.evidence
        items.append(dataclasses.replace(made, embeddings=FrameEmbeddings(vectors, evidence)))
    put(opened, space, items)
    put(opened, space, items)
    assert not opened.vectors(space).ensure_index(10_000)
    assert opened.vectors(space).ensure_index(300)
    assert not opened.vectors(space).ensure_index(300), "it has one"
    query = items[17].embeddings.vectors[3]
    found = nearest(opened, space, query, 5, exact_limit_mib=300)
    exact = nearest(opened, space, query, 5)
    assert found[0] == exact[0] == items[17].video_id
    assert len(found) == 5
    assert len(set(found) & set(exact)) >= 3
