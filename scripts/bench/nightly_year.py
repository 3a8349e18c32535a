"""A year of nights: how often the rule of `eval --nightly` raises a false alarm, and when it notices a drop.

    python scripts/bench/nightly_year.py             (60 years of each kind: a quarter of an hour on 2 cores)
    python scripts/bench/nightly_year.py --quick     (2 years)

A made library of 30, 100 or 1 000 videos with a caption each, as unit vectors: a caption is its video and
noise, so that R@1 is near 50 %. Each week 1 % of the videos are new and 1 % are gone. In *usual* years
everything is embedded anew every 30 nights, with noise that changes the first place of some queries; in
*restless* years every night. Both directions are judged by the rule itself, on the ranks that it would have
kept.

False alarms: the share of years with one or more; of 1 000 queries there are a third as many years, and a
sixth as many restless ones. Drops: in a usual year, on a night after half a year, which has spent a test
each time that vectors were made anew, so many points of R@1 (text → video) are lost for good; noticed that
night, and within 14 nights, after which the new level is what nights are compared with. What repeats is not
asked again: the same answers are no new evidence, so what is not noticed at once is noticed by what changes
afterwards, or not at all.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench._report import Row, flags, publish, say

from mediaindex.learn.evaluation.metrics import items_before, ranks
from mediaindex.learn.nightly.comparison import paired
from mediaindex.learn.nightly.regression import WINDOW, judge
from mediaindex.learn.nightly.regression import Row as SeriesRow
from mediaindex.store.evaluations.query_ranks import QueryRanks
from mediaindex.store.evaluations.series import Past, SeriesName

WIDTH = 64
# Of a caption beside its video, and of a vector that is made anew.
CAPTION_NOISE, ANEW_NOISE = 2.6, 0.25
WEEK, MONTH, YEAR = 7, 30, 365
DROP_NIGHT = 182
SERIES = tuple(SeriesName("library", "", direction, "instant", "captions") for direction in ("t2v", "v2t"))
SIZES, DROPS, YEARS, QUICK_YEARS = (30, 100, 1000), (2, 5, 10, 20, 40), 60, 2
# Years of a thousand queries are slow, and restless ones too: of these there are so many times fewer.
FEWER, LARGE, FEWER_RESTLESS = 3, 1000, 6

Vectors = NDArray[np.float32]
Night = Mapping[SeriesName, QueryRanks]


@dataclass(slots=True)
class Library:
    """N videos with a caption each; `keys` name them."""

    keys: NDArray[np.int64]
    true: Vectors
    videos: Vectors
    texts: Vectors
    random: np.random.Generator

    def grow(self, count: int) -> None:
        """Add videos."""
        true = _unit(self.random.normal(size=(count, WIDTH)))
        noise = self.random.normal(size=true.shape) / np.sqrt(WIDTH)
        first = int(self.keys.max(initial=-1)) + 1
        self.keys = np.concatenate([self.keys, np.arange(first, first + count)])
        self.true = np.concatenate([self.true, true])
        self.videos = np.concatenate([self.videos, self._seen(true)])
        self.texts = np.concatenate([self.texts, _unit(true + CAPTION_NOISE * noise)])

    def lose(self, count: int) -> None:
        """Remove videos with their captions."""
        kept = np.sort(self.random.permutation(len(self.keys))[count:])
        self.keys, self.true = self.keys[kept], self.true[kept]
        self.videos, self.texts = self.videos[kept], self.texts[kept]

    def embed_anew(self) -> None:
        """Make all vectors of videos anew."""
        self.videos = self._seen(self.true)

    def drop(self, points: float) -> None:
        """Let so many percent of the captions, of those that find their video, name another one."""
        finds = np.flatnonzero(ranks(self.texts @ self.videos.T, np.arange(len(self.keys))) == 0)
        count = min(len(finds), round(points / 100 * len(self.keys)))
        for one in self.random.permutation(finds)[:count]:
            other = (one + 1 + self.random.integers(len(self.keys) - 1)) % len(self.keys)
            self.texts[one] = _unit(self.texts[one] * 0.2 + self.true[other])

    def night(self) -> Night:
        """What is kept of a night."""
        score = self.texts @ self.videos.T
        return {name: self._ranks(side) for name, side in zip(SERIES, (score, score.T), strict=True)}

    def _ranks(self, score: Vectors) -> QueryRanks:
        right = np.arange(len(self.keys))
        found = ranks(score, right).astype(np.int32)
        return QueryRanks(
            self.keys, self.keys, found, self.keys, items_before(score, right), score.max(axis=1)
        )

    def _seen(self, true: Vectors) -> Vectors:
        return _unit(true + ANEW_NOISE * self.random.normal(size=true.shape) / np.sqrt(WIDTH))


def nights(
    size: int, random: np.random.Generator, *, restless: bool, drop: float = 0.0, first: int = 0
) -> Iterator[Night]:
    """The nights of a year from one on; the same object again where nothing changed."""
    empty = np.zeros((0, WIDTH), np.float32)
    library = Library(np.zeros(0, np.int64), empty, empty, empty, random)
    library.grow(size)
    night = library.night()
    for number in range(first, YEAR):
        changed = number > first and (restless or number % MONTH == 0)
        if changed:
            library.embed_anew()
        if number > first and number % WEEK == 0:
            library.lose(max(1, size // 100))
            library.grow(max(1, size // 100))
            changed = True
        if drop and number == DROP_NIGHT:
            library.drop(drop)
            changed = True
        night = library.night() if changed else night
        yield night


def alarms(year: Iterator[Night], *, tests: int = 0) -> Iterator[bool]:
    """Of each night, whether the rule calls it worse.

    Args:
        tests: spent within the year before.
    """
    window: deque[Night] = deque(maxlen=WINDOW)
    fallen: dict[SeriesRow, int] = {}
    for number, night in enumerate(year):
        if window and window[-1] is night and not fallen:  # every answer is as before: the rule tests nothing
            window.append(night)
            yield False
            continue
        past = {
            name: [
                Past(number - 1 - back, 0.0, "", None, one[name]) for back, one in enumerate(reversed(window))
            ]
            for name in SERIES
        }
        judged = judge(night, past, tests=tests, fallen_before=fallen)
        tests += judged.tested
        fallen = {one.row: one.reference for one in judged.fallen}
        window.append(night)
        yield judged.regressed


def changed_share(size: int, random: np.random.Generator) -> float:
    """Percent of queries whose first place changes when everything is embedded anew."""
    empty = np.zeros((0, WIDTH), np.float32)
    library = Library(np.zeros(0, np.int64), empty, empty, empty, random)
    library.grow(max(size, 300))
    before = library.night()
    library.embed_anew()
    pair = paired(library.night()[SERIES[0]], before[SERIES[0]])
    return 100.0 * float(np.mean((pair.tonight == 0) != (pair.before == 0)))


def noticed(size: int, random: np.random.Generator, drop: float) -> int | None:
    """Nights from a drop until it is noticed; None if it is not within the window.

    The year begins a window before it; the tests of the months before that are spent.
    """
    first = DROP_NIGHT - WINDOW - 1
    year = nights(size, random, restless=False, drop=drop, first=first)
    for number, alarm in enumerate(alarms(year, tests=first // MONTH), first):
        if number >= DROP_NIGHT and alarm:
            return number - DROP_NIGHT
        if number >= DROP_NIGHT + WINDOW:
            return None
    return None


def false_alarms(size: int, years: int, seed: int, *, restless: bool) -> Row:
    """The share of years with a false alarm."""
    kind = "restless" if restless else "usual"
    made = generators(size, years, [seed, size, restless])
    say(f"{size} queries, {len(made)} {kind} years")
    count = sum(any(alarms(nights(size, random, restless=restless))) for random in made)
    what = f"{size} queries: false alarms in {len(made)} {kind} years (below 5)"
    return Row(what, 100 * count / len(made), "%")


def delays(size: int, years: int, seed: int, drop: int) -> list[Row]:
    """How often a drop is noticed, at once and within the window."""
    say(f"{size} queries, a drop of {drop} points")
    found = [noticed(size, random, drop) for random in generators(size, years, [seed, size, 2 + drop])]
    shares = {
        "the same night": sum(delay == 0 for delay in found),
        f"within {WINDOW} nights": sum(delay is not None for delay in found),
    }
    what = f"{size} queries: a drop of {drop} points noticed"
    return [Row(f"{what} {when}", 100 * count / len(found), "%") for when, count in shares.items()]


def generators(size: int, years: int, seed: Sequence[int]) -> list[np.random.Generator]:
    """One for each year; of a thousand queries there are fewer."""
    count = max(1, years // (FEWER if size == LARGE else 1))
    return [np.random.default_rng(one) for one in np.random.SeedSequence(seed).spawn(count)]


def main() -> None:
    parser = flags(__doc__ or "")
    parser.add_argument("--years", type=int, default=YEARS, metavar="N", help=f"of each kind ({YEARS})")
    arguments = parser.parse_args()
    sizes = SIZES[:2] if arguments.quick else SIZES
    years = QUICK_YEARS if arguments.quick else arguments.years
    rows = []
    for size in sizes:
        share = changed_share(size, np.random.default_rng(arguments.seed))
        rows.append(Row(f"{size} queries: first places that change when all is embedded anew", share, "%"))
        rows.append(false_alarms(size, years, arguments.seed, restless=False))
        for drop in DROPS:
            rows += delays(size, years, arguments.seed, drop)
    rows += [false_alarms(size, years // FEWER_RESTLESS, arguments.seed, restless=True) for size in sizes]
    publish("nightly_year", rows, arguments.json)


def _unit(vectors: NDArray[np.floating]) -> Vectors:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True), np.float32)


if __name__ == "__main__":
    main()
