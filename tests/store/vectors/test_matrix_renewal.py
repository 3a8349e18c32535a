"""The matrix is brought up to what is visible, and the hubs of its segments to the bank."""

from __future__ import annotations

import numpy as np

from mediaindex.store.commit import put, recover, settle, sweep
from mediaindex.store.library import Library
from mediaindex.store.maintenance.check import check
from mediaindex.store.mapped.bank import Bank
from mediaindex.store.vectors.matrix_renewal import refresh_matrix, renew_hubs
from mediaindex.store.vectors.spaces import Space
from tests.support.faults import FULL, failing
from tests.support.small_library import AddVideo, visible


def bank(space: Space, seed: int) -> Bank:
    numbers = np.random.default_rng(seed).normal(size=(5, space.dim))
    return Bank.of(numbers / np.linalg.norm(numbers, axis=1, keepdims=True))


def bank_of(library: Library, space: Space) -> str | None:
    hubs = library.matrix(space).load().hubs
    return None if hubs is None else hubs.bank


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


def test_a_commit_extends_the_hubs_where_there_is_a_bank(
    opened: Library, space: Space, add_video: AddVideo
) -> None:
    put(opened, space, [add_video("/videos/0.mp4")])
    assert bank_of(opened, space) is None
    assert not renew_hubs(opened, space), "there is no bank"
    first = bank(space, 1)
    opened.bank(space).write(first)
    assert renew_hubs(opened, space)
    assert not renew_hubs(opened, space), "nothing lacks"
    put(opened, space, [add_video(f"/videos/{n}.mp4", seed=n) for n in (1, 2)])
    matrix = opened.matrix(space).load()
    assert matrix.hubs is not None
    assert (matrix.hubs.bank, len(matrix.hubs.values)) == (first.digest, 3)
    anew = first.hubs(matrix.generation, matrix.vector, matrix.segments, first_row=0, blend=space.blend)
    assert anew is not None
    np.testing.assert_allclose(matrix.hubs.values, anew.values, atol=1e-6)


def test_another_bank_takes_the_place_of_the_first(
    opened: Library, space: Space, add_video: AddVideo
) -> None:
    opened.bank(space).write(bank(space, 1))
    put(opened, space, [add_video("/videos/0.mp4")])
    second = bank(space, 2)
    opened.bank(space).write(second)
    put(opened, space, [add_video("/videos/1.mp4", seed=1)])
    assert bank_of(opened, space) is None, "hubs of two banks are none"
    attended: list[int] = []
    assert renew_hubs(opened, space, lambda: attended.append(1))
    assert (bank_of(opened, space), bool(attended)) == (second.digest, True)
    refresh_matrix(opened, space)
    sweep(opened)
    assert bank_of(opened, space) == second.digest


def test_a_matrix_that_is_written_anew_has_its_hubs(
    opened: Library, space: Space, add_video: AddVideo
) -> None:
    opened.bank(space).write(bank(space, 1))
    put(opened, space, [add_video("/videos/0.mp4"), add_video("/videos/1.mp4", seed=1)])
    opened.matrix(space).remove()
    refresh_matrix(opened, space)
    assert bank_of(opened, space) == bank(space, 1).digest
    assert check(opened).problems == []


def test_what_is_committed_meanwhile_has_its_hubs_too(
    opened: Library, space: Space, add_video: AddVideo
) -> None:
    """A request of another process is carried out in the middle."""
    put(opened, space, [add_video("/videos/0.mp4")])
    opened.bank(space).write(bank(space, 1))
    waiting = [add_video("/videos/1.mp4", seed=1)]

    def attend() -> None:
        while waiting:
            put(opened, space, [waiting.pop()])

    assert renew_hubs(opened, space, attend)
    hubs = opened.matrix(space).load().hubs
    assert hubs is not None
    assert len(hubs.values) == 2


def test_a_matrix_that_lags_stays_marked(opened: Library, space: Space, add_video: AddVideo) -> None:
    put(opened, space, [add_video("/videos/0.mp4")])
    opened.bank(space).write(bank(space, 1))
    opened.lagging_matrices.add(space.id)
    assert not renew_hubs(opened, space)
    assert opened.lagging_matrices == {space.id}
    settle(opened)
    assert renew_hubs(opened, space)


def test_a_full_disk_leaves_the_ranking_without_hubs(
    opened: Library, space: Space, add_video: AddVideo
) -> None:
    put(opened, space, [add_video("/videos/0.mp4")])
    opened.bank(space).write(bank(space, 1))
    with failing("open", FULL, below=opened.matrix(space).folder) as fault:
        assert not renew_hubs(opened, space), "not even the bank can be read"
    assert fault.raised
    assert (bank_of(opened, space), len(opened.matrix(space).load())) == (None, 3)
    settle(opened)
    recover(opened)
    assert renew_hubs(opened, space)
