"""What a scorer of regions and words adds to the hub-corrected similarity, by kind of photograph.

    python scripts/bench/evidence.py --work DIR --fold-files DIR --validation     what the constants are
    python scripts/bench/evidence.py --work DIR --fold-files DIR                  and the tables

Reads --work of scripts/builtin/prepare.py, with the scorers that scripts/builtin/train_scorer.py left there:
those trained on every source, one a seed, and one without each of the left-out sources. A caption looks for
its photograph, or a photograph for its captions; the best 64 by the corrected similarity get a new order, by

    c s + logit − hub     of the scorer, at every constant c
    the linear mixture    of s, L1, L2, L3 and hub, fitted on `val` without the left-out source

s is of the encoder that ships where it has not seen the photographs (val, val2, held), else of the encoder in
--fold-files, whose head is of the kind `fold` of scripts/builtin/train.py: of a left-out source it has seen
nothing, but for Flickr8k, of which it has not seen the photographs that are asked for.

Two constants are chosen by validation alone. That of the domain has the best mean MRR on `val` and on what is
held of the other sources. That of the gate is the smallest with which rules 2 and 3 hold on the validation of
the left-out sources, each ranked by the scorer without it. The verdict on the first scorer is on, if with it

    1. in both halves of val2, and of the fresh photographs, the lower 95 % bound of the difference in MRR is
       above zero,
    2. on the left-out sources, pooled with the same weight, it is above -1.0,
    3. and no left-out source with 300 queries or more has its upper bound below zero
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench._evidence_clips import Clips
from bench._evidence_generators import PAPER, generators_in, ranked_by
from bench._evidence_lists import (
    CORRECTED,
    FLICKR8K,
    PLAIN,
    QB_NORM,
    Lists,
    Places,
    Ranker,
    Ranks,
    Similarity,
)
from bench._report import say
from builtin._captioned import Captioned, read_captioned
from builtin._fingerprints import fingerprints_of, nearest
from builtin._photographs import Item
from builtin._regions import BASES
from builtin.train_scorer import scorer_file

from mediaindex.embed.families.builtin_files import FILES, head_of, scorer_of
from mediaindex.learn.evaluation.metrics import Interval, paired_bootstrap, pooled_bootstrap, retrieval
from mediaindex.learn.fitting.hub_trial import LARGE_SOURCE, POOLED_LEAST
from mediaindex.learn.scorer.mixture_folder import write_mixture
from mediaindex.search.ranking.generator_registry import BOX
from mediaindex_models.checkpoint import load
from mediaindex_models.denoiser import Direction
from mediaindex_models.evidence_mixture import fitted_mixture
from mediaindex_models.generator import Generator

WEIGHTS = (4, 6, 8, 12, 16, 24, 32, 48, 64)
LEFT_OUT = (FLICKR8K, "pascal", "rooms", "aerial", "coco-64")
MOST, QUICK = 1000, 40
"""Photographs of a gallery."""
CAPTIONS, CAPTIONS_OF_VALIDATION = 3, 1
SAME_PICTURE = 8
"""Bits in which the perceptual hashes of one picture may differ."""

Gains = tuple[Ranks, Places]
Order = Callable[[Lists, int], Tensor]
"""Scores (Q, 64) of the candidates of lists, by the scorer of a seed's place."""


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """Scorers that have not seen the photographs which they rank, one a seed.

    Attributes:
        left_out: the source that they have not seen, None for those of all sources.
        mixtures: the weights (5,) of each one's linear mixture.
    """

    left_out: str | None
    similarity: Similarity
    rankers: list[Ranker]
    mixtures: list[Tensor]

    @classmethod
    def of(
        cls,
        data: Captioned,
        work: Path,
        left_out: str | None,
        similarity: Similarity,
        *,
        seeds: Sequence[int],
    ) -> Trial:
        """With the scorers of these seeds."""
        rankers = []
        for seed in seeds:
            file = scorer_file(work, left_out=left_out, seed=seed)
            say(f"reading {file.name}")
            rankers.append(Ranker(data, file, left_out=left_out, seed=seed))
        val = places_where(data, lambda item: item.split == "val" and item.source != left_out)
        mixtures = []
        for ranker in rankers:
            lists = ranker.lists(similarity, val, captions=CAPTIONS_OF_VALIDATION)
            inside, right = lists.place[:, 0] >= 0, lists.place[:, 0]
            mixtures.append(fitted_mixture(lists.numbers[inside], right[inside], start=ranker.weights(6)))
        return cls(left_out, similarity, rankers, mixtures)

    def lists(self, places: Places, *, captions: int = CAPTIONS) -> list[Lists]:
        """Captions that look for their photographs, with the numbers of each scorer."""
        return [ranker.lists(self.similarity, places, captions=captions) for ranker in self.rankers]

    def lists_of_captions(self, places: Places) -> list[Lists]:
        """Photographs that look for their captions, with the numbers of each scorer."""
        return [
            ranker.lists_of_captions(self.similarity, places, captions=CAPTIONS) for ranker in self.rankers
        ]

    def by(self, weight: float) -> Order:
        """The scorer's order at a constant."""
        return lambda lists, seed: self.rankers[seed].mixed(lists.numbers, weight)

    def by_mixture(self, lists: Lists, seed: int) -> Tensor:
        """The order of the linear mixture."""
        return lists.numbers @ self.mixtures[seed]


