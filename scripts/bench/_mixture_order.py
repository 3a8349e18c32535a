"""The order in which a mixture puts photographs that are asked for, with its numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from bench._evidence_lists import CANDIDATES, Ranker
from bench._mixture_numbers import mixture_numbers
from numpy.typing import NDArray

from mediaindex.learn.fitting.described_clips import DescribedClips, Matrix
from mediaindex.learn.fitting.picture_samples import Reorder, Reordered
from mediaindex.search.channels.pictures import HUB_SHARE
from mediaindex.search.ranking.generator_registry import BOX, generators_of
from mediaindex.search.ranking.mixture import Mixture
from mediaindex.store.mapped.bank import BETA, hubness
from mediaindex_models.evidence_mixture import evidence_numbers


def mixture_of_the_box() -> Mixture:
    """The linear mixture that ships."""
    return next(one.mixture for one in generators_of(BOX) if one.mixture is not None)


def by_mixture(
    mixture: Mixture,
    ranker: Ranker,
    clips: DescribedClips,
    places: NDArray[np.intp],
    captions: Sequence[int],
    bank: Matrix,
    *,
    blend: float,
) -> Reorder:
    """The best candidates in the order of a mixture; the scorer reads each photograph as a whole.

    Args:
        ranker: with the scorer that the mixture weighs.
        places: (C,) of the clips among the prepared photographs. captions: (T,) of their texts likewise.
        bank: (M, D) unit queries of the encoder's bank. blend: w of the similarity.
    """
    weights = torch.tensor(mixture.weights)
    regions, hubs = ranker.of_photographs(places)
    near = clips.similarities(clips.texts, blend=blend)
    near -= HUB_SHARE * hubness(clips.similarities(bank, blend=blend), beta=BETA)

    @torch.inference_mode()
    def reorder(text: int, ranked: NDArray[np.intp]) -> Reordered:
        best = ranked[:CANDIDATES]
        rows = torch.from_numpy(best)
        words = ranker.words(np.array([captions[text]]))
        agreements = ranker.scorer.agreements(words, regions.rows(rows[None]))
        said = torch.from_numpy(near[text, best].astype(np.float32) / mixture.deviation)[None]
        scores = evidence_numbers(said, agreements, hubs[rows][None])[0] @ weights
        order = torch.argsort(scores, descending=True, stable=True).numpy()
        asked = best[order]
        numbers = mixture_numbers(scores.numpy()[order], clips.group[asked], clips.means[asked])
        return Reordered(np.concatenate([asked, ranked[CANDIDATES:]]), numbers)

    return reorder
