"""Whether confidence holds where a mixture has put the best moments in a new order, by numbers of it too.

    python scripts/bench/reranked_confidence.py --work DIR
    python scripts/bench/reranked_confidence.py --work DIR --fold-files DIR     and of left-out sources

Reads --work of scripts/builtin/prepare.py. The photographs of `val` and `val2`, each one frame, are asked for
in galleries of 50 to 1 000, half of the questions without an answer, as scripts/calibrate.py asks; the first
moment of each answer is judged by the calibration in the box, once in the order of the corrected similarity,
once with the best 64 in the order of the mixture in the box. No scorer has seen these photographs; the
calibration was fitted to them, so its error in the first order is a little too small.

Then the six numbers of pictures, as they are fitted in the first order, are compared with calibrations of the
reranked lists that have numbers of the mixture, too (`FURTHER`): on `val` and `val2`, each half judged by
what the other gave; and on sources that nothing has seen. For these, calibrations are fitted to `val` and
`val2` beside the encoder in --fold-files and the scorer without the source (scripts/builtin/train_scorer.py
--leave-out), whose mixture is fitted as that of the box.
"""

from __future__ import annotations

import functools
import hashlib
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench import _mixture_numbers as mixture_numbers
from bench._evidence_lists import Ranker, Similarity
from bench._evidence_photographs import MOST, figures_of, places_where
from bench._evidence_trial import CAPTIONS, mixture_of
from bench._mixture_order import by_mixture, mixture_of_the_box
from bench._report import Row, flags, publish
from builtin._captioned import Captioned, read_captioned
from builtin._photographs import Item
from builtin.train_scorer import scorer_file

from mediaindex.embed.families.builtin_files import FILES, builtin_spec
from mediaindex.learn.evaluation.metrics import paired_bootstrap
from mediaindex.learn.fitting.calibrating import fitted, probabilities
from mediaindex.learn.fitting.described_clips import DescribedClips
from mediaindex.learn.fitting.picture_samples import picture_samples
from mediaindex.learn.fitting.reliability import reliability_of
from mediaindex.learn.fitting.samples import Samples
from mediaindex.search.confidence.calibration import PICTURE_NAMES, Calibration, calibration_of
from mediaindex.search.ranking.mixture import Mixture

GALLERIES, QUICK_GALLERIES = 60, 2
PICTURES = 2000
LEFT_OUT = ("pascal", "rooms", "coco-64", "aerial", "flickr8k")
FURTHER = ((), ("score", "lead"), ("lead",), ("lead", "rise"))
"""Numbers of the mixture that a calibration has beside the six."""
Calibrations = dict[tuple[str, ...], Calibration]
"""One of each of `FURTHER`."""


