"""The confidence of what an answer shows: of each moment by its kind, and of the answer by its first moment.

A moment that both channels found has the higher of both confidences: each kind was fitted alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mediaindex.search.channels.fusion import FusedMoment
from mediaindex.search.confidence.calibration import CONFIDENT, Calibration, calibration_of
from mediaindex.search.confidence.word_numbers import word_numbers
from mediaindex.store.catalog.fulltext import WordHit
from mediaindex.store.vectors.fitted import WORDS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mediaindex.search.channels.pictures import PictureChannel
    from mediaindex.store.mapped.bank import Bank


MOST_JUDGED = 100
"""Moments that the pictures found, from the first on; a longer list is shown without their confidences."""


class Judged(NamedTuple):
    """The moments of an answer with their confidences.

    Attributes:
        confident: whether the first is a match by its confidence; None where that has none.
    """

    moments: list[FusedMoment]
    confident: bool | None


class PictureList(NamedTuple):
    """What the pictures of one sentence are judged by.

    Attributes:
        calibration: of the encoder. bank: of the space.
        score: (S,) by which all segments were put in order, -inf for those that take no part.
    """

    calibration: Calibration
    bank: Bank
    pictures: PictureChannel
    score: NDArray[np.float32]


def judged(
    moments: Sequence[FusedMoment],
    word_hits: Sequence[WordHit],
    pictures: PictureList | None,
    library: Path | None = None,
) -> Judged:
    """The moments with their confidences, None where nothing was fitted for their kind.

    Args:
        word_hits: every hit of the words. pictures: None where they were not asked by one sentence.
        library: folder whose own calibration of words comes before the shipped one; None for that alone.
    """
    of_pictures = _of_pictures(moments, pictures)
    of_words = _of_words(moments, word_hits, library)
    found = []
    for place, moment in enumerate(moments):
        own = [of_kind[place] for of_kind in (of_pictures, of_words) if place in of_kind]
        found.append(moment._replace(confidence=max(own, default=None)))
    first = found[0].confidence if found else None
    return Judged(found, None if first is None else first >= CONFIDENT)


def _of_words(
    moments: Sequence[FusedMoment], hits: Sequence[WordHit], library: Path | None
) -> dict[int, float]:
    """By the place of each moment that words found."""
    calibration = calibration_of(WORDS, library)
    if calibration is None or not hits:
        return {}
    probabilities = [calibration.probability(numbers) for numbers in word_numbers(hits)]
    by_hit = {id(hit): probability for hit, probability in zip(hits, probabilities, strict=False)}
    return {
        place: by_hit[id(moment.word_hit)]
        for place, moment in enumerate(moments)
        if id(moment.word_hit) in by_hit
    }


def _of_pictures(moments: Sequence[FusedMoment], found: PictureList | None) -> dict[int, float]:
    """By the place of each moment that pictures found."""
    if found is None:
        return {}
    judged_moments = enumerate(moments[:MOST_JUDGED])
    own = {place: moment.picture_hit for place, moment in judged_moments if moment.picture_hit}
    if not own:
        return {}
    from mediaindex.search.confidence.moment_numbers import moment_numbers

    numbers = moment_numbers(found.pictures, found.bank, found.score, list(own.values()))
    return dict(zip(own, map(found.calibration.probability, numbers), strict=True))
