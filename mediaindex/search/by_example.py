"""The vector of an example, in place of a sentence's or beside it: an indexed video, a moment, a file."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
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
from mediaindex.sources.path_tree import absolute
from mediaindex.store.catalog import lookup
from mediaindex.store.library import Library
from mediaindex.store.vectors.reader import SpaceReader, consistent


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """What is looked for by its looks.

    Attributes:
        vector: (D,) unit.
        moment: (video, seconds) where it is indexed, seconds None for the whole video; else None.
    """

    vector: NDArray[np.float32]
    moment: tuple[int, float | None] | None


@dataclass(frozen=True, slots=True)
class FileReading:
    """What a file that is not indexed is read with: an encoder, and the process that decodes a video."""

    load_encoder: Callable[[], Encoder]
    new_worker: Callable[[], DecodeWorker]
    sampling: Sampling


def place_and_time(what: str) -> tuple[Path, float | None]:
    """PATH or PATH@SECONDS; a file whose name holds an @ is that file.

    Raises:
        QueryError: SECONDS is no number, or there is no PATH.
    """
    name, at, time = what.rpartition("@")
    if not what or (at and not name):
        raise QueryError("a path is empty")
    whole = absolute(what)
    if os.path.exists(whole) or not at:
        return whole, None
    try:
        seconds = float(time)
    except ValueError:
        raise QueryError(f"{whole} does not exist, and {time!r} is no time in seconds") from None
    if not 0.0 <= seconds < float("inf"):
        raise QueryError(f"{time} is no time in a video; write seconds from its start")
    return absolute(name), seconds


def example_at(
    library: Library,
    reader: SpaceReader | None,
    path: Path,
    seconds: float | None,
    *,
    name: Path,
    reading: FileReading,
) -> Example:
    """The example at a path: as it is indexed, else as the file looks.

    Args:
        name: by which the catalog would know the path.

    Raises:
        QueryError: nothing is there, or neither image nor video. MediaError: it cannot be read.
        StoreError: the library is damaged.
    """
    with library.read() as connection:
        video_id = lookup.video_at(connection, name)
    moment = None if video_id is None else (video_id, seconds)
    if moment is not None and (vector := vector_of_indexed(library, reader, *moment)) is not None:
        return Example(vector, moment)
    if os.path.isdir(path):
        raise QueryError(f"{path} is a folder, neither an image nor a video; name one file")
    if not os.path.lexists(path):
        raise QueryError(f"{path} does not exist; check the spelling, or plug in its drive")
    encoder = reading.load_encoder()
    vector = vector_of_file(
        path, seconds, encoder=encoder, new_worker=reading.new_worker, sampling=reading.sampling
    )
    return Example(vector, moment)


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