@dataclass(frozen=True, slots=True, eq=False)
class Gallery:
    """Lists of one gallery, one a seed, with the trial that ranks them."""

    trial: Trial
    lists: list[Lists]
    direction: Direction = "t2v"

    def ranked(self, order: Order) -> list[Ranks]:
        """Ranks of each seed."""
        return [lists.ranks(order(lists, seed)) for seed, lists in enumerate(self.lists)]

    def together(self, weight: float) -> Ranks:
        """Ranks by the mean of all scorers' logits at a constant; their candidates are the same."""
        scores = [self.trial.by(weight)(lists, seed) for seed, lists in enumerate(self.lists)]
        return self.lists[0].ranks(torch.stack(scores).mean(0))

    def gains(self, weight: float) -> Gains:
        """Difference in MRR of each query by the first scorer, with the query's photograph."""
        first = self.lists[0]
        ranked = first.ranks(self.trial.by(weight)(first, 0))
        return reciprocal(ranked) - reciprocal(first.corrected), first.right


def places_where(
    data: Captioned, wanted: Callable[[Item], bool], *, last: int = 0, most: int = MOST
) -> Places:
    """At most some of the photographs that are wanted, the last of them after as many as are left aside."""
    own = [place for place, item in enumerate(data.items) if wanted(item)]
    return np.array(own[: len(own) - last][-most:], dtype=np.intp)


def validation_places(data: Captioned, source: str, *, most: int) -> Places:
    """Of a left-out source, those that choose the gate's constant."""

    def chooses(item: Item) -> bool:
        if item.source == FLICKR8K:
            return item.split == "val" or (item.split == "train" and item.is_of_fold)
        return item.split == "held"

    return places_where(data, lambda item: item.source == source and chooses(item), most=most)


def places_of_figures(data: Captioned, source: str, *, most: int) -> Places:
    """Of a left-out source, those of which the figures are told.

    Of the large ones they are others than earlier tables showed, which had the last 1 000.
    """
    if source == FLICKR8K:
        return places_where(data, lambda item: item.source == source and item.split == "fresh", most=most)
    own = places_where(
        data, lambda item: item.source == source and item.split == "train", most=len(data.items)
    )
    last = MOST if len(own) >= 3 * MOST else 0
    return own[: len(own) - last][-most:]


def fresh_places(data: Captioned, fingerprints: NDArray[np.uint64], *, most: int) -> Places:
    """The fresh photographs that are no training photograph once more.

    Args:
        fingerprints: (N,) of all photographs.
    """
    fresh = places_where(data, lambda item: item.split == "fresh", most=most)
    trained_on = places_where(data, lambda item: item.split == "train", most=len(data.items))
    distances, _ = nearest(fingerprints[fresh], fingerprints[trained_on])
    return fresh[distances > SAME_PICTURE]


def reciprocal(ranked: Ranks) -> Ranks:
    """Reciprocal ranks in percent."""
    return 100.0 / (1.0 + ranked)


def found_within(ranked: Ranks, depth: int) -> Ranks:
    """100 where the right one is among the first, else 0."""
    return np.where(ranked < depth, 100.0, 0.0)


