"""The vector of an example, in place of a sentence's: of an indexed video, a moment of one, or a file."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from mediaindex.decode.sampling.policy import Sampling
from mediaindex.decode.still_image import read_image
from mediaindex.decode.worker import DecodeWorker
from mediaindex.embed.encoder import Encoder
from mediaindex.embed.inputs import picture
from mediaindex.errors import QueryError
from mediaindex.media import NotAVideo, SampledFrame
from mediaindex.search.channels.similarity import unit
from mediaindex.store.catalog import lookup
from mediaindex.store.library import Library
from mediaindex.store.vectors.reader import SpaceReader, consistent


def vector_of_indexed(
    library: Library, reader: SpaceReader | None, video_id: int, seconds: float | None
) -> NDArray[np.float32] | None:
    """The mean frame of a video, or its frame nearest to a time, (D,) unit; None where it has no vectors.

    Args:
        reader: of the space that the search compares in, None in a library without any.

    Raises:
        StoreError: the library is damaged.
    """
    if reader is None:
        return None

    def read(connection: sa.Connection) -> tuple[NDArray[np.float32] | None]:
        video = lookup.indexed_videos(connection, reader.space.id, [video_id]).get(video_id)
        if video is None:
            return (None,)
        frames = reader.snapshot(connection).frames(video_id)
        if seconds is None:
            return (unit(frames.mean(axis=0)),)
        shown = lookup.frame_at(connection, video.extraction_id, seconds)
        return (None if shown is None else frames[shown.ordinal],)

    return consistent(library, read)[0]


def vector_of_file(
    path: Path,
    seconds: float | None,
    *,
    encoder: Encoder,
    new_worker: Callable[[], DecodeWorker],
    sampling: Sampling,
) -> NDArray[np.float32]:
    """The mean frame of a file that is not indexed, or what is seen in it at a time, (D,) unit.

    The frames of a film are embedded as they come: one batch of them is held, however long the film is.

    Args:
        new_worker: makes the process that decodes a video; an image needs none.

    Raises:
        QueryError: it does not exist, or is neither image nor video. MediaError: it cannot be read.
    """
    if not os.path.isfile(path):
        raise QueryError(f"{path} does not exist, or cannot be read; check the spelling and its drive")
    image = read_image(path)
    if image is not None:
        return _mean_vector([image], encoder)
    with new_worker() as worker:
        info = worker.probe(path)
        if isinstance(info, NotAVideo):
            raise QueryError(f"{path} is neither an image nor a video: {info.reason}")
        if seconds is None:
            return _mean_vector(_jpegs(worker.extract(path, info, sampling)), encoder)
        return _mean_vector(_jpegs(worker.moment(path, info, sampling, seconds)), encoder)


def _jpegs(extraction: Iterable[object]) -> Iterator[bytes]:
    return (item.jpeg for item in extraction if isinstance(item, SampledFrame))


def _mean_vector(jpegs: Iterable[bytes], encoder: Encoder) -> NDArray[np.float32]:
    """The mean of the unit vectors of some pictures, (D,) unit."""
    waiting = iter(jpegs)
    total = np.zeros(encoder.spec.dim, np.float64)
    while batch := [picture(jpeg) for jpeg in itertools.islice(waiting, encoder.spec.batch)]:
        total += unit(encoder.images(batch).vectors).sum(axis=0, dtype=np.float64)
    return unit(total)
