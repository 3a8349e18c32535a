"""A small library with real SQLite and LanceDB, and videos made of numbers."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest

from mediaindex.media import (
    FrameEmbeddings,
    MediaInfo,
    Segment,
    Segmentation,
)
from mediaindex.store.catalog import (
    locations,
    videos,
    volumes,
)
from mediaindex.store.catalog.videos import Identity
from mediaindex.store.commit import Embedded
from mediaindex.store.frame_cache import FrameCache
from mediaindex.store.library import Library, open_library
from mediaindex.store.vectors import spaces
from mediaindex.store.vectors.spaces import Space

DIM = 8
INFO = MediaInfo(6.0, 64, 48, 25.0, "h264", 0, "mov", 0)

AddVideo = Callable[..., Embedded]


@pytest.fixture
def opened(library: Path) -> Iterator[Library]:
    with open_library(library, create=True) as made:
        yield made


def make_space(opened: Library, digest: str = "one") -> Space:
    with opened.write() as connection:
        return spaces.ensure_space(
            connection,
            encoder="numbers",
            digest=digest,
            preprocessing="none",
            dim=DIM,
            evidence_dim=4,
            blend=0.5,
        )


@pytest.fixture
def space(opened: Library) -> Space:
    return make_space(opened)


@pytest.fixture
def add_video(opened: Library) -> AddVideo:
    """Record a decoded video at a path: cached frames and rows, no vectors yet."""

    def add(path: str = "/videos/a.mp4", frames: int = 3, *, seed: int = 0) -> Embedded:
        content = secrets.token_hex(16)
        frame_file = write_blob(opened.frames, [b"jpeg %d" % n for n in range(frames)], content=content)
        outline = Segmentation(2.0 * frames, (), (Segment(0.0, 2.0 * frames, 0, frames),))
        with opened.write() as connection:
            volume = volumes.ensure_volume(connection, uid="v", label="Disk", mount_point=Path("/"))
            video_id = videos.ensure_video(connection, Identity(100, content, content), INFO, 2.0 * frames)
            extraction_id = videos.add_extraction(
                connection,
                video_id,
                frame_file=frame_file,
                decoder="test",
                sampling="test",
                seconds=[2.0 * n for n in range(frames)],
                outline=outline,
            )
            locations.place(
                connection,
                Path(path),
                volume_id=volume,
                next_video_id=video_id,
                size=100,
                mtime_ns=seed,
                confirmed=True,
                missing_since=None,
            )
        opened.frames.settle(frame_file)
        return Embedded(video_id, extraction_id, embeddings(frames, seed))

    return add


def write_blob(cache: FrameCache, jpegs: Iterable[bytes], *, content: str) -> str:
    with cache.new_blob() as blob:
        for jpeg in jpegs:
            blob.add(jpeg)
        return blob.finish(content=content)


def embeddings(frames: int, seed: int) -> FrameEmbeddings:
    numbers = np.random.default_rng(seed)
    return FrameEmbeddings(
        numbers.normal(size=(frames, DIM)).astype(np.float32),
        numbers.normal(size=(frames, 4)).astype(np.float16),
    )