@dataclass(frozen=True, slots=True)
class Constants:
    """What validation chooses.

    Attributes:
        in_domain: the constant with the highest mean MRR of the first scorer.
        of_gate: the smallest that does no harm to the left-out sources; None where all do.
    """

    in_domain: int
    of_gate: int | None

    @classmethod
    def of(cls, data: Captioned, in_domain: Trial, left_out: Sequence[Trial], *, most: int) -> Constants:
        """By the photographs of validation, at most some of each gallery."""
        tests = [
            Gallery(in_domain, in_domain.lists(places, captions=CAPTIONS_OF_VALIDATION))
            for places in _galleries_of_validation(data, most)
        ]
        others = [
            Gallery(one, one.lists(validation_places(data, one.left_out or "", most=most)))
            for one in left_out
        ]
        return cls(weight_in_domain(tests), weight_of_the_gate(others))


def _galleries_of_validation(data: Captioned, most: int) -> Iterator[Places]:
    """`val`, and what is held of each source."""
    yield places_where(data, lambda item: item.split == "val", most=most)
    for source in sorted({item.source for item in data.items if item.split == "held"}):
        yield validation_places(data, source, most=most)


def of_clips(clips: Clips, trial: Trial) -> dict[str, Gallery]:
    """By title, the queries and the captions of the described clips."""
    lists = [clips.lists(ranker, trial.similarity) for ranker in trial.rankers]
    return {title: Gallery(trial, [own[title] for own in lists]) for title in lists[0]}


def weight_in_domain(galleries: Sequence[Gallery]) -> int:
    """The constant with the highest mean MRR of the first scorer."""
    return max(WEIGHTS, key=lambda weight: float(np.mean([one.gains(weight)[0].mean() for one in galleries])))


def weight_of_the_gate(left_out: Sequence[Gallery]) -> int | None:
    """The smallest constant that does no harm on the validation of the left-out sources."""
    return next((weight for weight in WEIGHTS if not harms(left_out, weight)), None)


def galleries_in_domain(
    data: Captioned, trial: Trial, fold: Similarity, fresh: Places, *, most: int
) -> dict[str, tuple[Places, Gallery]]:
    """By title, photographs and lists of val2 in both directions, and of the fresh beside a fold's head."""
    val2 = places_where(data, lambda item: item.split == "val2", most=most)
    beside_fold = Trial(None, fold, trial.rankers, trial.mixtures)
    return {
        "val2": (val2, Gallery(trial, trial.lists(val2))),
        "val2, photographs look for captions": (val2, Gallery(trial, trial.lists_of_captions(val2), "v2t")),
        "fresh": (fresh, Gallery(beside_fold, beside_fold.lists(fresh))),
    }


def harms(left_out: Sequence[Gallery], weight: float) -> bool:
    """Whether the second or the third rule of the gate speaks against a constant."""
    sources = [one.gains(weight) for one in left_out]
    single = [paired_bootstrap(*source, seed=0) for source in sources if len(source[1]) >= LARGE_SOURCE]
    pooled = pooled_bootstrap(sources, seed=0)
    return pooled.low <= POOLED_LEAST or any(one.high < 0 for one in single)


def halves_of(data: Captioned, places: Places, gains: Gains) -> list[Interval]:
    """A difference in both halves of a gallery's photographs, by the hash of their names."""
    differences, right = gains
    of_item = np.array([hashlib.sha256(data.items[place].name.encode()).digest()[0] % 2 for place in places])
    found = []
    for half in (0, 1):
        own = of_item[right] == half
        found.append(paired_bootstrap(differences[own], right[own], seed=0))
    return found


def table(
    title: str, test: Gallery, constants: Constants, generators: Mapping[str, list[Generator]]
) -> Iterator[str]:
    """The rankings of a gallery, as Markdown.

    Args:
        generators: by name; they read the vectors of the head that ships, and the first scorer's numbers.
    """
    first = test.lists[0]
    yield f"### {title}: {len(first.right)} queries, {first.right.max() + 1} photographs"
    yield ""
    count = first.numbers.shape[1]
    yield f"A right one is among the {count} candidates of {first.ceiling:.1f} % of the queries."
    yield ""
    yield "| ranking | R@1 | R@10 | MRR | less: R@1 | R@10 | MRR |"
    yield "|---|--:|--:|--:|---|---|---|"
    for name in (PLAIN, CORRECTED, QB_NORM):
        yield _row(name, [first.cheap[name]], None if name == CORRECTED else first.corrected, first.right)
    for weight in WEIGHTS:
        marks = ", in domain" * (weight == constants.in_domain)
        marks += ", of the gate" * (weight == constants.of_gate)
        yield _row(
            f"scorer, c = {weight}{marks}", test.ranked(test.trial.by(weight)), first.corrected, first.right
        )
    if len(test.lists) > 1:
        of_gate = constants.of_gate or constants.in_domain
        together = f"{len(test.lists)} scorers together, c = {of_gate}"
        yield _row(together, [test.together(of_gate)], first.corrected, first.right)
    yield _row("linear mixture", test.ranked(test.trial.by_mixture), first.corrected, first.right)
    for name, ranked in ranked_by(generators, first, test.direction).items():
        yield _row(name, ranked, first.corrected, first.right)
    yield ""


