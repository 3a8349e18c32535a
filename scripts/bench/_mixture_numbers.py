"""Numbers of a mixture that may tell whether a moment which it has put in order is right."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mediaindex.learn.fitting.picture_samples import MOMENTS
from mediaindex.search.confidence.picture_numbers import ALIKE

NAMES = ("score", "lead", "rise")


def mixture_numbers(
    score: NDArray[np.float32], video: NDArray[np.int64], means: NDArray[np.float32]
) -> NDArray[np.float64]:
    """(5, 3) of the first moments of a list, in the order of `NAMES`.

    score: as the mixture gives it. lead: by how much it exceeds the best score of another video that looks
    different, without any such the least score of the list; negative where that is better. rise: by how much
    it exceeds the median of the list.

    Args:
        score: (C,) of all candidates, C ≥ 5, the best first.
        video: (C,) whose each candidate is. means: (C, D) their unit mean frames.
    """
    least, median = float(score.min()), float(np.median(score))
    numbers = []
    for moment in range(MOMENTS):
        own, alike = float(score[moment]), means @ means[moment] >= ALIKE
        rivals = score[(video != video[moment]) & ~alike]
        lead = own - (float(rivals.max()) if len(rivals) else least)
        numbers.append([own, lead, own - median])
    return np.array(numbers)
