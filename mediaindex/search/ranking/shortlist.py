"""What a reranker gets of a query, and what it gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mediaindex_models.late_interaction_numpy import AskedText


@dataclass(frozen=True, slots=True, eq=False)
class Shortlist:
    """The K ≥ 1 best segments of one query, best first, as an encoder sees them.

    Attributes:
        text: the query. query: (D,) its embedding, not normalised.
        frames: (K, F, D), not normalised. mask: (K, F) bool, True at a real frame.
        score: (K,) their similarity. evidence: (K, F, E), None where the library stores none.
        numbers: (K, 4), L1, L2, L3 and −hub of a scorer of regions, NaN where nothing is stored for it; None
            where no scorer was asked.
        asked: the query as that scorer hears it. records: (K, B, 2340) of the frames by which it gave
            `numbers`. None where no scorer was asked.
    """

    text: str
    query: NDArray[np.float32]
    frames: NDArray[np.float32]
    mask: NDArray[np.bool_]
    score: NDArray[np.float32]
    evidence: NDArray[np.float16] | None
    numbers: NDArray[np.float32] | None = None
    asked: AskedText | None = None
    records: NDArray[np.uint8] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class RerankedList:
    """The new order of a shortlist.

    Attributes:
        order: (K,) places in the shortlist, best first.
        probabilities: (K,) that a candidate is what the query describes, by place in the shortlist; None
            where the generator is not calibrated.
        none_probability: that no candidate is; with `probabilities` it sums to one.
    """

    order: NDArray[np.intp]
    probabilities: NDArray[np.float32] | None
    none_probability: float | None


class Reranker(Protocol):
    """Orders a shortlist anew; the same list has the same order in every process."""

    @property
    def reads_evidence(self) -> bool:
        """Whether a shortlist must have evidence."""
        ...

    @property
    def scorer(self) -> str | None:
        """Digest of the scorer whose numbers a shortlist must have; None for none."""
        ...

    def rerank(self, shortlist: Shortlist) -> RerankedList:
        """The new order, and how probable each candidate is."""
        ...
