"""What a scorer of regions and words adds to the hub-corrected similarity, by kind of photograph.

    python scripts/bench/evidence.py --work DIR --fold-files DIR --validation     what the constants are
    python scripts/bench/evidence.py --work DIR --fold-files DIR                  and the tables

Reads --work of scripts/builtin/prepare.py, with the scorers that scripts/builtin/train_scorer.py left there:
those trained on every source, one a seed, and one without each of the left-out sources. A caption looks for
its photograph, or a photograph for its captions; the best 64 by the corrected similarity get a new order, by

    c s + logit − hub     of the scorer, at every constant c
    the linear mixture    of s, L1, L2, L3 and hub, fitted on `val` and `fresh` without the left-out source

s is of the encoder that ships where it has not seen the photographs (val, val2, held), else of the encoder in
--fold-files, whose heads are of the kind `fold` of scripts/builtin/train.py: of a left-out source they have
seen nothing, but for Flickr8k, of which they have not seen the photographs that are asked for.

Two constants are chosen by validation alone, by _evidence_rules.py: the best in domain, on `val` and what is
fresh; and that of the gate. The rules of the verdict stand there,
too. It is read once, on the sealed photographs and on left-out sources, by the scorer of the first seed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench._evidence_clips import Clips
from bench._evidence_generators import PAPER, generators_in, ranked_by
from bench._evidence_lists import CORRECTED, FIRST, FLICKR8K, PLAIN, QB_NORM, Places, Ranks, Similarity
from bench._evidence_photographs import (
    MOST,
    figures_of,
    places_where,
    sealed_places,
    validation_of,
)
from bench._evidence_rules import HEADER, WEIGHTS, Constants, Verdict, points, validation_table
from bench._evidence_trial import Gallery, Trial, reciprocal
from builtin._captioned import Captioned, read_captioned
from builtin._fingerprints import fingerprints_of
from builtin._regions import BASES
from builtin.train_scorer import scorer_file

from mediaindex.embed.families.builtin_files import FILES, head_of, scorer_of
from mediaindex.learn.evaluation.metrics import paired_bootstrap, retrieval
from mediaindex.learn.scorer.mixture_folder import write_mixture
from mediaindex.search.ranking.generator_registry import BOX
from mediaindex_models.checkpoint import load
from mediaindex_models.generator import Generator

LEFT_OUT = (FLICKR8K, "pascal", "rooms", "aerial", "coco-64")
SEALED = "sealed"
QUICK = 40
"""Photographs of a gallery, where it only shall run."""


def found_within(ranked: Ranks, depth: int) -> Ranks:
    """100 where the right one is among the first, else 0."""
    return np.where(ranked < depth, 100.0, 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Readings:
    """What is measured on: the encoder that ships, one whose heads are of the kind `fold`, and scorers.

    Attributes:
        in_domain: of all sources, beside the encoder that ships. left_out: by the source.
    """

    data: Captioned
    fold: Similarity
    in_domain: Trial
    left_out: Mapping[str, Trial]
    most: int

    @classmethod
    def of(
        cls, work: Path, fold_files: Path, sources: Sequence[str], seeds: Sequence[int], most: int
    ) -> Self:
        """With the scorers that --work holds."""
        data = read_captioned(work)
        shipped, fold = Similarity.of(data, work, FILES), Similarity.of(data, work, fold_files)
        val = places_where(data, lambda item: item.split == "val")
        fresh = places_where(data, lambda item: item.split == "fresh", most=2 * MOST)
        fitting = [(shipped, val), (fold, fresh)]
        in_domain = Trial.of(data, work, None, shipped, fitting=fitting, seeds=seeds)
        left_out = {}
        for source in sources:
            others = [
                np.array([place for place in own if data.items[place].source != source], dtype=np.intp)
                for own in (val, fresh)
            ]
            fitting = [(fold, own) for own in others]
            left_out[source] = Trial.of(data, work, source, fold, fitting=fitting, seeds=seeds[:1])
        return cls(data, fold, in_domain, left_out, most)

    @property
    def beside_fold(self) -> Trial:
        """Scorers of all sources beside heads that have seen neither what is fresh nor what is sealed."""
        return replace(self.in_domain, similarity=self.fold)

    def validation_in_domain(self) -> dict[str, Gallery]:
        """By title, lists of the first scorer that choose: `val`, and what is fresh beside a fold's heads."""
        galleries = {}
        for split, trial in (("val", self.in_domain.first), ("fresh", self.beside_fold.first)):
            own = places_where(self.data, lambda item, split=split: item.split == split, most=2 * self.most)  # type: ignore[misc]
            galleries[split] = Gallery(trial, trial.lists(own))
        return galleries

    def validation_left_out(self) -> dict[str, Gallery]:
        """By source, lists that choose."""
        return {
            source: Gallery(trial, trial.lists(validation_of(self.data, source, most=self.most)))
            for source, trial in self.left_out.items()
        }

    def tested(self, sealed: Places) -> dict[str, Gallery]:
        """By title, lists of val2 in both directions, and of what is sealed."""
        val2 = places_where(self.data, lambda item: item.split == "val2", most=self.most)
        return {
            "val2": Gallery(self.in_domain, self.in_domain.lists(val2)),
            "val2, photographs look for captions": Gallery(
                self.in_domain, self.in_domain.lists_of_captions(val2), "v2t"
            ),
            SEALED: Gallery(self.beside_fold, self.beside_fold.lists(sealed)),
        }

    def of_left_out(self, sealed: Places) -> dict[str, Gallery]:
        """By source, lists of photographs that a scorer without it ranks."""
        return {
            source: Gallery(trial, trial.lists(figures_of(self.data, source, sealed, most=self.most)))
            for source, trial in self.left_out.items()
        }


