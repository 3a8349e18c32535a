"""Batches for the encoder: frames of several videos share batches of one size.

An encoder pads every batch to its fixed size, so a vector depends on its own picture alone and not on
the other pictures of its batch. A picture that cannot be read costs its own video alone.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from mediaindex.embed.encoder import Encoder
from mediaindex.embed.inputs import picture
from mediaindex.errors import DecodeError, StoreError
from mediaindex.media import FrameEmbeddings
from mediaindex.store.commit import Embedded
from mediaindex.store.frame_cache import FrameCache, FramesLost
from mediaindex.store.vectors.spaces import Unembedded

T = TypeVar("T", bound=np.generic)


@dataclass(frozen=True, slots=True)
class UnreadFrames:
    """A video whose cached frames could not be read.

    Attributes:
        reason: what a person reads.
        lost: no later try can read them.
    """

    video: Unembedded
    reason: str
    lost: bool


@dataclass(frozen=True, slots=True)
class Batch:
    """What one step gave: the videos that it completed, and those that it gave up."""

    embedded: tuple[Embedded, ...] = ()
    unread: tuple[UnreadFrames, ...] = ()


class FrameBatcher:
    """Takes videos and gives embedded videos, in full batches wherever enough frames wait."""

    def __init__(self, encoder: Encoder, frames: FrameCache) -> None:
        self.encoder = encoder
        self._frames = frames
        self._videos: deque[tuple[Unembedded, Iterator[bytes]]] = deque()
        self._parts: dict[int, list[FrameEmbeddings]] = {}
        self._frames_left: dict[int, int] = {}

    def add(self, video: Unembedded) -> None:
        """Queue a video; its pictures are read when their batch is due."""
        self._videos.append((video, self._frames.read(video.frame_file)))
        self._frames_left[video.extraction_id] = video.frames

    @property
    def size(self) -> int:
        """Frames of one full batch."""
        return self.encoder.spec.batch

    @property
    def waiting(self) -> int:
        """Frames that have no vector yet."""
        return sum(self._frames_left.values())

    def step(self, *, partial: bool) -> Batch:
        """Embed one batch.

        Args:
            partial: embed also frames that do not fill a batch.
        """
        size = self.size
        if not self.waiting or (self.waiting < size and not partial):
            return Batch()
        owners: list[Unembedded] = []
        pictures: list[NDArray[np.uint8]] = []
        unread: list[UnreadFrames] = []
        while self._videos and len(pictures) < size:
            video, jpegs = self._videos[0]
            wanted = min(size - len(pictures), self._frames_left[video.extraction_id])
            try:
                next_pictures = _pictures(video, jpegs, wanted)
            except (DecodeError, StoreError) as error:
                unread.append(_unread(video, error))
                self._drop(video)
                continue
            pictures += next_pictures
            owners += [video] * wanted
            if wanted == self._frames_left[video.extraction_id]:
                self._videos.popleft()
        embedded = self._assign(owners, self.encoder.images(pictures)) if pictures else []
        return Batch(tuple(embedded), tuple(unread))

    def _drop(self, video: Unembedded) -> None:
        """Give up the first video that waits, with what is embedded of it already."""
        self._videos.popleft()
        self._parts.pop(video.extraction_id, None)
        del self._frames_left[video.extraction_id]

    def _assign(self, owners: list[Unembedded], embeddings: FrameEmbeddings) -> list[Embedded]:
        complete = []
        for video in dict.fromkeys(owners):
            is_own = np.array([owner is video for owner in owners])
            evidence = None if embeddings.evidence is None else embeddings.evidence[is_own]
            regions = None if embeddings.regions is None else embeddings.regions[is_own]
            part = FrameEmbeddings(embeddings.vectors[is_own], evidence, regions)
            self._parts.setdefault(video.extraction_id, []).append(part)
            self._frames_left[video.extraction_id] -= int(is_own.sum())
            if not self._frames_left[video.extraction_id]:
                del self._frames_left[video.extraction_id]
                parts = self._parts.pop(video.extraction_id)
                complete.append(Embedded(video.video_id, video.extraction_id, concatenated(parts)))
        return complete


def _pictures(video: Unembedded, jpegs: Iterator[bytes], count: int) -> list[NDArray[np.uint8]]:
    """The next pictures of a video.

    Raises:
        FramesLost: it has fewer. StoreError, DecodeError: one of them cannot be read.
    """
    pictures = [picture(jpeg) for jpeg in itertools.islice(jpegs, count)]
    if len(pictures) < count:
        raise FramesLost(video.frame_file, f"it has fewer than {video.frames} frames")
    return pictures


def _unread(video: Unembedded, error: DecodeError | StoreError) -> UnreadFrames:
    if isinstance(error, FramesLost | DecodeError):
        return UnreadFrames(video, f"its cached frames are lost ({error.reason})", lost=True)
    return UnreadFrames(video, str(error), lost=False)


def concatenated(parts: list[FrameEmbeddings]) -> FrameEmbeddings:
    """The embeddings of several parts, in their order; without what any part lacks."""

    def of_all(beside: Sequence[NDArray[T] | None]) -> NDArray[T] | None:
        present = [part for part in beside if part is not None]
        return np.concatenate(present) if len(present) == len(parts) else None

    return FrameEmbeddings(
        np.concatenate([part.vectors for part in parts]),
        of_all([part.evidence for part in parts]),
        of_all([part.regions for part in parts]),
    )
