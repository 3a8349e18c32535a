"""Batches for the encoder: frames of several videos share batches of one size.

An encoder pads every batch to its fixed size, so a vector depends on its own picture alone and not on
the other pictures of its batch.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from mediaindex.embed.encoder import Encoder
from mediaindex.embed.inputs import picture
from mediaindex.media import FrameEmbeddings
from mediaindex.store.commit import Embedded
from mediaindex.store.frame_cache import FrameCache
from mediaindex.store.vectors.spaces import Unembedded


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

    def step(self, *, partial: bool) -> list[Embedded]:
        """Embed one batch; returns the videos that it completes.

        Args:
            partial: embed also frames that do not fill a batch.
        """
        size = self.size
        if not self.waiting or (self.waiting < size and not partial):
            return []
        owners: list[Unembedded] = []
        pictures: list[NDArray[np.uint8]] = []
        while self._videos and len(pictures) < size:
            video, jpegs = self._videos[0]
            next_pictures = [picture(jpeg) for jpeg in itertools.islice(jpegs, size - len(pictures))]
            pictures += next_pictures
            owners += [video] * len(next_pictures)
            if len(pictures) < size or owners.count(video) == self._frames_left[video.extraction_id]:
                self._videos.popleft()
        return self._assign(owners, self.encoder.images(pictures))

    def _assign(self, owners: list[Unembedded], embeddings: FrameEmbeddings) -> list[Embedded]:
        complete = []
        for video in dict.fromkeys(owners):
            is_own = np.array([owner is video for owner in owners])
            evidence = None if embeddings.evidence is None else embeddings.evidence[is_own]
            part = FrameEmbeddings(embeddings.vectors[is_own], evidence)
            self._parts.setdefault(video.extraction_id, []).append(part)
            self._frames_left[video.extraction_id] -= int(is_own.sum())
            if not self._frames_left[video.extraction_id]:
                del self._frames_left[video.extraction_id]
                parts = self._parts.pop(video.extraction_id)
                complete.append(Embedded(video.video_id, video.extraction_id, concatenated(parts)))
        return complete


def concatenated(parts: list[FrameEmbeddings]) -> FrameEmbeddings:
    """The embeddings of several parts, in their order; without evidence where any part has none."""
    evidence = [part.evidence for part in parts if part.evidence is not None]
    return FrameEmbeddings(
        np.concatenate([part.vectors for part in parts]),
        np.concatenate(evidence) if len(evidence) == len(parts) else None,
    )
