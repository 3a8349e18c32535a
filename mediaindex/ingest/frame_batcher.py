"""The embedding half of the write corridor: frames of several videos share batches of one size.

An encoder pads every batch to its fixed size, so a vector depends on its own picture alone, and
which videos happen to share a batch changes nothing.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from mediaindex.embed.encoder import Encoder
from mediaindex.embed.preprocess import picture
from mediaindex.media import FrameEmbeddings
from mediaindex.store.commit import Embedded
from mediaindex.store.frame_cache import FrameCache
from mediaindex.store.vectors.spaces import Unembedded


class FrameBatcher:
    """Videos in, embedded videos out, through full batches wherever enough frames wait."""

    def __init__(self, encoder: Encoder, frames: FrameCache) -> None:
        self.encoder = encoder
        self._frames = frames
        self._videos: deque[tuple[Unembedded, Iterator[bytes]]] = deque()
        self._parts: dict[int, list[FrameEmbeddings]] = {}
        self._left: dict[int, int] = {}

    def add(self, video: Unembedded) -> None:
        """Queue a video; its pictures are read when their batch is due."""
        self._videos.append((video, self._frames.read(video.frame_file)))
        self._left[video.extraction_id] = video.frames

    @property
    def size(self) -> int:
        """Frames of one full batch."""
        return self.encoder.spec.batch

    @property
    def waiting(self) -> int:
        """Frames that have no vector yet."""
        return sum(self._left.values())

    def step(self, *, partial: bool) -> list[Embedded]:
        """Embed one batch and return the videos that it completes.

        Args:
            partial: embed also what does not fill a batch (nothing more is coming for now).
        """
        size = self.size
        if not self.waiting or (self.waiting < size and not partial):
            return []
        owners: list[Unembedded] = []
        pictures: list[NDArray[np.uint8]] = []
        while self._videos and len(pictures) < size:
            video, jpegs = self._videos[0]
            taken = [picture(jpeg) for jpeg in itertools.islice(jpegs, size - len(pictures))]
            pictures += taken
            owners += [video] * len(taken)
            if len(pictures) < size or owners.count(video) == self._left[video.extraction_id]:
                self._videos.popleft()
        return self._assign(owners, self.encoder.images(pictures))

    def _assign(self, owners: list[Unembedded], made: FrameEmbeddings) -> list[Embedded]:
        complete = []
        for video in dict.fromkeys(owners):
            mine = np.array([owner is video for owner in owners])
            evidence = None if made.evidence is None else made.evidence[mine]
            self._parts.setdefault(video.extraction_id, []).append(
                FrameEmbeddings(made.vectors[mine], evidence)
            )
            self._left[video.extraction_id] -= int(mine.sum())
            if not self._left[video.extraction_id]:
                del self._left[video.extraction_id]
                parts = self._parts.pop(video.extraction_id)
                complete.append(Embedded(video.video_id, video.extraction_id, concatenated(parts)))
        return complete


def concatenated(parts: list[FrameEmbeddings]) -> FrameEmbeddings:
    """Embeddings one after the other."""
    evidence = [part.evidence for part in parts if part.evidence is not None]
    return FrameEmbeddings(
        np.concatenate([part.vectors for part in parts]),
        np.concatenate(evidence) if len(evidence) == len(parts) else None,
    )
