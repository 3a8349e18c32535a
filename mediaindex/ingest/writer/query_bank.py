"""The bank of queries of a space: the encoder's own, or the general captions embedded by it."""

from __future__ import annotations

import logging
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mediaindex.embed.encoder import Encoder
from mediaindex.embed.families.builtin_files import FILES, builtin_bank, builtin_spec
from mediaindex.errors import NoSpace
from mediaindex.ingest.writer.general_captions import general_captions
from mediaindex.store.library import Library
from mediaindex.store.mapped.bank import Bank
from mediaindex.store.vectors.matrix_renewal import renew_hubs
from mediaindex.store.vectors.spaces import Space

logger = logging.getLogger(__name__)


def renew_bank(library: Library, space: Space, encoder: Encoder | None, attend: Callable[[], None]) -> None:
    """Give a space its bank, and its segments what they are to it, where they lack that.

    Args:
        encoder: that is loaded; None where none is. A space whose encoder is not loaded gets no bank yet.
        attend: called now and then.
    """
    file = library.bank(space)
    known = file.load()
    queries = _queries_of(space, encoder, has_bank=known is not None)
    try:
        if queries is not None and (bank := Bank.of(queries)).digest != (known and known.digest):
            file.write(bank)
        renew_hubs(library, space, attend)
    except (OSError, NoSpace) as error:  # a search does without; the next pass tries again
        logger.warning("%s: hubs are not corrected: %s", file.path, error)


def _queries_of(space: Space, encoder: Encoder | None, *, has_bank: bool) -> NDArray[np.float32] | None:
    """The queries that the bank of a space must hold; None where it stays as it is."""
    if space.digest == builtin_spec(FILES).digest:
        return builtin_bank(FILES)
    if has_bank or encoder is None or encoder.spec.digest != space.digest:
        return None
    vectors: NDArray[np.float32] = encoder.texts(general_captions()).pooled
    lengths = np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    unit: NDArray[np.float32] = np.divide(vectors, lengths, dtype=np.float32)
    return unit