def described(data: Captioned, similarity: Similarity, places: NDArray[np.intp]) -> DescribedClips:
    """Photographs as clips of one frame, with at most three captions each."""
    own = [data.captions_of[place][:CAPTIONS] for place in places]
    rows, of = np.concatenate(own), np.repeat(np.arange(len(places)), [len(one) for one in own])
    names = [data.items[place].name for place in places]
    halves = [hashlib.sha256(name.encode()).digest()[0] % 2 for name in names]
    pictures = similarity.pictures[places]
    return DescribedClips(
        pictures[:, None],
        np.ones((len(places), 1), np.bool_),
        pictures,
        np.arange(len(places)),
        np.array(halves),
        similarity.said[rows],
        of,
        tuple(str(row) for row in rows),
        tuple(data.items[places[place]].source for place in of),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """Everything by which photographs are put in order."""

    data: Captioned
    similarity: Similarity
    ranker: Ranker
    mixture: Mixture

    @classmethod
    def without(cls, data: Captioned, work: Path, similarity: Similarity, source: str) -> Setting:
        """A scorer that has not seen a source, with its mixture.

        Args:
            similarity: of an encoder that has not seen it either.
        """
        ranker = Ranker(data, scorer_file(work, left_out=source, seed=0), left_out=source, seed=0)
        val, fresh = (
            places_where(data, functools.partial(_is_of, split, source), most=most)
            for split, most in (("val", MOST), ("fresh", 2 * MOST))
        )
        weights = mixture_of(ranker, [(similarity, val), (similarity, fresh)])
        mixture = Mixture(f"without {source}", tuple(weights.tolist()), similarity.deviation)
        return cls(data, similarity, ranker, mixture)

    def lists(self, places: NDArray[np.intp], *, galleries: int, seed: int) -> Lists:
        """The first moments of some photographs."""
        clips, blend = described(self.data, self.similarity, places), builtin_spec(FILES).blend
        captions, bank = [int(row) for row in clips.captions], self.similarity.bank
        reorder = by_mixture(self.mixture, self.ranker, clips, places, captions, bank, blend=blend)
        instant, reranked = (
            picture_samples(
                clips,
                bank,
                blend=blend,
                corrects_hubs=True,
                galleries=galleries,
                seed=seed,
                reorder=order,
            )
            for order in (None, reorder)
        )
        return Lists(instant, reranked)


@dataclass(frozen=True, slots=True, eq=False)
class Lists:
    """First moments of the same questions, by halves of the photographs.

    Attributes:
        instant: in the order of the similarity, with the six numbers of pictures.
        reranked: in that of a mixture, with its numbers behind the six.
    """

    instant: list[Samples]
    reranked: list[Samples]

    def with_numbers(self, further: Sequence[str]) -> list[Samples]:
        """The halves of the reranked lists, with the six numbers and some of the mixture."""
        count = len(PICTURE_NAMES)
        kept = [*range(count), *(count + mixture_numbers.NAMES.index(name) for name in further)]
        return [replace(half, numbers=half.numbers[:, kept]) for half in self.reranked]

    def calibrations(self, half: int | None = None) -> Calibrations:
        """Those of one half, or of both; the six numbers alone are fitted in the instant order."""
        found: Calibrations = {}
        for further in FURTHER:
            halves = self.with_numbers(further) if further else self.instant
            own = Samples.joined(halves) if half is None else halves[half]
            found[further] = fitted(own, (*PICTURE_NAMES, *further))
        return found


def _is_of(split: str, without: str, item: Item) -> bool:
    """Whether a photograph is of a split, and not of a source."""
    return item.split == split and item.source != without


def compared(title: str, by: Sequence[Calibrations], asked: Lists) -> Iterator[Row]:
    """How well reranked lists are judged with numbers of the mixture and without.

    Args:
        by: the calibrations that judge each half of the lists.
    """
    base = None
    for further in FURTHER:
        halves = asked.with_numbers(further)
        both = Samples.joined(halves)
        sure = np.concatenate(
            [
                probabilities(calibrations[further], own.numbers)
                for calibrations, own in zip(by, halves, strict=True)
            ]
        )
        found, first = reliability_of(sure, both), both.first
        error = (sure[first] - both.right[first]) ** 2
        name = f"{title}, reranked, by {' and '.join(['the six numbers', *further])}"
        yield Row(f"{name}: expected calibration error", found["ece"], "share")
        yield Row(f"{name}: Brier skill", found["skill"], "share")
        yield Row(f"{name}: confident, with an answer", 100 * found["confident_with_answer"], "%")
        yield Row(f"{name}: confident, without one", 100 * found["confident_without_answer"], "%")
        if base is None:
            base = error
            continue
        falls = paired_bootstrap(base - error, both.group[first], seed=0)
        what = f"{name}: Brier score falls by [{falls.low:+.4f}, {falls.high:+.4f}]"
        yield Row(what, falls.value, "")


def rows_of(title: str, halves: list[Samples]) -> list[Row]:
    """How well the calibration in the box judges first moments."""
    calibration = calibration_of(builtin_spec(FILES).digest)
    if calibration is None:
        sys.exit("there is no calibration of the built-in encoder: run scripts/calibrate.py first")
    both = Samples.joined(halves)
    found = reliability_of(probabilities(calibration, both.numbers), both)
    return [
        Row(f"{title}: expected calibration error", found["ece"], "share"),
        Row(f"{title}: Brier skill", found["skill"], "share"),
        Row(f"{title}: first moments that are right", 100 * found["right"], "%"),
        Row(f"{title}: confident, with an answer", 100 * found["confident_with_answer"], "%"),
        Row(f"{title}: confident, without one", 100 * found["confident_without_answer"], "%"),
        Row(f"{title}: of the confident ones, right", 100 * found["right_if_confident"], "%"),
    ]


def main() -> None:
    """Measure and print."""
    parser = flags(__doc__ or "")
    parser.add_argument("--work", type=Path, required=True, metavar="DIR", help="of prepare.py")
    parser.add_argument("--fold-files", type=Path, metavar="DIR", help="an encoder for left-out sources")
    parser.add_argument("--left-out", nargs="+", default=LEFT_OUT, metavar="SOURCE", help="%(default)s")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    work, data = arguments.work, read_captioned(arguments.work)
    drawn = {"galleries": QUICK_GALLERIES if arguments.quick else GALLERIES, "seed": arguments.seed}
    ranker = Ranker(data, scorer_file(work, left_out=None, seed=0), left_out=None, seed=0)
    box = Setting(data, Similarity.of(data, work, FILES), ranker, mixture_of_the_box())
    places = places_where(data, lambda item: item.split in ("val", "val2"), most=PICTURES)
    lists = box.lists(places, **drawn)
    rows = [*rows_of("instant order", lists.instant), *rows_of("reranked", lists.with_numbers(()))]
    rows += compared("val, val2", [lists.calibrations(1), lists.calibrations(0)], lists)
    if arguments.fold_files is not None:
        fold = Similarity.of(data, work, arguments.fold_files)
        sealed = places_where(data, lambda item: item.split == "sealed", most=len(data.items))
        for source in arguments.left_out:
            setting = Setting.without(data, work, fold, source)
            others = [place for place in places if data.items[place].source != source]
            known = setting.lists(np.array(others, np.intp), **drawn)
            asked = setting.lists(figures_of(data, source, sealed, most=MOST), **drawn)
            rows += compared(source, [known.calibrations()] * 2, asked)
    publish("reranked_confidence", rows, arguments.json)


if __name__ == "__main__":
    main()
