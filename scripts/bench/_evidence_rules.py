"""What decides on a scorer: the constants that validation chooses, and the verdict on what is sealed.

    1. in both halves of the sealed photographs the lower 95 % bound of the difference in MRR is above zero,
    2. on the left-out sources, pooled with the same weight, it is above −1.0,
    3. no left-out source with 300 queries or more has its upper bound below zero.

The constant is the smallest for which they hold on validation, the first of each gallery in domain as a
whole: of `val`, beside the encoder that ships, and of what is fresh, beside heads that have not seen it. The
second alone would choose a smaller one, which gains nothing certain beside the heads that err less.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from bench._evidence_lists import Places
from bench._evidence_trial import Gains, Gallery
from builtin._captioned import Captioned

from mediaindex.learn.evaluation.metrics import Interval, paired_bootstrap, pooled_bootstrap
from mediaindex.learn.fitting.hub_trial import LARGE_SOURCE, POOLED_LEAST

WEIGHTS = (4, 6, 8, 12, 16, 24, 32, 48, 64)


@dataclass(frozen=True, slots=True)
class Constants:
    """What validation chooses, by the first scorer.

    Attributes:
        in_domain: the constant with the highest MRR, of galleries weighted alike.
        of_gate: the smallest that surely gains on each gallery in domain and does no harm to the left-out
            sources; None where there is none.
    """

    in_domain: int
    of_gate: int | None

    @classmethod
    def of(cls, in_domain: Sequence[Gallery], left_out: Sequence[Gallery]) -> Constants:
        """By the galleries of validation."""
        best = max(WEIGHTS, key=lambda weight: np.mean([one.gains(weight)[0].mean() for one in in_domain]))
        fit = (w for w in WEIGHTS if surely_gains(in_domain, w) and not harms(left_out, w))
        return cls(best, next(fit, None))


def validation_table(in_domain: Mapping[str, Gallery], left_out: Mapping[str, Gallery]) -> Iterator[str]:
    """What each constant gains on validation, as Markdown."""
    galleries = {**in_domain, **left_out}
    yield "| c | " + " | ".join([*galleries, "left-out, pooled"]) + " |"
    yield "|--:|" + "---|" * (len(galleries) + 1)
    for weight in WEIGHTS:
        single = [paired_bootstrap(*one.gains(weight), seed=0) for one in galleries.values()]
        pooled = pooled_bootstrap([one.gains(weight) for one in left_out.values()], seed=0)
        yield f"| {weight} | " + " | ".join(map(points, [*single, pooled])) + " |"
    yield ""


def surely_gains(galleries: Sequence[Gallery], weight: int) -> bool:
    """Whether the lower bound of the difference in MRR is above zero on each gallery."""
    return all(paired_bootstrap(*one.gains(weight), seed=0).low > 0 for one in galleries)


def harms(left_out: Sequence[Gallery], weight: float) -> bool:
    """Whether the second or the third rule speaks against a constant."""
    sources = [one.gains(weight) for one in left_out]
    single = [paired_bootstrap(*source, seed=0) for source in sources if len(source[1]) >= LARGE_SOURCE]
    pooled = pooled_bootstrap(sources, seed=0)
    return pooled.low <= POOLED_LEAST or any(one.high < 0 for one in single)


def halves_of(data: Captioned, places: Places, gains: Gains) -> tuple[Interval, Interval]:
    """A difference in both halves of a gallery's photographs, by the hash of their names."""
    differences, right = gains
    of_item = np.array([hashlib.sha256(data.items[place].name.encode()).digest()[0] % 2 for place in places])
    one, other = (of_item[right] == half for half in (0, 1))
    return (
        paired_bootstrap(differences[one], right[one], seed=0),
        paired_bootstrap(differences[other], right[other], seed=0),
    )


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rules say of a constant, by the first scorers.

    Attributes:
        halves: the difference in MRR in both halves of the sealed photographs.
        pooled: the same on the left-out sources. harmed: those of 300 queries or more that surely lose.
    """

    weight: int
    halves: tuple[Interval, Interval]
    pooled: Interval
    harmed: dict[str, Interval]

    @classmethod
    def of(
        cls,
        data: Captioned,
        sealed: Places,
        in_domain: Gallery,
        left_out: Mapping[str, Gallery],
        weight: int,
    ) -> Verdict:
        """Of galleries that chose nothing.

        Args:
            sealed: photographs of `in_domain`.
        """
        gains = {source: own.gains(weight) for source, own in left_out.items()}
        single = {source: paired_bootstrap(*gain, seed=0) for source, gain in gains.items()}
        harmed = {
            source: found
            for source, found in single.items()
            if found.high < 0 and len(gains[source][1]) >= LARGE_SOURCE
        }
        pooled = pooled_bootstrap(list(gains.values()), seed=0)
        return cls(weight, halves_of(data, sealed, in_domain.gains(weight)), pooled, harmed)

    @property
    def on(self) -> bool:
        """Whether all rules hold."""
        return (
            all(half.low > 0 for half in self.halves) and self.pooled.low > POOLED_LEAST and not self.harmed
        )

    @property
    def reason(self) -> str:
        """One plain sentence."""
        least = min(self.halves, key=lambda half: half.low)
        lost = ", ".join(f"{source} loses {points(found)}" for source, found in self.harmed.items())
        return (
            f"photographs like those of its training gain {points(least)} MRR in the lesser half, "
            f"kinds that it has not seen {points(self.pooled)}" + (f", but {lost}" if lost else "")
        )

    def row(self) -> str:
        """A row of Markdown, under `HEADER`."""
        halves = " and ".join(map(points, self.halves))
        lost = ", ".join(f"{source} {points(found)}" for source, found in self.harmed.items()) or "none"
        cells = [str(self.weight), halves, points(self.pooled), lost, "on" if self.on else "off"]
        return "| " + " | ".join(cells) + " |"


HEADER = (
    "| c | MRR, halves of the sealed | left-out, pooled | large that lose | gate |",
    "|--:|---|---|---|---|",
)


def points(one: Interval) -> str:
    """A difference in percent with its interval."""
    return f"{one.value:+.2f} [{one.low:+.2f}, {one.high:+.2f}]".replace("-", "−")