def of_clips(clips: Clips, trial: Trial) -> dict[str, Gallery]:
    """By title, the queries and the captions of the described clips."""
    lists = [clips.lists(ranker, trial.similarity) for ranker in trial.rankers]
    return {title: Gallery(trial, [own[title] for own in lists]) for title in lists[0]}


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
            cells.append(points(paired_bootstrap(differences, right, seed=0)))
    return "| " + " | ".join([name, *cells, *[""] * (6 - len(cells))]) + " |"


def over_first_head(test: Gallery, constants: Constants) -> Iterator[str]:
    """What hub correction, and the scorer with it, gain over the first head's similarity."""
    first, base = test.lists[0], test.lists[0].cheap[FIRST]
    yield "| over the similarity of the first head | R@1 | R@10 | MRR | more: R@1 | R@10 | MRR |"
    yield "|---|--:|--:|--:|---|---|---|"
    yield _row(FIRST, [base], None, first.right)
    yield _row(CORRECTED, [first.corrected], base, first.right)
    for weight in sorted({constants.in_domain, constants.of_gate or constants.in_domain}):
        yield _row(f"scorer, c = {weight}", test.ranked(test.trial.by(weight)), base, first.right)
    yield ""


def write_to_box(box: Path, trial: Trial, verdict: Verdict, *, on: bool) -> None:
    """Put the first scorer's mixture with a constant, and its gate, where the product reads them."""
    head, scorer = head_of(FILES), scorer_of(FILES)
    if scorer is None:
        sys.exit(f"{FILES} has no scorer: run scripts/builtin/export_scorer.py first")
    by = "sealed photographs and left-out sources"
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


def main() -> int:
    """Print the tables."""
    arguments = _arguments()
    torch.set_num_threads(1)
    most = QUICK if arguments.quick else MOST
    readings = Readings.of(
        arguments.work, arguments.fold_files, arguments.sources, arguments.seeds, most=most
    )
    in_domain, left_out = readings.validation_in_domain(), readings.validation_left_out()
    constants = Constants.of([*in_domain.values()], [*left_out.values()])
    print(
        f"On validation c = {constants.in_domain} is best in domain, and the constant of the gate is "
        f"{constants.of_gate}.\n"
    )
    print("\n".join(validation_table(in_domain, left_out)))
    if arguments.validation:
        return 0
    sealed = sealed_places(readings.data, fingerprints_of(arguments.work), most=2 * most)
    tested, others = readings.tested(sealed), readings.of_left_out(sealed)
    generators = generators_in(arguments.work / "generators") | {
        PAPER: [load(BOX / "builtin-paper").generator]
    }
    for title, test in tested.items():
        print("\n".join(table(title, test, constants, generators)))
        if title != SEALED:
            print("\n".join(over_first_head(test, constants)))
    for source, test in others.items():
        print("\n".join(table(source, test, constants, {})))
    if arguments.videos is not None:
        clips = Clips.of(arguments.videos, arguments.work / BASES)
        for title, test in of_clips(clips, readings.in_domain).items():
            print("\n".join(table(title, test, constants, generators)))
    print("\n".join(HEADER))
    verdicts = {
        weight: Verdict.of(readings.data, sealed, tested[SEALED], others, weight) for weight in WEIGHTS
    }
    print("\n".join(verdict.row() for verdict in verdicts.values()))
    if arguments.box is not None:
        is_on = constants.of_gate is not None and verdicts[constants.of_gate].on
        # what is off may be switched on by hand: then with the constant that is best in domain
        weight = constants.of_gate if is_on and constants.of_gate is not None else constants.in_domain
        write_to_box(arguments.box, readings.in_domain, verdicts[weight], on=is_on)
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
