"""Reranking: a query's best segments, ordered anew by a generator that sees them all at once.

`residual` evaluates its network once, from x = 0; `paper` denoises in 50 steps from noise that the query
seeds. Both give the same order for the same query, in every process. `generator_registry` says which is on.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mediaindex.errors import GeneratorUnavailable
from mediaindex.search.ranking.evidence_reranker import MixtureReranker, NumpyGeneratorReranker
from mediaindex.search.ranking.mixture import TEXT_SIDE, read_weights
from mediaindex.search.ranking.shortlist import RerankedList, Reranker, Shortlist
from mediaindex_models.checkpoint_numpy import load as load_numpy

if TYPE_CHECKING:
    import torch

    from mediaindex.search.ranking.generator_registry import Description
    from mediaindex_models.distribution import Calibration
    from mediaindex_models.generator import Ranker


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

    @property
    def scorer(self) -> str | None:
        """None: it reads no numbers of a scorer."""
        return None

    def rerank(self, shortlist: Shortlist) -> RerankedList:
        """The generator's order; equal candidates keep the order of the shortlist.

        Raises:
            GeneratorUnavailable: the stored features lack the evidence that it reads, or hold a NaN.
        """
        import torch

        from mediaindex_models.candidates import Candidates
        from mediaindex_models.errors import UnfitInput

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
        except UnfitInput as error:
            raise GeneratorUnavailable(f"the stored features cannot be ranked: {error}") from error
        order = np.argsort(-ranked.score[0].numpy(), kind="stable")
        if self._calibration is None:
            return RerankedList(order, None, None)
        distribution = ranked.distribution(lists, self._calibration)
        return RerankedList(order, distribution.probabilities[0].numpy(), float(distribution.none[0]))


def load_reranker(description: Description, *, threads: int | None = None) -> Reranker:
    """The generator of a folder, ready to rank on the CPU; one that reads a scorer's numbers without torch.

    A list takes milliseconds there, and its order does not depend on the device of the encoder.

    Args:
        threads: how many threads torch has in this process from now on; None changes nothing.

    Raises:
        GeneratorUnavailable: its files are missing or damaged, or of another encoder than the description.
    """
    if (mixture := description.mixture) is not None:
        if mixture.text_side is None:
            return MixtureReranker(mixture)
        return MixtureReranker(mixture, read_weights(description.folder / TEXT_SIDE, mixture.text_side))
    if description.preset == "residual":
        try:
            encoder = (description.encoder, description.digest)
            return NumpyGeneratorReranker(load_numpy(description.folder, encoder=encoder))
        except ValueError as error:
            raise GeneratorUnavailable(str(error)) from error
    import torch

    from mediaindex_models.checkpoint import CheckpointError, EncoderIdentity, load

    if threads is not None:
        torch.set_num_threads(threads)
    try:
        identity = EncoderIdentity(description.encoder, description.digest)
        saved = load(description.folder, encoder=identity)
        ranker = saved.generator.ranker("t2v")
    except (CheckpointError, ValueError) as error:
        raise GeneratorUnavailable(str(error)) from error
    return GeneratorReranker(ranker, saved.calibration.get("t2v"))


def query_seed(text: str) -> int:
    """A seed of 63 bits for the text of a query: the same in every process, unlike Python's `hash`."""
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest) >> 1


def _batch_of_one(values: NDArray[np.floating]) -> torch.Tensor:
    import torch

    return torch.from_numpy(np.asarray(values, dtype=np.float32))[None]