def _row(name: str, ranked: Sequence[Ranks], base: Ranks | None, right: Places) -> str:
    """Means over seeds; of their differences a photograph's mean is drawn."""
    found = [retrieval(own) for own in ranked]
    columns = [
        [one.recall[1] for one in found],
        [one.recall[10] for one in found],
        [100 * one.reciprocal_rank for one in found],
    ]
    cells = [f"{np.mean(column):.2f}" for column in columns]
    if base is not None:
        figures: list[Callable[[Ranks], Ranks]] = [
            lambda own: found_within(own, 1),
            lambda own: found_within(own, 10),
            reciprocal,
        ]
        for figure in figures:
            differences = np.mean([figure(own) - figure(base) for own in ranked], axis=0)
            cells.append(_points(paired_bootstrap(differences, right, seed=0)))
    return "| " + " | ".join([name, *cells, *[""] * (6 - len(cells))]) + " |"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate's rules say of a constant.

    Attributes:
        in_domain: the difference in MRR in both halves of val2, then of the fresh photographs.
        pooled: the same on the left-out sources. harmed: those of 300 queries or more that surely lose.
    """

    weight: int
    in_domain: tuple[Interval, ...]
    pooled: Interval
    harmed: dict[str, Interval]

    @classmethod
    def of(
        cls,
        data: Captioned,
        in_domain: Sequence[tuple[Places, Gallery]],
        left_out: Mapping[str, Gallery],
        weight: int,
    ) -> Verdict:
        """Of the first scorers."""
        halves = [half for places, own in in_domain for half in halves_of(data, places, own.gains(weight))]
        pooled = pooled_bootstrap([own.gains(weight) for own in left_out.values()], seed=0)
        gains = {source: own.gains(weight) for source, own in left_out.items()}
        single = {source: paired_bootstrap(*gain, seed=0) for source, gain in gains.items()}
        harmed = {
            source: found
            for source, found in single.items()
            if found.high < 0 and len(gains[source][1]) >= LARGE_SOURCE
        }
        return cls(weight, tuple(halves), pooled, harmed)

    @property
    def on(self) -> bool:
        """Whether all rules hold."""
        return (
            all(half.low > 0 for half in self.in_domain)
            and self.pooled.low > POOLED_LEAST
            and not self.harmed
        )

    @property
    def reason(self) -> str:
        """One plain sentence."""
        least = min(self.in_domain, key=lambda half: half.low)
        lost = ", ".join(f"{source} loses {_points(found)}" for source, found in self.harmed.items())
        return (
            f"photographs like those of its training gain {_points(least)} MRR in the least of four halves, "
            f"kinds that it has not seen {_points(self.pooled)}" + (f", but {lost}" if lost else "")
        )

    def row(self) -> str:
        """A row of Markdown."""
        pairs = [" and ".join(map(_points, self.in_domain[n : n + 2])) for n in (0, 2)]
        lost = ", ".join(f"{source} {_points(found)}" for source, found in self.harmed.items()) or "none"
        cells = [str(self.weight), *pairs, _points(self.pooled), lost, "on" if self.on else "off"]
        return "| " + " | ".join(cells) + " |"


def write_to_box(box: Path, trial: Trial, verdict: Verdict, *, on: bool) -> None:
    """Put the first scorer's mixture with a constant, and its gate, where the product reads them."""
    head, scorer = head_of(FILES), scorer_of(FILES)
    if scorer is None:
        sys.exit(f"{FILES} has no scorer: run scripts/builtin/export_scorer.py first")
    by = "val2, fresh photographs and left-out sources"
    gate = {"component": "generator", "on": on, "by": by, "reason": verdict.reason}
    write_mixture(
        box / "builtin-linear",
        encoder=(head.name, head.digest),
        width=trial.similarity.said.shape[1],
        scorer=scorer.digest,
        weights=trial.rankers[0].weights(verdict.weight).tolist(),
        deviation=trial.similarity.deviation,
        report={"gates": [gate]},
    )


