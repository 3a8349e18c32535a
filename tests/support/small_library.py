"""A small library with real SQLite and LanceDB, and videos made of numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import sqlalchemy as sa

from mediaindex.media import FrameEmbeddings, MediaInfo
from mediaindex.store.catalog.schema import location
from mediaindex.store.commit import Embedded, recover
from mediaindex.store.frame_cache import FrameCache, FramesLost
from mediaindex.store.library import Library, open_library
from mediaindex.store.maintenance.restore import restore, verify
from mediaindex.store.mapped.visible import read_visible
from mediaindex.store.vectors import spaces
from mediaindex.store.vectors.spaces import Space

DIM = 8


INFO = MediaInfo(6.0, 64, 48, 25.0, "h264", 0, "mov", 0)


AddVideo = Callable[..., Embedded]


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


def write_blob(cache: FrameCache, jpegs: Iterable[bytes], *, content: str) -> str:
    with cache.new_blob() as blob:
        for jpeg in jpegs:
            blob.add(jpeg)
        return blob.finish(content=content)


def frame_count(cache: FrameCache, name: str) -> int | None:
    """How many frames a blob holds, None where it is missing or damaged."""
    try:
        return sum(1 for _ in cache.read(name))
    except FramesLost:
        return None


def embeddings(frames: int, seed: int) -> FrameEmbeddings:
    numbers = np.random.default_rng(seed)
    return FrameEmbeddings(
        numbers.normal(size=(frames, DIM)).astype(np.float32),
        numbers.normal(size=(frames, 4)).astype(np.float16),
    )


def visible(library: Library, space: Space) -> dict[int, tuple[int, int]]:
    """generation → (video, number of vectors) of what a search sees."""
    with library.read() as connection:
        seen = read_visible(connection, space.id)
    pairs = zip(seen.video.tolist(), seen.vectors.tolist(), strict=True)
    return dict(zip(seen.generation.tolist(), pairs, strict=True))


def restored(target: Path, root: Path) -> Library:
    root.mkdir(exist_ok=True)
    restore(root, verify(target))
    library = open_library(root)
    recover(library)
    return library


def paths(library: Library) -> set[str]:
    with library.read() as connection:
        return {str(path) for path in connection.execute(sa.select(location.c.path)).scalars()}
