"""What hub correction gains for an encoder, and the gate that follows.

It is on if the lower 95 % bound of the paired difference in MRR is above zero in both halves of the queries;
and if on sources that nothing was fitted to, weighted alike, those of fewer than 300 queries being one, the
lower bound is above −1.0 points, and no source of 300 queries or more has its upper bound below zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mediaindex.learn.evaluation.metrics import Interval, paired_bootstrap, pooled_bootstrap, ranks
from mediaindex.learn.fitting.described_clips import DescribedClips, Matrix
from mediaindex.search.channels.pictures import HUB_SHARE
from mediaindex.search.ranking.gate import Gate
from mediaindex.search.ranking.user_gate import HUBS
from mediaindex.store.mapped.bank import BETA, hubness

POOLED_LEAST, LARGE_SOURCE = -1.0, 300
LEAST_OF_A_HALF = 30
"""Queries of a half; with fewer, nothing is decided."""
SMALL_SOURCES = "small sources"
POOLED = "sources, pooled"


@dataclass(frozen=True, slots=True, eq=False)
class Gains:
    """Differences in reciprocal rank, in points, query by query.

    Attributes:
        differences: (Q,) corrected less plain. group: (Q,) numbers of what the queries are about.
    """

    differences: NDArray[np.float64]
    group: NDArray[np.integer]

    def where(self, chosen: NDArray[np.bool_]) -> Gains:
        """Those of some queries."""
        return Gains(self.differences[chosen], self.group[chosen])


@dataclass(frozen=True, slots=True)
class HubVerdict:
    """Whether hub correction is on, by what it gains.

    Attributes:
        halves, sources: the difference in MRR by name. pooled: of all sources, weighted alike.
    """

    on: bool
    halves: Mapping[str, Interval]
    sources: Mapping[str, Interval]
    pooled: Interval

    @property
    def lesser_half(self) -> Interval:
        """The half with the lower bound that is further down."""
        return min(self.halves.values(), key=lambda gain: gain.low)


def verdict_of(halves: Mapping[str, Gains], sources: Mapping[str, Gains]) -> HubVerdict:
    """The verdict by the rules of this module.

    Args:
        halves: at least one, with a query each. sources: likewise, each by its name.
    """
    of_halves, of_sources = (
        {name: paired_bootstrap(one.differences, one.group, seed=0) for name, one in gains.items()}
        for gains in (halves, sources)
    )
    pooled = pooled_bootstrap(
        [(one.differences, one.group) for one in _small_together(sources).values()], seed=0
    )
    large = [name for name, one in sources.items() if len(one.differences) >= LARGE_SOURCE]
    on = all(gain.low > 0 for gain in of_halves.values()) and pooled.low > POOLED_LEAST
    on = on and not any(of_sources[name].high < 0 for name in large)
    return HubVerdict(on, of_halves, of_sources, pooled)


def hub_report(clips: DescribedClips, bank: Matrix, *, blend: float, by: str) -> dict[str, Any]:
    """What correction by a bank gains on some clips, with its gate, as `hub_gate` reads it.

    Args:
        bank: (M, D) unit. blend: w of the similarity. by: what the clips are, such as "test".
    """
    found = gains_of(clips, bank, blend=blend)
    half = clips.half[clips.of]
    if min((half == 0).sum(), (half == 1).sum()) < LEAST_OF_A_HALF:
        count = len(clips.of)
        reason = (
            f"{count} captions of {by} are too few to decide by; {LEAST_OF_A_HALF} of each half are needed"
        )
        return _report(Gate(HUBS, False, by, reason), {}, found)
    halves = {name: found.where(half == place) for place, name in enumerate(("one half", "the other half"))}
    names = np.array(clips.sources)
    sources = {str(name): found.where(names == name) for name in np.unique(names)}
    verdict = verdict_of(halves, sources)
    reason = (
        f"the lesser half of {by} gains {points(verdict.lesser_half)} MRR, its sources weighted alike "
        f"{points(verdict.pooled)}" + ("" if verdict.on else ": no certain gain")
    )
    gains = {**verdict.halves, POOLED: verdict.pooled}
    return _report(Gate(HUBS, verdict.on, by, reason), gains, found)


def gains_of(clips: DescribedClips, bank: Matrix, *, blend: float) -> Gains:
    """Each text looks for its clip among all, with and without correction."""
    similarity = clips.similarities(clips.texts, blend=blend)
    hubs = hubness(clips.similarities(bank, blend=blend), beta=BETA).astype(np.float32)
    plain, corrected = (ranks(score, clips.of) for score in (similarity, similarity - HUB_SHARE * hubs))
    return Gains(100.0 / (1.0 + corrected) - 100.0 / (1.0 + plain), clips.group[clips.of])


def points(gain: Interval) -> str:
    """A difference with its interval, for a person."""
    return f"{gain.value:+.2f} [{gain.low:+.2f}, {gain.high:+.2f}]"


def _report(gate: Gate, gains: Mapping[str, Interval], found: Gains) -> dict[str, Any]:
    return {
        "gates": [asdict(gate)],
        "queries": len(found.differences),
        "gains": [{"of": name, **asdict(gain)} for name, gain in gains.items()],
        "beta": BETA,
        "share": HUB_SHARE,
    }


def _small_together(sources: Mapping[str, Gains]) -> dict[str, Gains]:
    """The sources, those with few queries as one."""
    small = [one for one in sources.values() if len(one.differences) < LARGE_SOURCE]
    large = {name: one for name, one in sources.items() if len(one.differences) >= LARGE_SOURCE}
    if not small:
        return large
    together = Gains(*(np.concatenate([getattr(one, part) for one in small]) for part in Gains.__slots__))
    return {**large, SMALL_SOURCES: together}
