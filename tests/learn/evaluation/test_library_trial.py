"""A library is asked as a search asks it: ranks, overlap in time, and what is not listed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mediaindex.assembly.serving import serving_space
from mediaindex.learn.evaluation import library_trial
from mediaindex.learn.evaluation.library_queries import KnownAnswer, searchable_videos
from mediaindex.learn.evaluation.library_trial import Asked, as_listed, ask, by_similarity
from mediaindex.search.searcher import Searcher
from mediaindex.store.catalog import lookup
from mediaindex.store.library import Library
from tests.support.fake_encoder import FakeEncoder


def asked_of(
    library: Library, folder: Path, *sentences: tuple[str, str, tuple[float, float] | None]
) -> tuple[Asked, list[KnownAnswer], list[int]]:
    space = serving_space(library)
    assert space is not None
    with library.read() as connection:
        videos = searchable_videos(connection, space.id)
        answers = []
        for text, name, stretch in sentences:
            video = lookup.video_at(connection, folder / f"{name}.mp4")
            assert video is not None
            answers.append(KnownAnswer(text, video, stretch))
    searcher = Searcher(library, space, FakeEncoder(name="colours"))
    return ask(searcher, answers, videos), answers, videos


def test_ranks_and_overlap(captioned_library: Library, videos_of_library: Path) -> None:
    asked, answers, videos = asked_of(
        captioned_library,
        videos_of_library,
        ("red", "red", None),
        ("blue", "blue", (2.0, 4.0)),
        ("red", "blue", (2.0, 4.0)),
    )
    assert np.isfinite(asked.similarity).all()
    assert asked.similarity.shape == (3, len(videos))
    assert asked.order.tolist()[:2] == [0.0, 0.0]
    assert np.isnan(asked.overlap[0])
    assert asked.overlap[1] == pytest.approx(1.0, abs=0.05)
    assert asked.overlap[2] == 0.0  # of the film with both, the red shot answers "red"
    assert [None if hit is None else Path(hit.path).stem for hit in asked.first[:2]] == ["red", "blue"]
    assert [hit is not None and hit.video_id for hit in asked.found] == [
        answer.video_id for answer in answers
    ]
    assert (asked.milliseconds > 0).all()
    assert asked.milliseconds[0] == asked.milliseconds[2], "asked once"
    listed = as_listed(asked, answers, videos, "search")
    assert (listed.ranking, listed.gallery, listed.ranks.tolist()) == ("search", 4, asked.order.tolist())
    assert listed.before is not None
    assert [int((row >= 0).sum()) for row in listed.before] == asked.order.tolist()
    assert listed.before[2][0] == videos.index(answers[0].video_id), "the red film stands before"
    texts, clips = by_similarity(asked, answers, videos)
    assert texts.before is not None
    assert clips.before is not None
    for one in (texts, clips):
        assert [int((row >= 0).sum()) for row in np.asarray(one.before)] == one.ranks.tolist()
    assert texts.ranks[:2].tolist() == [0.0, 0.0]
    assert (clips.gallery, len(clips.ranks), clips.several) == (2, 2, True)


def test_of_a_larger_library_so_many_are_listed(
    captioned_library: Library, videos_of_library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library_trial, "LISTED", 1)
    asked, answers, videos = asked_of(captioned_library, videos_of_library, ("blue", "red", (0.0, 1.0)))
    assert np.isfinite(asked.similarity).sum() == 1
    assert asked.order.tolist() == [1.0]
    assert asked.overlap.tolist() == [0.0]
    assert asked.found == (None,)
    assert asked.first[0] is not None
    assert [one.direction for one in by_similarity(asked, answers, videos)] == ["t2v"]
