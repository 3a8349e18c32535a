"""The order in which the mixture in the box puts photographs that are asked for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from bench._evidence_lists import CANDIDATES, Ranker
from numpy.typing import NDArray

from mediaindex.learn.fitting.described_clips import DescribedClips, Matrix
from mediaindex.learn.fitting.picture_samples import Reorder
from mediaindex.search.channels.pictures import HUB_SHARE
from mediaindex.search.ranking.generator_registry import BOX, generators_of
from mediaindex.store.mapped.bank import BETA, hubness
from mediaindex_models.evidence_mixture import evidence_numbers


def by_mixture(
    ranker: Ranker,
    clips: DescribedClips,
    places: NDArray[np.intp],
    captions: Sequence[int],
    bank: Matrix,
    *,
    blend: float,
) -> Reorder:
    """The best candidates in the order of the mixture; the scorer reads each photograph as a whole.

    Args:
        places: (C,) of the clips among the prepared photographs. captions: (T,) of their texts likewise.
        bank: (M, D) unit queries of the encoder's bank. blend: w of the similarity.
    """
    mixture = next(one.mixture for one in generators_of(BOX) if one.mixture is not None)
    weights = torch.tensor(mixture.weights)
    regions, hubs = ranker.of_photographs(places)
    near = clips.similarities(clips.texts, blend=blend)
    near -= HUB_SHARE * hubness(clips.similarities(bank, blend=blend), beta=BETA)

    @torch.inference_mode()
    def reorder(text: int, ranked: NDArray[np.intp]) -> NDArray[np.intp]:
        best = ranked[:CANDIDATES]
        rows = torch.from_numpy(best)
        words = ranker.words(np.array([captions[text]]))
        agreements = ranker.scorer.agreements(words, regions.rows(rows[None]))
        said = torch.from_numpy(near[text, best].astype(np.float32) / mixture.deviation)[None]
        scores = evidence_numbers(said, agreements, hubs[rows][None])[0] @ weights
        order = torch.argsort(scores, descending=True, stable=True).numpy()
        return np.concatenate([best[order], ranked[CANDIDATES:]])

    return reorder
