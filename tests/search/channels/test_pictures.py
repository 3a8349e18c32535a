"""The picture channel: the moments of the whole partition, whichever way the segments are scored."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mediaindex.search.channels import pictures
from mediaindex.search.channels.moments import Moment
from mediaindex.search.channels.pictures import HUB_SHARE, PictureChannel, PictureHit, Wanted
from mediaindex.search.channels.similarity import HALF_PRECISION
from mediaindex.store.mapped.bank import Hubs
from mediaindex.store.mapped.snapshot import SpaceSnapshot
from tests.support.drawn_films import (
    DrawnSegment,
    Film,
    films,
    made_films,
    query_of,
    space_of,
    visible_of,
)
from tests.support.plain_moments import mean_of, plain_moments

Lines = Mapping[int, Sequence[tuple[float, float]]]
BLEND = 0.6
seeds = st.integers(0, 2**32 - 1)


@pytest.fixture(scope="module", autouse=True)
def loaded_torch() -> None:
    import torch

    assert torch.float16.is_floating_point


@contextmanager
def half_precision(*, through_torch: bool = True) -> Iterator[None]:
    """Every segment is scored in half precision first."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pictures, "EXACT_FRAMES", 0)
        patch.setattr(pictures, "EXACT_SHARE", 0)
        if not through_torch:
            patch.delitem(sys.modules, "torch")
        yield


def asked(
    space: SpaceSnapshot,
    query: NDArray[np.float32],
    wanted: Wanted,
    allowed: NDArray[np.int64] | None = None,
) -> list[PictureHit]:
    channel = PictureChannel(space, blend=BLEND)
    similarity, error = channel.similarities(query, allowed, wanted.told)
    return channel.best_moments(query, similarity, error, wanted)


def heard_best(film: Film, values: NDArray[np.float32], line: tuple[float, float]) -> int | None:
    """The segment that answers best among those that are shown while a line is."""
    heard = [
        place
        for place, row in enumerate(film.segments)
        if row.start_seconds < line[1] and line[0] < row.end_seconds
    ]
    return max(heard, key=lambda place: values[place], default=None)


def expected_of(film: Film, query: NDArray[np.float32], wanted: Wanted) -> list[Moment]:
    """The first moments of a film that may answer, and those where something is told."""
    space = space_of([film])
    values = PictureChannel(space, blend=BLEND).exact(query, np.arange(len(space)))
    moments = plain_moments(film.plain, query, blend=BLEND)
    lines = wanted.told.get(film.video, ())
    told = [best for line in lines if (best := heard_best(film, values, line)) is not None]
    starts = [film.segments[best].start_seconds for best in told]
    first = moments if wanted.per_video is None else moments[: wanted.per_video]
    return [
        moment
        for moment in moments
        if moment in first or any(moment.start_seconds <= start < moment.end_seconds for start in starts)
    ]


def expected(made: Sequence[Film], query: NDArray[np.float32], wanted: Wanted) -> list[Moment]:
    found = [moment for film in made for moment in expected_of(film, query, wanted)]
    return sorted((moment for moment in found if not wanted.excludes(moment)), key=lambda one: one.rank_key)


def assert_same(found: Sequence[Moment], wanted: Sequence[Moment]) -> None:
    assert [one._replace(similarity=None) for one in found] == [
        one._replace(similarity=None) for one in wanted
    ]
    assert [one.similarity for one in found] == pytest.approx([one.similarity for one in wanted], abs=1e-5)


lines = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 20)), max_size=2)


@settings(deadline=None)
@given(
    made=films(),
    seed=seeds,
    depth=st.integers(1, 5),
    per_video=st.integers(1, 3) | st.none(),
    told=st.dictionaries(st.integers(1, 5), lines, max_size=2),
    is_exact=st.booleans(),
)
def test_the_moments_are_those_of_the_whole_partition(
    made: list[Film],
    seed: int,
    depth: int,
    per_video: int | None,
    told: dict[int, list[tuple[int, int]]],
    is_exact: bool,
) -> None:
    query = query_of(seed)
    spoken = {v: [(float(s), float(s + n)) for s, n in cues] for v, cues in told.items()}
    wanted = Wanted(depth, per_video, told=spoken)
    if is_exact:
        found = asked(space_of(made), query, wanted)
    else:
        with half_precision():
            found = asked(space_of(made), query, wanted)
    assert [hit.instant_rank for hit in found] == list(range(1, len(found) + 1))
    whole = expected(made, query, wanted)
    assert_same([hit.moment for hit in found][:depth], whole[:depth])
    for film in made:
        if film.video in told and per_video is not None:
            own = [hit.moment for hit in found if hit.moment.video_id == film.video]
            assert_same(own, [one for one in whole if one.video_id == film.video])


