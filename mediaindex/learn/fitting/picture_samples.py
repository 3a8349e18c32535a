"""What the pictures answer to captions, in galleries with and without the clip that is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mediaindex.learn.fitting.described_clips import DescribedClips, Matrix
from mediaindex.learn.fitting.samples import SampleRow, Samples, draws
from mediaindex.search.channels.pictures import HUB_SHARE
from mediaindex.search.confidence import picture_numbers
from mediaindex.store.mapped.bank import BETA, hubness

MOMENTS = 5
"""Of each answer, so many of the first are fitted."""


class Reordered(NamedTuple):
    """The clips of a gallery as a reranker puts them.

    Attributes:
        clips: the best first.
        numbers: (5, F) further ones of the first moments, behind those of the pictures; None for none.
    """

    clips: NDArray[np.intp]
    numbers: NDArray[np.float64] | None = None


Reorder = Callable[[int, NDArray[np.intp]], Reordered]
"""A text and the clips of a gallery, the best first → the same clips as a reranker puts them."""


def picture_samples(
    clips: DescribedClips,
    bank: Matrix,
    *,
    blend: float,
    corrects_hubs: bool,
    galleries: int,
    seed: int,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
    reorder: Reorder | None = None,
) -> list[Samples]:
    """The first moments of the answers in each half of the clips.

    Args:
        bank: (M, D) unit queries of the encoder's bank. blend: w of the similarity.
        corrects_hubs: whether searches let hubs stand back. galleries: of each half.
        progress: called with the galleries that are done, and all of them.
        reorder: of a reranker, None for the order of the similarity; the numbers of the pictures stay theirs,
            as in a search.
    """
    similarity = clips.similarities(clips.texts, blend=blend)
    of_bank = clips.similarities(bank, blend=blend)
    score = similarity
    if corrects_hubs:
        score = (similarity - HUB_SHARE * hubness(of_bank, beta=BETA)).astype(np.float32)
    few_of_bank, fits = picture_numbers.sentences_of(of_bank), clips.fitting()
    found = []
    for half in (0, 1):
        rows: list[SampleRow] = []
        for number, draw in enumerate(draws(clips.half, clips.of, half, count=galleries, seed=seed)):
            gallery = draw.gallery
            for text in draw.asked:
                own = score[text, gallery]
                ranked = np.argsort(-own, kind="stable")
                reordered = None if reorder is None else reorder(text, gallery[ranked])
                order = (ranked if reordered is None else _places(gallery, reordered.clips))[:MOMENTS]
                best = picture_numbers.best_segments(own)
                numbers = picture_numbers.picture_numbers(
                    own,
                    clips.group[gallery],
                    order.tolist(),
                    similarity[text, gallery[order]].tolist(),
                    few_of_bank[:, gallery[order]].T,
                    clips.means[gallery[np.concatenate([order, best])]],
                    best,
                )
                if reordered is not None and reordered.numbers is not None:
                    further = reordered.numbers.tolist()
                    numbers = [[*one, *more] for one, more in zip(numbers, further, strict=True)]
                right = fits[text, gallery[order]].tolist()
                answered, group = bool(fits[text, gallery].any()), int(clips.group[clips.of[text]])
                rows += [
                    (numbers[place], right[place], group, place == 0, answered) for place in range(len(order))
                ]
            progress(half * galleries + number + 1, 2 * galleries)
        found.append(Samples.of(rows))
    return found


def _places(gallery: NDArray[np.int64], clips: NDArray[np.intp]) -> NDArray[np.intp]:
    """Where some clips of a gallery stand in it."""
    ascending = np.argsort(gallery)
    places: NDArray[np.intp] = ascending[np.searchsorted(gallery, clips, sorter=ascending)]
    return places
