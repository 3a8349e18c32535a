"""A small library that is open, its space, and a way to add videos made of numbers."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from mediaindex.media import Segment, Segmentation
from mediaindex.store.catalog import locations, videos, volumes
from mediaindex.store.catalog.videos import Identity
from mediaindex.store.commit import Embedded
from mediaindex.store.library import Library, open_library
from mediaindex.store.vectors.spaces import Space
from tests.support.jpegs import encoded
from tests.support.small_library import INFO, AddVideo, embeddings, make_space, write_blob

PICTURES = [encoded(8, 8 + n) for n in range(3)]


@pytest.fixture
def opened(library: Path) -> Iterator[Library]:
    with open_library(library, create=True) as made:
        yield made


@pytest.fixture
def space(opened: Library) -> Space:
    return make_space(opened)


@pytest.fixture
def add_video(opened: Library) -> AddVideo:
    """Record a decoded video at a path: cached frames and rows, no vectors yet."""

    def add(path: str = "/videos/a.mp4", frames: int = 3, *, seed: int = 0) -> Embedded:
        content = secrets.token_hex(16)
        frame_file = write_blob(
            opened.frames, [PICTURES[n % len(PICTURES)] for n in range(frames)], content=content
        )
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