@settings(deadline=None)
@given(made=films(), seed=seeds, per_video=st.integers(1, 3) | st.none())
def test_torch_and_numpy_give_one_order(made: list[Film], seed: int, per_video: int | None) -> None:
    space, query, wanted = space_of(made), query_of(seed), Wanted(3, per_video)
    with half_precision():
        by_torch = asked(space, query, wanted)
    with half_precision(through_torch=False):
        by_numpy = asked(space, query, wanted)
    exact = asked(space, query, wanted)
    assert by_torch[:3] == by_numpy[:3]
    assert [hit.place for hit in by_torch[:3]] == [hit.place for hit in exact[:3]]


@settings(deadline=None)
@given(made=films(), seed=seeds)
def test_similarities_are_as_near_as_they_say(made: list[Film], seed: int) -> None:
    channel, query = PictureChannel(space_of(made), blend=BLEND), query_of(seed)
    exact, error = channel.similarities(query)
    assert error == 0.0
    with half_precision():
        half, error = channel.similarities(query)
    assert error == HALF_PRECISION
    np.testing.assert_allclose(half, exact, atol=error)


@settings(deadline=None)
@given(made=films(), seed=seeds, per_video=st.integers(1, 3) | st.none(), is_exact=st.booleans())
def test_segments_that_are_near_to_every_sentence_stand_back(
    made: list[Film], seed: int, per_video: int | None, is_exact: bool
) -> None:
    plain, query = space_of(made), query_of(seed)
    hubs = np.random.default_rng(seed).uniform(0, 0.6, len(plain)).astype(np.float32)
    space = replace(plain, hubs=Hubs("bank", hubs))
    similarity = PictureChannel(plain, blend=BLEND).exact(query, np.arange(len(plain)))
    corrected = similarity - HUB_SHARE * hubs
    wanted = Wanted(64, per_video, corrects_hubs=True)
    with contextlib.nullcontext() if is_exact else half_precision():
        found = asked(space, query, wanted)
        assert asked(space, query, Wanted(64, per_video)) == asked(plain, query, Wanted(64, per_video))
    assert [hit.moment.score for hit in found] == pytest.approx(
        [corrected[hit.place] for hit in found], abs=1e-5
    )
    assert [hit.moment.similarity for hit in found] == pytest.approx(
        [similarity[hit.place] for hit in found], abs=1e-5
    )
    scores = [hit.moment.score or 0.0 for hit in found]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] == pytest.approx(corrected.max(), abs=1e-5)


def test_without_hubs_nothing_is_corrected() -> None:
    space, query = space_of(three_films()), query_of(5)
    assert asked(space, query, Wanted(8, corrects_hubs=True)) == asked(space, query, Wanted(8))


ONE = DrawnSegment(2, 1.0, 0.0, True)


def three_films() -> list[Film]:
    return made_films([[ONE] * 4, [ONE] * 3, [ONE] * 5], 11)


@pytest.mark.parametrize("is_exact", [True, False])
def test_only_allowed_and_visible_videos_answer(is_exact: bool) -> None:
    made, query, wanted = three_films(), query_of(5), Wanted(64)
    space = space_of(made).shows(visible_of(made[1:]))

    def videos(allowed: list[int] | None) -> set[int]:
        given = None if allowed is None else np.array(allowed, np.int64)
        return {hit.moment.video_id for hit in asked(space, query, wanted, given)}

    def check() -> None:
        assert videos(None) == {2, 3}
        assert videos([1, 2]) == {2}
        assert videos([1]) == videos([]) == set()

    if is_exact:
        check()
    else:
        with half_precision():
            check()


def test_a_moment_needs_so_much_similarity() -> None:
    made, query = three_films(), query_of(5)
    every = asked(space_of(made), query, Wanted(64))
    least = every[3].moment.similarity or 0.0
    assert asked(space_of(made), query, Wanted(64, min_similarity=least)) == every[:4]
    assert asked(space_of(made), query, Wanted(64, min_similarity=2.0)) == []


