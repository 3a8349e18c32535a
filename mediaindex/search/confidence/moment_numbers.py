"""The numbers of `picture_numbers` for moments that the pictures of a library rank."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mediaindex.search.channels.pictures import PictureChannel, PictureHit
from mediaindex.search.channels.similarity import similarities_of_texts
from mediaindex.search.confidence.picture_numbers import best_segments, picture_numbers, sentences_of
from mediaindex.store.mapped.bank import Bank


def moment_numbers(
    pictures: PictureChannel, bank: Bank, score: NDArray[np.float32], hits: Sequence[PictureHit]
) -> list[list[float]]:
    """Of each of K ≥ 1 moments, in the order of `picture_numbers.NAMES`.

    Args:
        bank: of the space.
        score: (S,) by which all segments were put in order, -inf for those that take no part.
    """
    space = pictures.space
    places = [hit.place for hit in hits]
    here, best = np.array(places, np.intp), best_segments(score)
    return picture_numbers(
        score,
        space.video,
        places,
        [hit.moment.similarity or 0.0 for hit in hits],
        similarities_of_texts(space, here, sentences_of(bank.queries), blend=pictures.blend).T,
        pictures.mean_frames(np.concatenate([here, best])),
        best,
    )
