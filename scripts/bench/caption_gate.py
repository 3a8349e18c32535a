"""When do a user's captions decide on a ranking, and how often are they wrong?

    python scripts/bench/caption_gate.py             (minutes on 2 cores)
    python scripts/bench/caption_gate.py --quick

Simulates libraries whose captions are judged one video after the other, by ranking with a component and
without it. Most captions gain nothing, some move by a few ranks. Of each method of the library ville, and of
a 95 % interval that takes every look for the only one: the share of libraries in which the true gain lies
outside at some look, and the videos after which a true gain is decided. Then the same where videos have
several captions that are alike: each counted, or one mean a video; and how soon a decision is withdrawn.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench._report import Row, flags, publish

Numbers = NDArray[np.float64]
Sequence = Callable[[], Any]

# |1/r − 1/r'| of a caption that moves: between ranks 1 and 2, 1 and 3, 2 and 3, 1 and 5, 2 and 6, 4 and 9.
MOVES = np.array([1 / 2, 2 / 3, 1 / 6, 4 / 5, 1 / 3, 5 / 36])
# The share of captions that move: of a ranking that is bold, and of one that is cautious.
BOLD, CAUTIOUS = 0.25, 0.05
# True gains, and the least share that moves, of which the delay is measured.
DELAYED = ((0.01, CAUTIOUS), (0.02, CAUTIOUS), (0.05, CAUTIOUS), (0.02, BOLD), (0.05, BOLD), (0.10, BOLD))
MOST_CAPTIONS = 8
ALIKE = 0.6
TURN = 200


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is simulated.

    Attributes:
        libraries: for coverage. looks: videos of each.
        delays: libraries for the delay. most: videos of each.
    """

    libraries: int
    looks: int
    delays: int
    most: int


FULL = Scale(libraries=200, looks=300, delays=20, most=2000)
QUICK = Scale(libraries=20, looks=100, delays=5, most=500)


def moved(random: np.random.Generator, gain: float, number: int, least: float = BOLD) -> Numbers:
    """Gains in reciprocal rank of captions whose expectation is `gain`, of which at least a share moves."""
    share = max(least, 1.5 * abs(gain) / float(MOVES.mean()))
    upwards = 0.5 + 0.5 * gain / (share * float(MOVES.mean()))
    sizes = random.choice(MOVES, number)
    signs = np.where(random.random(number) < upwards, 1.0, -1.0)
    return np.where(random.random(number) < share, signs * sizes, 0.0)


def captioned(random: np.random.Generator, videos: int) -> list[Numbers]:
    """Gains of the captions of videos without a true gain: a share of them does as the first of its video."""
    found = []
    for number in random.integers(1, MOST_CAPTIONS + 1, videos):
        own = moved(random, 0.0, int(number))
        found.append(np.where(random.random(int(number)) < ALIKE, own[0], own))
    return found


def methods() -> dict[str, Sequence]:
    """The confidence sequences that are compared, the present interval of each."""
    import ville

    bounds, alpha = (-1.0, 1.0), 0.05
    common: dict[str, Any] = {"alpha": alpha, "intersect": False}
    betting = functools.partial(ville.BettingCS, bounds, grid=2001, **common)
    return {
        "betting, c = 0.5": functools.partial(betting, c=0.5),
        "betting, c = 0.75": functools.partial(betting, c=0.75),
        "betting, c = 0.9": functools.partial(betting, c=0.9),
        "empirical Bernstein, c = 0.5": functools.partial(
            ville.EmpiricalBernsteinCS, bounds, c=0.5, **common
        ),
        "normal mixture": functools.partial(ville.GaussianMixtureCS, 1.0, **common),
        "asymptotic, from 30": functools.partial(ville.AsymptoticCS, min_samples=30, **common),
    }


def misses(sequence: Sequence, values: Numbers, truth: float) -> bool:
    """Whether the truth lies outside at some look."""
    found = sequence().fit(values)
    return bool(np.any((found.lower_ > truth) | (found.upper_ < truth)))


def fixed_misses(values: Numbers, truth: float) -> bool:
    """The same of mean ± 1.96 standard errors at each look from the 30th."""
    count = np.arange(1, values.size + 1)
    mean = np.cumsum(values) / count
    variance = np.maximum(np.cumsum(values**2) / count - mean**2, 0.0)
    outside = np.abs(mean - truth) > 1.96 * np.sqrt(variance / count)
    return bool(np.any(outside[29:]))


