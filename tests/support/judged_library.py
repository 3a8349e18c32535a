"""A library of videos made of numbers, whose user has written what is seen: real rows and vectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from mediaindex.media import FrameEmbeddings, QueryFeatures, Segment, Segmentation
from mediaindex.search.channels.similarity import unit
from mediaindex.store import commit
from mediaindex.store.catalog import locations, videos, volumes
from mediaindex.store.catalog.videos import Identity
from mediaindex.store.commit import Embedded
from mediaindex.store.library import Library
from mediaindex.store.mapped.bank import Bank
from mediaindex.store.notes import captions, marks
from mediaindex.store.vectors import spaces
from mediaindex.store.vectors.spaces import Space
from tests.support.described import WIDTH, bank
from tests.support.fake_encoder import FakeEncoder
from tests.support.jpegs import encoded
from tests.support.small_library import INFO, write_blob

DIGEST = "0f" * 32
SECONDS = 6.0


class NumberedEncoder(FakeEncoder):
    """A text with a number is near to the video of that number.

    Args:
        noise: how far from it.
    """

    def __init__(self, *, noise: float = 0.7) -> None:
        super().__init__(name="numbered", digest=DIGEST)
        self.spec = replace(self.spec, dim=WIDTH)
        self.noise = noise

    def texts(self, texts: Sequence[str], *, tokens: bool = False) -> QueryFeatures:
        rows = []
        for text in texts:
            number = int(text.split()[-1])
            noise = np.random.default_rng(10_000 + sum(map(ord, text))).normal(size=WIDTH)
            rows.append(topic(number) + self.noise * noise)
        return QueryFeatures(np.array(rows, np.float32))


def topic(number: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """What video so and so shows."""
    return np.random.default_rng(number).normal(size=WIDTH)


def filled(library: Library, *, count: int, texts: Sequence[str] = ("clip",)) -> Space:
    """Index so many videos, and write a caption on each for every one of `texts`, such as "clip 17"."""
    with library.write() as connection:
        space = spaces.ensure_space(
            connection,
            encoder="numbered",
            digest=DIGEST,
            preprocessing="none",
            dim=WIDTH,
            evidence_dim=None,
            blend=0.5,
        )
    made = [_video(library, number) for number in range(count)]
    commit.put(library, space, made)
    library.bank(space).write(Bank.of(bank(200)))
    with library.write() as connection:
        for number, one in enumerate(made):
            for text in texts:
                captions.add(connection, one.video_id, 0.0, SECONDS, f"{text} {number}")
    return space


def marked(library: Library, pairs: Sequence[tuple[int, int, bool]]) -> None:
    """Mark videos for the queries "query N": (number of the query, id of the video, whether it is right)."""
    with library.write() as connection:
        for number, video_id, is_right in pairs:
            marks.put(connection, f"query {number}", video_id, 1.0, is_right=is_right)


def _video(library: Library, number: int) -> Embedded:
    content = f"{number:032x}"
    name = write_blob(library.frames, [encoded(8, 8)] * 2, content=content)
    outline = Segmentation(SECONDS, (), (Segment(0.0, SECONDS, 0, 2),))
    with library.write() as connection:
        volume = volumes.ensure_volume(connection, uid="v", label=None, mount_point=Path("/"))
        video_id = videos.ensure_video(connection, Identity(100, content, content), INFO, SECONDS)
        extraction_id = videos.add_extraction(
            connection,
            video_id,
            frame_file=name,
            decoder="test",
            sampling="test",
            seconds=[0.0, 3.0],
            outline=outline,
        )
        locations.place(
            connection,
            Path(f"/videos/{number}.mp4"),
            volume_id=volume,
            next_video_id=video_id,
            size=100,
            mtime_ns=1,
            confirmed=True,
            missing_since=None,
        )
    library.frames.settle(name)
    vectors = unit(np.stack([topic(number), topic(number) + 0.2]))
    return Embedded(video_id, extraction_id, FrameEmbeddings(vectors))
