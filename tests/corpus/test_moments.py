"""Real clips: the moments of every query are those of the whole partition by the plain formula."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from bench._plain_scores import PlainVideo, similarities
from bench.confidence import NOTHING, asked
from bench.recall import Clip, SearchableClips, plain_videos, read_clips, searchable_clips
from numpy.typing import NDArray

from mediaindex.search.answer import Question
from mediaindex.search.channels import pictures
from mediaindex.search.channels.moments import Moment
from mediaindex.search.channels.similarity import unit
from mediaindex.search.searcher import Searcher
from tests.support.plain_moments import plain_moments

pytestmark = [pytest.mark.corpus, pytest.mark.timeout(1800)]

DEPTH = 64
Stretch = tuple[str, float, float, int | None]


@pytest.fixture(scope="module")
def clips(shared: Path) -> list[Clip]:
    return read_clips(shared / "corpus" / "videos")


@pytest.fixture(scope="module")
def held(clips: list[Clip]) -> Iterator[SearchableClips]:
    with searchable_clips(clips, None) as made:
        yield made


@pytest.fixture(scope="module")
def videos(held: SearchableClips, clips: list[Clip]) -> dict[Path, PlainVideo]:
    return plain_videos(held, clips)


@pytest.fixture(scope="module")
def queries(held: SearchableClips, clips: list[Clip]) -> dict[str, NDArray[np.float32]]:
    texts = [clip.query for clip in clips]
    return dict(zip(texts, unit(held.encoder.texts(texts).pooled), strict=True))


def expected(
    videos: dict[Path, PlainVideo], query: NDArray[np.float32], blend: float, per_video: int | None
) -> list[tuple[Stretch, float]]:
    moments: list[tuple[Path, Moment]] = []
    for path, video in videos.items():
        moments += [(path, moment) for moment in plain_moments(video, query, blend=blend)[:per_video]]
    moments.sort(key=lambda pair: pair[1].rank_key)
    return [
        (
            (str(path), moment.start_seconds, moment.end_seconds, moment.segment_id),
            moment.similarity or 0.0,
        )
        for path, moment in moments[:DEPTH]
    ]


def found(searcher: Searcher, text: str, per_video: int | None) -> list[tuple[Stretch, float]]:
    question = Question(text, limit=DEPTH, per_video=per_video, channel="pictures", thumbnails=False)
    return [
        ((hit.path, hit.start_seconds, hit.end_seconds, hit.segment_id), hit.similarity or 0.0)
        for hit in searcher.search(question).hits
    ]


@pytest.mark.parametrize("is_exact", [True, False], ids=["exact", "half precision first"])
@pytest.mark.parametrize("per_video", [3, None])
def test_the_moments_are_those_of_the_whole_partition(
    held: SearchableClips,
    videos: dict[Path, PlainVideo],
    queries: dict[str, NDArray[np.float32]],
    per_video: int | None,
    is_exact: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if not is_exact:
        monkeypatch.setattr(pictures, "EXACT_FRAMES", 0)
        monkeypatch.setattr(pictures, "EXACT_SHARE", 0)
    for text, query in queries.items():
        moments = found(held.searcher, text, per_video)
        wanted = expected(videos, query, held.space.blend, per_video)
        assert [stretch for stretch, _value in moments] == [stretch for stretch, _value in wanted], text
        values = [value for _stretch, value in moments]
        np.testing.assert_allclose(values, [value for _stretch, value in wanted], atol=1e-5)


def test_every_segment_has_the_similarity_of_the_plain_formula(
    held: SearchableClips, videos: dict[Path, PlainVideo], queries: dict[str, NDArray[np.float32]]
) -> None:
    assert held.searcher.reader is not None
    with held.library.read() as connection:
        space = held.searcher.reader.snapshot(connection)
    channel = pictures.PictureChannel(space, blend=held.space.blend)
    assert len(space) == sum(len(video.segments) for video in videos.values())
    for query in queries.values():
        exact = channel.exact(query, np.arange(len(space)))
        half = channel.of_library(query)
        for video in videos.values():
            plain = similarities(video, query, blend=held.space.blend)
            own = slice(space.of_video(video.video_id).start, space.of_video(video.video_id).stop)
            np.testing.assert_allclose(exact[own], plain, atol=1e-5)
            np.testing.assert_allclose(half[own], plain, atol=1e-3)


def test_the_confident_are_right_and_few_are_confident_of_what_is_not_there(
    held: SearchableClips, clips: list[Clip]
) -> None:
    queries = [asked(held, clip.query, clip, clips, "pictures") for clip in clips]
    nothing = [asked(held, text, None, clips, "pictures") for text in NOTHING.read_text("utf-8").splitlines()]
    confident = [one for one in queries if one.confident]
    assert len(nothing) == 100
    assert sum(one.confident for one in nothing) <= 5
    assert len(confident) >= 0.2 * len(queries)
    assert sum(bool(one.right) for one in confident) >= 0.8 * len(confident)
