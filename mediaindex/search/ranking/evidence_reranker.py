"""Reranking in numpy, so that a cold search loads no torch: the linear mixture, the residual generator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mediaindex.errors import GeneratorUnavailable
from mediaindex.search.ranking.mixture import Mixture
from mediaindex.search.ranking.shortlist import RerankedList, Shortlist
from mediaindex_models.checkpoint_numpy import NumpyGenerator
from mediaindex_models.residual_numpy import probabilities


class MixtureReranker:
    """Orders a shortlist by a mixture.

    Args:
        text_side: weights that take the place of the scorer's, by their names; none where it is None.
    """

    reads_evidence = False

    def __init__(self, mixture: Mixture, text_side: Mapping[str, NDArray[np.float32]] | None = None) -> None:
        self.scorer: str | None = mixture.scorer
        self._deviation = mixture.deviation
        self._weights = np.array(mixture.weights, np.float32)
        self._text_side = text_side

    def rerank(self, shortlist: Shortlist) -> RerankedList:
        """The order of the mixture; equal candidates keep the order of the shortlist.

        Raises:
            GeneratorUnavailable: no scorer was asked, or its text side has no such weights.
        """
        if self._text_side is not None:
            shortlist = _heard_anew(shortlist, self._text_side)
        score = five_numbers(shortlist, self._deviation) @ self._weights
        return RerankedList(np.argsort(-score, kind="stable"), None, None)


class NumpyGeneratorReranker:
    """A residual generator, text → video, as a reranker."""

    def __init__(self, generator: NumpyGenerator) -> None:
        self._generator = generator
        self.scorer: str | None = generator.scorer if generator.network.numbers else None

    @property
    def reads_evidence(self) -> bool:
        """Whether the network was trained with pooled evidence."""
        return self._generator.evidence > 0

    def rerank(self, shortlist: Shortlist) -> RerankedList:
        """The generator's order; equal candidates keep the order of the shortlist.

        Raises:
            GeneratorUnavailable: the stored features lack what it reads, or hold a NaN.
        """
        own = self._generator
        evidence = None
        if self.reads_evidence:
            if shortlist.evidence is None:
                raise GeneratorUnavailable("the generator reads evidence, which the stored frames have not")
            evidence = shortlist.evidence.astype(np.float32)
        numbers = five_numbers(shortlist, own.deviation) if self.scorer is not None else None
        with np.errstate(all="ignore"):
            score = own.network(
                shortlist.query,
                shortlist.frames,
                shortlist.mask,
                shortlist.score,
                evidence=evidence,
                numbers=numbers,
            )
        if not np.isfinite(score).all():
            raise GeneratorUnavailable("the stored features cannot be ranked: they hold a NaN or an infinity")
        order = np.argsort(-score, kind="stable")
        if own.calibration is None:
            return RerankedList(order, None, None)
        calibration = own.calibration
        shares, none = probabilities(
            score,
            shortlist.score,
            temperature=calibration.temperature,
            none_bias=calibration.none_bias,
            none_slope=calibration.none_slope,
        )
        return RerankedList(order, shares, none)


def _heard_anew(shortlist: Shortlist, text_side: Mapping[str, NDArray[np.float32]]) -> Shortlist:
    """The list with what the scorer says by other weights, of the frames that spoke by its own."""
    if shortlist.asked is None or shortlist.records is None:
        return shortlist
    try:
        asked = shortlist.asked.with_weights(text_side)
    except ValueError as error:
        raise GeneratorUnavailable(f"its text side does not fit the scorer: {error}") from error
    return replace(shortlist, numbers=asked.numbers(shortlist.records))


def five_numbers(shortlist: Shortlist, deviation: float) -> NDArray[np.float32]:
    """(K, 5) of `evidence_mixture`: s, L1, L2, L3 and −hub.

    A candidate without evidence gets the mean of the others: a library of which half has evidence favours
    neither half.

    Raises:
        GeneratorUnavailable: no scorer was asked.
    """
    if shortlist.numbers is None:
        raise GeneratorUnavailable("it reads what a scorer of regions says, and this encoder has none")
    similarity = shortlist.score[:, None] / np.float32(deviation)
    numbers: NDArray[np.float32] = np.concatenate([similarity, completed(shortlist.numbers)], axis=1)
    return numbers


def completed(said: NDArray[np.float32]) -> NDArray[np.float32]:
    """(K, 4) of a scorer, with the mean of the others where it says nothing, NaN."""
    said = np.array(said, np.float32)
    known = np.isfinite(said).all(axis=1)
    said[~known] = said[known].mean(axis=0) if known.any() else 0
    return said
