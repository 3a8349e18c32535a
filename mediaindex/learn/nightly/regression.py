"""The rule by which a night is worse than the nights before it.

Each row (a series and one of its metrics) is compared with each of the last `WINDOW` evaluations that had it,
by paired differences among what both nights had. A night whose answers are those of the night before is no
news: nothing is tested, and what was said then still holds. Any other night spends one test. The e-values of
a row against the nights of the window are averaged, the night before with half of the weight: what changed
today is seen best beside yesterday, what changes slowly beside the others. Those of all rows are averaged
too.
A mean of e-values is an e-value, however much they depend on each other (Vovk and Wang, "E-values:
calibration, combination and applications", Ann. Statist. 49, 2021). The night is worse if that mean reaches
1 / level; the rows that reach it by themselves are named.

The level of the k-th test within a year is 0.049 / (H k) for the first 365, with H = 1 + 1/2 + … + 1/365, and
0.001 · 365 / (k (k + 1)) after these: all together at most 0.05, however many there are. So a change after a
quiet time is judged at 0.0076, and even a library whose answers change every night has a false alarm in fewer
than one year of twenty.

A row that fell stays named while the evaluation that it fell from is in the window and it is still below it.
After that the new level is what nights are compared with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mediaindex.learn.evaluation.metrics import Interval
from mediaindex.learn.nightly.betting import evidence_of_fall, interval_of
from mediaindex.learn.nightly.comparison import METRICS, Numbers, Paired, paired
from mediaindex.store.evaluations.query_ranks import QueryRanks
from mediaindex.store.evaluations.series import Past, SeriesName

WINDOW = 14
YEARLY = 0.05
NIGHTS = 365
# Of that, for tests beyond one a night.
_BEYOND = 0.001
_HARMONIC = sum(1.0 / test for test in range(1, NIGHTS + 1))


@dataclass(frozen=True, slots=True)
class Row:
    """One metric of one series."""

    name: SeriesName
    metric: str


@dataclass(frozen=True, slots=True)
class Fallen:
    """A row that fell for certain.

    Attributes:
        difference: to the evaluation that it fell from, in points; its interval is at the night's level.
        videos: about which both nights had queries.
        since: number of the first evaluation from which on it lay below; None for tonight's.
        reference: number of the evaluation that it fell from.
    """

    row: Row
    difference: Interval
    videos: int
    since: int | None
    reference: int


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a night is beside those before it.

    Attributes:
        compared: whether there was anything to compare with. tested: whether a test was spent.
        fallen: empty where the night is not worse. risen: rows that rose for certain, at the same level.
    """

    compared: bool
    tested: bool
    fallen: tuple[Fallen, ...] = ()
    risen: tuple[Row, ...] = ()

    @property
    def regressed(self) -> bool:
        """Whether something fell."""
        return bool(self.fallen)


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """A series tonight beside the nights of the window, the newest first."""

    nights: tuple[tuple[Past, Paired], ...]


def level_of(test: int) -> float:
    """The level of the k-th test within a year, from 1."""
    if test <= NIGHTS:
        return (YEARLY - _BEYOND) / (_HARMONIC * test)
    return _BEYOND * NIGHTS / (test * (test + 1))


def judge(
    tonight: Mapping[SeriesName, QueryRanks],
    past: Mapping[SeriesName, Sequence[Past]],
    *,
    tests: int,
    fallen_before: Mapping[Row, int],
) -> Judgement:
    """Judge a night.

    Args:
        past: by series, the newest first, `WINDOW` at the most; a new series has none.
        tests: spent within a year before this night.
        fallen_before: rows that the night before named, with the number of the evaluation they fell from.
    """
    known = {name: ranks for name, ranks in tonight.items() if past.get(name)}
    if not known:
        return Judgement(compared=False, tested=False)
    tested = not all(paired(ranks, past[name][0].ranks).is_same for name, ranks in known.items())
    wanted = set(known) if tested else {row.name for row in fallen_before}
    compared = {
        name: Compared(tuple((one, paired(ranks, one.ranks)) for one in past[name]))
        for name, ranks in known.items()
        if name in wanted
    }
    level = level_of(tests + 1)
    fallen: dict[Row, int] = {}
    risen: tuple[Row, ...] = ()
    if tested:
        fallen = _certain(compared, level, sign=1.0)
        risen = tuple(_certain(compared, level, sign=-1.0))
    fallen = {**_still_below(compared, fallen_before), **fallen}
    found = [_fallen(row, compared[row.name], reference, level) for row, reference in fallen.items()]
    return Judgement(True, tested, tuple(found), risen)


def _certain(compared: Mapping[SeriesName, Compared], level: float, *, sign: float) -> dict[Row, int]:
    """Rows that fell for certain (rose, for a sign of −1), with the night that says so most strongly."""
    means: dict[Row, float] = {}
    strongest: dict[Row, int] = {}
    for name, one in compared.items():
        for metric in METRICS:
            values = [evidence_of_fall(sign * pair.differences(metric)) for _past, pair in one.nights]
            means[Row(name, metric)] = _weighted(values)
            strongest[Row(name, metric)] = one.nights[int(np.argmax(values))][0].evaluation_id
    if np.mean(list(means.values())) < 1.0 / level:
        return {}
    return {row: strongest[row] for row, value in means.items() if value >= 1.0 / level}


def _weighted(values: Sequence[float]) -> float:
    """The mean over the nights of the window, the newest of which has half of the weight."""
    newest, *others = values
    return (newest + float(np.mean(others))) / 2 if others else newest


def _still_below(compared: Mapping[SeriesName, Compared], fallen_before: Mapping[Row, int]) -> dict[Row, int]:
    """Of the rows that had fallen, those that still lie below where they fell from."""
    return {
        row: reference
        for row, reference in fallen_before.items()
        if row.name in compared
        and any(
            past.evaluation_id == reference and _mean(pair.differences(row.metric)) < 0
            for past, pair in compared[row.name].nights
        )
    }


def _fallen(row: Row, compared: Compared, reference: int, level: float) -> Fallen:
    good, pair = next((past, pair) for past, pair in compared.nights if past.evaluation_id == reference)
    differences = pair.differences(row.metric)
    interval = interval_of(differences, level)
    points = Interval(*(100.0 * value for value in (interval.value, interval.low, interval.high)))
    since: int | None = None
    for past, _pair in compared.nights:  # back from the newest, as long as the row lay below
        if (
            past.evaluation_id <= reference
            or _mean(paired(past.ranks, good.ranks).differences(row.metric)) >= 0
        ):
            break
        since = past.evaluation_id
    return Fallen(row, points, len(differences), since, reference)


def _mean(differences: Numbers) -> float:
    return float(differences.mean()) if differences.size else 0.0