def test_the_example_is_no_answer_and_takes_no_place_of_its_video() -> None:
    made, query = three_films(), query_of(5)
    first, *others = [hit.moment for hit in asked(space_of(made), query, Wanted(64))]
    at = (first.start_seconds + first.end_seconds) / 2
    without_moment = Wanted(64, 1, without=(first.video_id, at))
    found = [hit.moment for hit in asked(space_of(made), query, without_moment)]
    assert first not in found
    assert next(one for one in others if one.video_id == first.video_id) in found
    whole_video = asked(space_of(made), query, Wanted(64, without=(first.video_id, None)))
    assert {hit.moment.video_id for hit in whole_video} == {1, 2, 3} - {first.video_id}


def test_a_hit_says_where_its_best_segment_is() -> None:
    made, query = three_films(), query_of(5)
    space = space_of(made)
    for hit in asked(space, query, Wanted(64)):
        assert space.segments["id"][hit.place] == hit.moment.segment_id
        assert space.video[hit.place] == hit.moment.video_id


def test_what_the_index_finds_and_where_something_is_told_is_scored() -> None:
    made, query = three_films(), query_of(5)
    space = space_of(made)
    near = np.array(space.of_video(2))[:2]
    channel = PictureChannel(space, blend=BLEND, near=lambda _query: near)
    similarity, error = channel.similarities(query, told=[3])
    scored = np.flatnonzero(similarity > -np.inf).tolist()
    assert (scored, error) == ([*near.tolist(), *space.of_video(3)], 0.0)
    hits = channel.best_moments(query, similarity, error, Wanted(64, told={3: []}))
    assert {hit.moment.video_id for hit in hits} == {2, 3}
    few = np.array([1], np.int64)
    only, _error = channel.similarities(query, few)
    assert np.flatnonzero(only > -np.inf).tolist() == list(space.of_video(1)), "few are scored without it"


@settings(deadline=None)
@given(made=films(2), seed=seeds)
def test_mean_frames_and_best_frames_are_those_of_the_segments(made: list[Film], seed: int) -> None:
    channel, query = PictureChannel(space_of(made), blend=BLEND), query_of(seed)
    plain = [(film.plain, number) for film in made for number in range(len(film.segments))]
    means = channel.mean_frames(np.arange(len(plain)))
    np.testing.assert_allclose(means, [mean_of(*one) for one in plain], atol=1e-6)
    for place, (video, number) in enumerate(plain):
        row = video.segments[number]
        own = video.frames[row.first_frame : row.first_frame + len(row.frames)] @ query
        (ordinal,) = channel.best_frames(query, [place])
        assert own[ordinal - row.first_frame] == pytest.approx(own.max(), abs=1e-6)
    assert channel.mean_frames(np.empty(0, np.intp)).shape == (0, 6)


def test_a_sample_is_as_similar_as_the_best_of_its_mean_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    made = three_films()
    channel = PictureChannel(space_of(made), blend=BLEND)
    means = channel.mean_frames(np.arange(len(channel.space)))
    queries = np.stack([query_of(0), query_of(1), means[-1]])
    expected = (queries @ means.T).max(axis=1)
    np.testing.assert_allclose(channel.best_of_sample(queries), expected, atol=1e-6)
    monkeypatch.setattr(pictures, "SAMPLE", 2)
    sparse = PictureChannel(space_of(made), blend=BLEND).best_of_sample(queries)
    np.testing.assert_allclose(sparse, (queries @ means[[0, -1]].T).max(axis=1), atol=1e-6)
    nothing = PictureChannel(space_of(made).shows(visible_of([])), blend=BLEND)
    assert nothing.best_of_sample(queries).tolist() == [-1.0] * 3


def test_a_space_that_shows_nothing_answers_nothing() -> None:
    made = three_films()
    space = space_of(made).shows(visible_of([]))
    assert asked(space, query_of(0), Wanted(64, told={1: [(0.0, 1.0)]})) == []
    with half_precision():
        assert asked(space, query_of(0), Wanted(64)) == []


def test_what_is_similar_enough_is_found_however_its_hub_is() -> None:
    made, query = made_films([[ONE] * 6, [ONE] * 6, [ONE] * 6], 3), query_of(5)
    plain = space_of(made)
    similarity = PictureChannel(plain, blend=BLEND).exact(query, np.arange(len(plain)))
    least = float(np.sort(similarity)[-2]) - 1e-4
    hubs = np.where(similarity >= least, 2.0, 0.0).astype(np.float32)
    for space in (replace(plain, hubs=Hubs("bank", hubs)), plain):
        found = asked(space, query, Wanted(1, 1, min_similarity=least, corrects_hubs=True))
        assert found
        assert all((hit.moment.similarity or 0.0) >= least for hit in found)
