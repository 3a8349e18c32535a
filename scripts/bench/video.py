"""What frames of films without captions add to the scorer, and how a segment's frames are best joined.

    python scripts/bench/video.py --work DIR --films DIR --terms steady:0.3 paired:0.3 --seeds 0 1

Reads the scorers of scripts/builtin/train_on_films.py, `none` among them. Each other one is compared with
`none` of the same seeds at the constants 12 and 24: by query, with the same 64 candidates, in MRR.
`val` and what is held of each source choose; val2, left-out sources, films and clips are told.

A term is kept only if val and the held sources, weighted alike, surely gain and no left-out source surely
loses. Films are asked for by their kind (`actions` of scripts/builtin/_films.py): AP over all films, by kind,
and how often a film's own kind is the best of all.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench._evidence_clips import Clips
from bench._evidence_lists import FLICKR8K, Places, Ranker, Ranks, Similarity
from bench._evidence_photographs import MOST, places_where
from bench._evidence_trial import CAPTIONS, reciprocal
from bench._film_tables import WEIGHTS, Asked, points
from bench._report import say
from bench.evidence import QUICK
from builtin._captioned import FIRST_HEAD, Captioned, read_captioned
from builtin._film_frames import Films, read_actions, read_films
from builtin._photographs import Item
from builtin._regions import BASES
from builtin.train_on_films import Term, confusion, film_scorer_file, unsteadiness

from mediaindex.embed.families.builtin import image_tower
from mediaindex.embed.families.builtin_files import FILES
from mediaindex.learn.evaluation.metrics import paired_bootstrap, pooled_bootstrap

NONE = Term("none", 0.0)
PAIRS_ASKED = 200
CAPTIONS_OF_VALIDATION = 1

Reciprocals = tuple[dict[int, Ranks], Places]
"""By constant, reciprocal ranks (Q,) in percent; the photograph of each query."""


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """Scorers of one term, one a seed."""

    term: Term
    rankers: list[Ranker]

    @classmethod
    def of(
        cls, data: Captioned, films: Path, term: Term, *, seeds: Sequence[int], left_out: str | None
    ) -> Trained:
        """Those that train_on_films.py left."""
        files = [film_scorer_file(films, term, left_out=left_out, seed=seed) for seed in seeds]
        for file in files:
            if not file.exists():
                sys.exit(f"{file} is missing: run scripts/builtin/train_on_films.py first")
        say(f"reading {files[0].name}")
        return cls(
            term,
            [
                Ranker(data, file, left_out=left_out, seed=seed)
                for file, seed in zip(files, seeds, strict=True)
            ],
        )

    def reciprocals(self, similarity: Similarity, places: Places, *, captions: int) -> Reciprocals:
        """Of at most some captions of each photograph of a gallery, the mean over seeds."""
        of_seeds = [(ranker, ranker.lists(similarity, places, captions=captions)) for ranker in self.rankers]

        def mean(weight: int) -> Ranks:
            found: Ranks = np.mean(
                [reciprocal(own.ranks(ranker.mixed(own.numbers, weight))) for ranker, own in of_seeds],
                axis=0,
            )
            return found

        return {weight: mean(weight) for weight in WEIGHTS}, of_seeds[0][1].right


def of_photographs(
    data: Captioned, trained: Trained, similarity: Similarity, *, most: int
) -> dict[str, Reciprocals]:
    """By gallery: val, val2, and what is held of each source under its name."""

    def held_of(source: str) -> Callable[[Item], bool]:
        return lambda item: item.split == "held" and item.source == source

    galleries = {
        source: held_of(source)
        for source in sorted({item.source for item in data.items if item.split == "held"})
    }
    galleries["val"] = lambda item: item.split == "val"
    galleries["val2"] = lambda item: item.split == "val2"
    return {
        title: trained.reciprocals(
            similarity,
            places_where(data, wanted, most=most),
            captions=CAPTIONS if title == "val2" else CAPTIONS_OF_VALIDATION,
        )
        for title, wanted in galleries.items()
    }


def table_of_photographs(
    data: Captioned, scorers: Sequence[Trained], similarity: Similarity, *, most: int
) -> Iterator[str]:
    """Each term less the first, difference in MRR."""
    yield "| term | c | val | held sources | both | val2 |"
    yield "|---|--:|---|---|---|---|"
    base = of_photographs(data, scorers[0], similarity, most=most)
    for trained in scorers[1:]:
        other = of_photographs(data, trained, similarity, most=most)
        for weight in WEIGHTS:
            gains = {
                title: (other[title][0][weight] - before[weight], right)
                for title, (before, right) in base.items()
            }
            val, val2 = gains.pop("val"), gains.pop("val2")
            held = list(gains.values())
            found = [
                paired_bootstrap(*val, seed=0),
                pooled_bootstrap(held, seed=0),
                pooled_bootstrap([val, *held], seed=0),
                paired_bootstrap(*val2, seed=0),
            ]
            yield f"| {trained.term} | {weight} | " + " | ".join(map(points, found)) + " |"
    yield ""


def rows_of_left_out(
    data: Captioned, scorers: Sequence[Trained], source: str, similarity: Similarity, *, most: int
) -> Iterator[str]:
    """Terms less the first, all without a source, on its photographs: of Flickr8k val2, else what is held."""
    split = "val2" if source == FLICKR8K else "held"
    places = places_where(data, lambda item: item.source == source and item.split == split, most=most)
    base, right = scorers[0].reciprocals(similarity, places, captions=CAPTIONS)
    for trained in scorers[1:]:
        other, _ = trained.reciprocals(similarity, places, captions=CAPTIONS)
        for weight in WEIGHTS:
            gain = paired_bootstrap(other[weight] - base[weight], right, seed=0)
            yield f"| {trained.term} | {source} | {len(right)} | {weight} | {points(gain)} |"


@torch.inference_mode()
def row_of_held_films(trained: Trained, films: Films) -> str:
    """What both terms are on films that were held back."""
    numbers = np.random.default_rng(0)
    neighbours = numbers.permutation(films.neighbours())[:PAIRS_ASKED]
    pairs = films.drawn_pairs(PAIRS_ASKED, numbers)
    scorers = [ranker.scorer for ranker in trained.rankers]
    steady = np.mean([float(unsteadiness(scorer, films, neighbours)) for scorer in scorers])
    confused = np.mean([float(confusion(scorer, films, pairs)) for scorer in scorers])
    return f"| {trained.term} | {steady:.3f} | {confused:.2f} |"


def main() -> int:
    """Print the tables."""
    arguments = _arguments()
    torch.set_num_threads(1)
    data = read_captioned(arguments.work)
    similarity = Similarity.of(data, arguments.work, FILES)
    most = QUICK if arguments.quick else MOST
    terms = [NONE, *(term for term in arguments.terms if term != NONE)]
    scorers = [
        Trained.of(data, arguments.films, term, seeds=arguments.seeds, left_out=None) for term in terms
    ]
    print("\n".join(table_of_photographs(data, scorers, similarity, most=most)))
    print("| term | left out | queries | c | MRR, less |\n|---|---|--:|--:|---|")
    for source in arguments.leave_out:
        own = [
            Trained.of(data, arguments.films, term, seeds=arguments.seeds[:1], left_out=source)
            for term in terms
        ]
        print("\n".join(rows_of_left_out(data, own, source, similarity, most=most)))
    tower = image_tower(FILES, head=FIRST_HEAD)
    _, held = read_films(arguments.films, arguments.work, tower.backbone.classifier).halves()
    print(
        "\n| term | 1 less agreement of neighbours | cross-entropy of two frames of a film |\n|---|--:|--:|"
    )
    print("\n".join(row_of_held_films(trained, held) for trained in scorers) + "\n")
    named = {str(trained.term): trained.rankers for trained in scorers}
    kinds = Asked.of_kinds(*read_actions(arguments.films, arguments.work, image_tower(FILES)))
    print("\n".join(kinds.table(named, similarity.deviation)))
    if arguments.videos is not None:
        clips = Asked.of_clips(Clips.of(arguments.videos, arguments.work / BASES))
        print("\n".join(clips.table(named, similarity.deviation)))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--work", type=Path, required=True, metavar="DIR", help="of prepare.py")
    parser.add_argument("--films", type=Path, required=True, metavar="DIR", help="of train_on_films.py")
    parser.add_argument("--terms", type=Term.of, nargs="+", required=True, metavar="NAME:WEIGHT")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], metavar="N", help="of the scorers (0)")
    parser.add_argument("--leave-out", nargs="+", default=[], metavar="SOURCE", help="left out, one by one")
    parser.add_argument(
        "--videos", type=Path, metavar="DIR", help="described clips, ranked too; nothing is chosen by them"
    )
    parser.add_argument("--quick", action="store_true", help="a small part: whether it runs, not how well")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
