"""The vectors of a space as rows, one for each sampled frame, with the generation of their write."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mediaindex.media import FrameEmbeddings


@dataclass(frozen=True, slots=True)
class VectorRows:
    """Rows of a space, in any order.

    Attributes:
        generation: (N,) int64, one number for each video and write.
        frame: (N,) int32, ordinal of the frame in its extraction.
        norm: (N,) float32, length of the embedding before normalisation.
        vector: (N, D) float16, unit length.
        evidence: (N, E) float16 or None.
    """

    generation: NDArray[np.int64]
    frame: NDArray[np.int32]
    norm: NDArray[np.float32]
    vector: NDArray[np.float16]
    evidence: NDArray[np.float16] | None = None

    def __len__(self) -> int:
        return len(self.generation)

    def take(self, keep: NDArray[Any]) -> VectorRows:
        """The rows that `keep` (mask or indices) names."""
        evidence = None if self.evidence is None else self.evidence[keep]
        return VectorRows(
            self.generation[keep], self.frame[keep], self.norm[keep], self.vector[keep], evidence
        )


def joined(parts: Sequence[VectorRows]) -> VectorRows:
    """Rows one after the other."""
    evidence = [part.evidence for part in parts if part.evidence is not None]
    return VectorRows(
        np.concatenate([part.generation for part in parts]),
        np.concatenate([part.frame for part in parts]),
        np.concatenate([part.norm for part in parts]),
        np.concatenate([part.vector for part in parts]),
        np.concatenate(evidence) if len(evidence) == len(parts) else None,
    )


def new_generation() -> int:
    """A random 62-bit number.

    Never a counter: a lost or restored SQLite file would hand out a number that LanceDB still holds.
    """
    return secrets.randbits(62)


def vector_rows(generation: int, embeddings: FrameEmbeddings) -> VectorRows:
    """The rows that store one video's embeddings under a generation."""
    count = len(embeddings.vectors)
    norm = np.linalg.norm(embeddings.vectors, axis=1).astype(np.float32)
    unit = embeddings.vectors / np.maximum(norm, np.float32(1e-12))[:, None]
    return VectorRows(
        np.full(count, generation, np.int64),
        np.arange(count, dtype=np.int32),
        norm,
        unit.astype(np.float16),
        embeddings.evidence,
    )
