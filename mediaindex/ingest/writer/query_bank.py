"""The bank of queries of a space: the encoder's own, or the general captions embedded by it."""

from __future__ import annotations

import logging
from collections.abc import Callable

import numpy as np

from mediaindex.embed.encoder import Encoder, TextEncoder
from mediaindex.embed.families.builtin_files import FILES, HeadFiles, builtin_bank, heads_of
from mediaindex.errors import MediaIndexError
from mediaindex.ingest.writer.general_captions import general_captions
from mediaindex.store.library import Library
from mediaindex.store.mapped.bank import Bank
from mediaindex.store.vectors.matrix_renewal import renew_hubs
from mediaindex.store.vectors.spaces import Space

logger = logging.getLogger(__name__)


def renew_bank(
    library: Library, space: Space, load: Callable[[], Encoder], attend: Callable[[], None]
) -> None:
    """Give a space its bank, and its segments what they are to it, where they lack that.

    Args:
        load: gives the encoder of the space; called where that must embed the bank.
        attend: called now and then.
    """
    file = library.bank(space)
    try:
        bank = _bank_of(library, space, load)
        if bank is not None:
            file.write(bank)
        renew_hubs(library, space, attend)
    except (OSError, ValueError, MediaIndexError) as error:
        # A search does without; the next pass tries again.
        logger.warning("%s: hubs are not corrected: %s", file.path, error)


def _bank_of(library: Library, space: Space, load: Callable[[], Encoder]) -> Bank | None:
    """The bank that a space must get; None where it has one, or no vectors yet.

    Raises:
        MediaIndexError: the encoder cannot embed it. ValueError: it gave no numbers.
    """
    known = library.bank(space).load()
    own = _head_of(space.digest)
    if own is not None:
        bank = Bank.of(builtin_bank(FILES, own))
        return bank if known is None or known.digest != bank.digest else None
    if known is not None or not library.matrix(space).count():
        return None
    return _of_general_captions(load())


def bank_of_encoder(encoder: TextEncoder) -> Bank:
    """The bank that a space of this encoder gets.

    Raises:
        MediaIndexError: the encoder cannot embed it. ValueError: it gave no numbers.
    """
    own = _head_of(encoder.spec.digest)
    return _of_general_captions(encoder) if own is None else Bank.of(builtin_bank(FILES, own))


def _head_of(digest: str) -> HeadFiles | None:
    """The head of the built-in encoder with this digest; None of any other encoder."""
    return next((head for head in heads_of(FILES) if head.digest == digest), None)


def _of_general_captions(encoder: TextEncoder) -> Bank:
    vectors = encoder.texts(general_captions()).pooled
    lengths = np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return Bank.of(np.divide(vectors, lengths, dtype=np.float32))
