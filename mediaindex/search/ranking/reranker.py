"""The second ranking: a query's best segments, ordered anew by a generator that sees them all at once.

`residual` evaluates its network once, from x = 0; `paper` denoises in 50 steps from noise that the query
seeds. Both give the same order for the same query, in every process (generators.py says which one is on).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from mediaindex.errors import GeneratorUnavailable

if TYPE_CHECKING:
    import torch

    from mediaindex.search.ranking.generator_registry import Description
    from mediaindex_models.distribution import Calibration
    from mediaindex_models.generator import Ranker

CANDIDATES = 64


@dataclass(frozen=True, slots=True, eq=False)
class Shortlist:
    """The K ≥ 1 best segments of one query, best first, as an encoder sees them.

    Attributes:
        text: the query. query: (D,) its embedding, not normalised.
        frames: (K, F, D), not normalised. mask: (K, F) bool, True at a real frame.
        score: (K,) the similarity that chose them. evidence: (K, F, E), or None where there is none.
    """

    text: str
    query: NDArray[np.float32]
    frames: NDArray[np.float32]
    mask: NDArray[np.bool_]
    score: NDArray[np.float32]
    evidence: NDArray[np.float16] | None


@dataclass(frozen=True, slots=True, eq=False)
class RerankedList:
    """A shortlist in its new order.

    Attributes:
        order: (K,) places in the shortlist, best first.
        probabilities: (K,) of being what was asked for, by place in the shortlist; None where the
            generator was not calibrated.
        none_probability: that none of them is. Both sum to one.
    """

    order: NDArray[np.intp]
    probabilities: NDArray[np.float32] | None
    none_probability: float | None


class Reranker(Protocol):
    """Orders a shortlist anew; the same list has the same order in every process."""

    @property
    def reads_evidence(self) -> bool:
        """Whether a shortlist must bring evidence."""
        ...

    def rerank(self, shortlist: Shortlist) -> RerankedList:
        """The new order, and what is thought of each candidate."""
        ...


class GeneratorReranker:
    """A generator, text → video, as a reranker.

    Args:
        calibration: of its distribution, None where there is none.
    """

    def __init__(self, ranker: Ranker, calibration: Calibration | None) -> None:
        self._ranker = ranker
        self._calibration = calibration

    @property
    def reads_evidence(self) -> bool:
        """Whether the network was trained with evidence."""
        return self._ranker.spec.evidence > 0

    def rerank(self, shortlist: Shortlist) -> RerankedList:
        """The generator's final order; among equals, the order of the shortlist.

        Raises:
            GeneratorUnavailable: the stored features lack evidence that it reads, or hold a NaN.
        """
        import torch

        from mediaindex_models.candidates import Candidates

        evidence = shortlist.evidence if self.reads_evidence else None
        if self.reads_evidence and evidence is None:
            raise GeneratorUnavailable("the generator reads evidence, which the stored frames have not")
        try:
            lists = Candidates(
                "t2v",
                text=_batch_of_one(shortlist.query),
                video=_batch_of_one(shortlist.frames),
                mask=torch.from_numpy(shortlist.mask)[None],
                score=_batch_of_one(shortlist.score),
                evidence=None if evidence is None else _batch_of_one(evidence),
            )
            ranked = self._ranker(lists, seeds=[query_seed(shortlist.text)])
        except ValueError as error:
            raise GeneratorUnavailable(f"the stored features cannot be ranked: {error}") from error
        order = np.argsort(-ranked.score[0].numpy(), kind="stable")
        if self._calibration is None:
            return RerankedList(order, None, None)
        told = ranked.distribution(lists, self._calibration)
        return RerankedList(order, told.probabilities[0].numpy(), float(told.none[0]))


def load_reranker(found: Description) -> GeneratorReranker:
    """The generator of a folder, ready to rank on the CPU: a list takes milliseconds there, and the order is
    the same whatever the device of the encoder.

    Raises:
        GeneratorUnavailable: its files are missing or damaged, or of another encoder than they said.
    """
    from mediaindex_models.checkpoint import CheckpointError, EncoderIdentity, load

    try:
        saved = load(found.folder, encoder=EncoderIdentity(found.encoder, found.digest))
        ranker = saved.generator.ranker("t2v")
    except (CheckpointError, ValueError) as error:
        raise GeneratorUnavailable(str(error)) from error
    return GeneratorReranker(ranker, saved.calibration.get("t2v"))


def query_seed(text: str) -> int:
    """A number of 63 bits that is the query's own: the same in every process, unlike Python's `hash`."""
    held = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(held) >> 1


def _batch_of_one(values: NDArray[np.floating]) -> torch.Tensor:
    import torch

    return torch.from_numpy(np.asarray(values, dtype=np.float32))[None]