def _points(one: Interval) -> str:
    return f"{one.value:+.2f} [{one.low:+.2f}, {one.high:+.2f}]".replace("-", "−")


def main() -> int:
    """Print the tables."""
    arguments = _arguments()
    torch.set_num_threads(1)
    data = read_captioned(arguments.work)
    shipped = Similarity.of(data, arguments.work, FILES)
    fold = Similarity.of(data, arguments.work, arguments.fold_files)
    in_domain = Trial.of(data, arguments.work, None, shipped, seeds=arguments.seeds)
    left_out = [
        Trial.of(data, arguments.work, source, fold, seeds=arguments.seeds[:1])
        for source in arguments.sources
    ]
    most = QUICK if arguments.quick else MOST
    constants = Constants.of(data, in_domain, left_out, most=most)
    print(
        f"On validation c = {constants.in_domain} is best in domain, and the constant of the gate is "
        f"{constants.of_gate}.\n"
    )
    if arguments.validation:
        return 0
    fresh = fresh_places(data, fingerprints_of(arguments.work), most=most if arguments.quick else 2 * MOST)
    tested = galleries_in_domain(data, in_domain, fold, fresh, most=most)
    others = {
        source: Gallery(trial, trial.lists(places_of_figures(data, source, most=most)))
        for trial, source in zip(left_out, arguments.sources, strict=True)
    }
    generators = generators_in(arguments.work / "generators") | {
        PAPER: [load(BOX / "builtin-paper").generator]
    }
    for title, (_, test) in tested.items():
        print("\n".join(table(title, test, constants, generators if title.startswith("val2") else {})))
    for source, test in others.items():
        print("\n".join(table(source, test, constants, {})))
    if arguments.videos is not None:
        clips = Clips.of(arguments.videos, arguments.work / BASES)
        for title, test in of_clips(clips, in_domain).items():
            print("\n".join(table(title, test, constants, generators)))
    print("| c | MRR, halves of val2 | halves of the fresh | left-out, pooled | large that lose | gate |")
    print("|--:|---|---|---|---|---|")
    verdicts = {
        weight: Verdict.of(data, [tested["val2"], tested["fresh"]], others, weight) for weight in WEIGHTS
    }
    print("\n".join(verdict.row() for verdict in verdicts.values()))
    if arguments.box is not None:
        is_on = constants.of_gate is not None and verdicts[constants.of_gate].on
        # what is off may be switched on by hand: then with the constant that is best in domain
        weight = constants.of_gate if is_on and constants.of_gate is not None else constants.in_domain
        write_to_box(arguments.box, in_domain, verdicts[weight], on=is_on)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument(
        "--work", type=Path, required=True, metavar="DIR", help="of scripts/builtin/prepare.py"
    )
    parser.add_argument(
        "--fold-files", type=Path, required=True, metavar="DIR", help="of an encoder with a head of kind fold"
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], metavar="N", help="of the scorers (0)")
    parser.add_argument(
        "--videos", type=Path, metavar="DIR", help="described clips, ranked too; nothing is chosen by them"
    )
    parser.add_argument("--box", type=Path, metavar="DIR", help="write the mixture and its gate there")
    parser.add_argument("--quick", action="store_true", help="a small part: whether it runs, not how well")
    parser.add_argument("--validation", action="store_true", help="choose the constants and read no test")
    parser.add_argument(
        "--sources", nargs="+", choices=LEFT_OUT, default=LEFT_OUT, help="left out, one by one"
    )
    arguments = parser.parse_args()
    needed = [(None, seed) for seed in arguments.seeds]
    needed += [(source, arguments.seeds[0]) for source in arguments.sources]
    for source, seed in needed:
        file = scorer_file(arguments.work, left_out=source, seed=seed)
        if not file.exists():
            sys.exit(f"{file} is missing: run scripts/builtin/train_scorer.py first")
    return arguments


if __name__ == "__main__":
    sys.exit(main())
