"""What each query of one ranking was answered, small enough to be kept for many nights.

Beside the rank in the whole gallery stand the items before the right answer, 50 at the most, by what they
are: with these any two nights can be ranked anew among what both of them had. A thousand queries take
some 100 kB, and 250 kB at the most besides the gallery.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mediaindex.errors import StoreError

BEFORE = 50
"""Items before the right answer that are kept."""


@dataclass(frozen=True, slots=True, eq=False)
class QueryRanks:
    """Q queries and a gallery of G items, each named by `keys_of`.

    Attributes:
        queries: (Q,) int64, each once. videos: (Q,) int64, what they are about.
        ranks: (Q,) int32, items before the right one, from 0.
        items: (G,) int64. before: (Q, BEFORE) int32 places in `items`, the best first, −1 behind the last.
        top: (Q,) float32, score of what stood first, NaN where it has none.
    """

    queries: NDArray[np.int64]
    videos: NDArray[np.int64]
    ranks: NDArray[np.int32]
    items: NDArray[np.int64]
    before: NDArray[np.int32]
    top: NDArray[np.float32]

    def to_bytes(self) -> bytes:
        """As a compressed .npz."""
        file = io.BytesIO()
        np.savez_compressed(file, **{name: getattr(self, name) for name in self.__slots__})
        return file.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> QueryRanks:
        """What `to_bytes` made.

        Raises:
            StoreError: it is damaged.
        """
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as file:
                made = cls(*(file[name] for name in cls.__slots__))
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise StoreError(f"the ranks of an evaluation are damaged ({error})") from error
        count, items = len(made.queries), len(made.items)
        shapes = (made.videos.shape, made.ranks.shape, made.top.shape, made.before.shape[:1])
        if set(shapes) != {(count,)} or (made.before.size and not -1 <= made.before.max() < items):
            raise StoreError("the ranks of an evaluation are damaged: their shapes do not agree")
        return made


def keys_of(names: Iterable[str]) -> NDArray[np.int64]:
    """A number for each name, the same on every machine: 64 bits of its BLAKE2b."""
    digests = (hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8) for name in names)
    return np.array([int.from_bytes(one.digest(), "little", signed=True) for one in digests], np.int64)
