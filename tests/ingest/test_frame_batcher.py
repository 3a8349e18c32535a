"""Frames of several videos share batches, and no vector depends on which."""

from __future__ import annotations

import os

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mediaindex.embed.inputs import picture
from mediaindex.ingest.frame_batcher import Batch, FrameBatcher, concatenated
from mediaindex.media import FrameEmbeddings
from mediaindex.store.commit import Embedded
from mediaindex.store.library import Library
from mediaindex.store.vectors.spaces import Unembedded
from tests.support.corridor import jpeg
from tests.support.fake_encoder import COLOURS, FakeEncoder
from tests.support.jpegs import with_size
from tests.support.small_library import write_blob

JPEGS = {colour: jpeg(colour) for colour in COLOURS}
FILMS = st.lists(st.lists(st.sampled_from(sorted(COLOURS)), min_size=1, max_size=20), min_size=1, max_size=5)


def cached(library: Library, number: int, colours: list[str]) -> Unembedded:
    with library.frames.new_blob() as blob:
        for colour in colours:
            blob.add(JPEGS[colour])
        name = blob.finish(content=f"{number:032}")
    return Unembedded(number, 100 + number, name, len(colours))


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(films=FILMS)
def test_a_video_gets_the_vectors_that_it_would_get_alone(opened: Library, films: list[list[str]]) -> None:
    encoder = FakeEncoder()
    batcher = FrameBatcher(encoder, opened.frames)
    for number, colours in enumerate(films):
        batcher.add(cached(opened, number, colours))
    frames = batcher.waiting
    assert frames == sum(map(len, films))
    embedded: list[Embedded] = []
    while batcher.waiting:
        embedded += batcher.step(partial=True).embedded
        assert batcher.waiting == max(0, frames - batcher.size)
        frames = batcher.waiting
    assert sorted(video.video_id for video in embedded) == list(range(len(films)))
    for video in embedded:
        assert video.extraction_id == 100 + video.video_id
        alone = encoder.images([picture(JPEGS[colour]) for colour in films[video.video_id]])
        assert np.array_equal(video.embeddings.vectors, alone.vectors)
        assert video.embeddings.evidence is not None
        assert alone.evidence is not None
        assert np.array_equal(video.embeddings.evidence, alone.evidence)


HARM = st.sampled_from(["rotten", "cut short", "gone", "fewer", "large"])


def harmed(library: Library, number: int, colours: list[str], harm: str) -> Unembedded:
    """A video whose blob is not what its row says."""
    rotten = {"rotten": b"rotten" + JPEGS["red"][6:], "large": with_size(JPEGS["red"], 5000, 5000)}.get(harm)
    frames = [JPEGS[colour] for colour in colours]
    name = write_blob(library.frames, [*frames[:-1], rotten or frames[-1]], content=f"{number:032}")
    path = library.frames.folder / name
    if harm == "gone":
        path.unlink()
    elif harm == "cut short":
        path.write_bytes(path.read_bytes()[:-9])
    return Unembedded(number, 100 + number, name, len(colours) + (harm == "fewer"))


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(films=FILMS, harms=st.lists(st.none() | HARM, min_size=5, max_size=5))
def test_frames_that_cannot_be_read_cost_their_video_alone(
    opened: Library, films: list[list[str]], harms: list[str | None]
) -> None:
    batcher = FrameBatcher(FakeEncoder(), opened.frames)
    for number, colours in enumerate(films):
        harm = harms[number]
        batcher.add(
            cached(opened, number, colours) if harm is None else harmed(opened, number, colours, harm)
        )
    batches = []
    while batcher.waiting:
        batches.append(batcher.step(partial=True))
    assert batcher.step(partial=True) == Batch()
    embedded = {
        video.video_id: len(video.embeddings.vectors) for batch in batches for video in batch.embedded
    }
    unread = [video for batch in batches for video in batch.unread]
    whole = {number: len(colours) for number, colours in enumerate(films) if harms[number] is None}
    assert embedded == whole
    assert sorted(item.video.video_id for item in unread) == sorted(set(range(len(films))) - set(whole))
    assert all(item.lost and "cached frames are lost" in item.reason for item in unread)


def test_frames_that_cannot_be_read_now_are_not_lost(
    opened: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    batcher = FrameBatcher(FakeEncoder(), opened.frames)
    batcher.add(cached(opened, 1, ["red"]))

    def refuse(*_: object) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "pread", refuse)
    (unread,) = batcher.step(partial=True).unread
    assert not unread.lost
    assert "Permission denied" in unread.reason


def test_less_than_a_batch_waits_for_more(opened: Library) -> None:
    batcher = FrameBatcher(FakeEncoder(), opened.frames)
    assert batcher.step(partial=True) == Batch()
    batcher.add(cached(opened, 1, ["red"] * (batcher.size - 1)))
    assert batcher.step(partial=False) == Batch()
    batcher.add(cached(opened, 2, ["blue"] * 2))
    assert [video.video_id for video in batcher.step(partial=False).embedded] == [1]
    assert batcher.waiting == 1


def test_parts_without_evidence_have_none_together() -> None:
    vectors = np.ones((2, 3), np.float32)
    evidence = np.ones((2, 4), np.float16)
    both = concatenated([FrameEmbeddings(vectors, evidence), FrameEmbeddings(vectors, evidence)])
    assert both.evidence is not None
    assert (both.vectors.shape, both.evidence.shape) == ((4, 3), (4, 4))
    assert concatenated([FrameEmbeddings(vectors, evidence), FrameEmbeddings(vectors, None)]).evidence is None