def delay(sequence: Sequence, values: Numbers) -> float:
    """Videos after which zero lies outside; infinity where it never does."""
    found, step = sequence(), 250
    for start in range(0, values.size, step):
        found.update(values[start : start + step])
        place = found.excludes(0.0)
        if place is not None:
            return float(place)
    return float("inf")


def coverage_rows(scale: Scale, seed: int) -> Iterator[Row]:
    """How often each method is wrong at some look."""
    what = f"wrong at a look, {scale.looks} videos"
    for gain, least in ((0.0, BOLD), (0.05, BOLD), (0.01, CAUTIOUS)):
        runs = [
            moved(np.random.default_rng([seed, number]), gain, scale.looks, least)
            for number in range(scale.libraries)
        ]
        note = f"true gain {100 * gain:.0f} points, at least {100 * least:.0f} % move"
        yield Row(
            f"{what}, {note}: interval for one look", _share(fixed_misses(run, gain) for run in runs), "%"
        )
        for name, sequence in methods().items():
            wrong = _share(misses(sequence, run, gain) for run in runs)
            yield Row(f"{what}, {note}: {name}", wrong, "%")


def delay_rows(scale: Scale, seed: int) -> Iterator[Row]:
    """The median number of videos until a gain is decided, and how often it is within the most."""
    for gain, least in DELAYED:
        runs = [
            moved(np.random.default_rng([seed, 1, number]), gain, scale.most, least)
            for number in range(scale.delays)
        ]
        for name, sequence in methods().items():
            delays = np.array([delay(sequence, run) for run in runs])
            within = f"{_share(bool(one < np.inf) for one in delays):.0f} % within {scale.most}"
            moving = f"at least {100 * least:.0f} % move"
            what = f"videos until {100 * gain:.0f} points are decided, {moving}, median: {name}"
            yield _median(what, delays, scale.most, f"; {within}")


def unit_rows(scale: Scale, seed: int) -> Iterator[Row]:
    """Captions of one video that are alike: each counted, or their mean."""
    sequence = methods()["betting, c = 0.75"]
    videos = scale.looks // 2
    runs = [captioned(np.random.default_rng([seed, 2, number]), videos) for number in range(scale.libraries)]
    each = _share(misses(sequence, np.concatenate(run), 0.0) for run in runs)
    means = _share(misses(sequence, np.array([one.mean() for one in run]), 0.0) for run in runs)
    what = f"wrong at a look, {videos} videos of 1 to {MOST_CAPTIONS} captions that are alike"
    yield Row(f"{what}: every caption counts", each, "%")
    yield Row(f"{what}: a video counts by its mean", means, "%")


def turn_rows(scale: Scale, seed: int) -> Iterator[Row]:
    """Videos until a gain of 10 points is withdrawn that turns into a loss of 10 after some videos."""
    for name, sequence in methods().items():
        found = []
        for number in range(scale.delays):
            random = np.random.default_rng([seed, 3, number])
            turned = np.concatenate([moved(random, 0.1, TURN), moved(random, -0.1, scale.most)])
            undecided = np.flatnonzero(sequence().fit(turned).lower_[TURN:] <= 0.0)
            found.append(float(undecided[0] + 1) if undecided.size else float("inf"))
        what = f"videos until 10 points that turn to -10 after {TURN} are withdrawn, median: {name}"
        yield _median(what, np.array(found), scale.most)


def _median(what: str, found: Numbers, most: int, note: str = "") -> Row:
    """The median of numbers of videos of which no more than `most` were seen."""
    middle = float(np.median(found))
    return Row(what, min(middle, float(most)), f"videos{' or more' if middle > most else ''}{note}")


def _share(values: Iterator[bool]) -> float:
    return 100.0 * float(np.mean([float(value) for value in values]))


def main() -> None:
    """Simulate and print."""
    arguments = flags(__doc__ or "").parse_args()
    scale = QUICK if arguments.quick else FULL
    seed = arguments.seed
    rows = [*coverage_rows(scale, seed), *unit_rows(scale, seed)]
    rows += [*delay_rows(scale, seed), *turn_rows(scale, seed)]
    publish("caption-gate", rows, arguments.json)


if __name__ == "__main__":
    main()
