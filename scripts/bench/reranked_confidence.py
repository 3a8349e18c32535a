"""Whether the confidence of a search holds where the scorer has put its best moments in a new order.

    python scripts/bench/reranked_confidence.py --work DIR

Reads --work of scripts/builtin/prepare.py. The photographs of `val` and `val2`, each one frame, are asked for
in galleries of 50 to 1 000, half of the questions without an answer, as scripts/calibrate.py asks; the first
moment of each answer is judged by the calibration in the box, once in the order of the corrected similarity,
once with the best 64 in the order of the mixture in the box. No scorer has seen these photographs; the
calibration was fitted to them, so its error in the first order is a little too small.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench._evidence_lists import Ranker, Similarity
from bench._evidence_photographs import places_where
from bench._evidence_trial import CAPTIONS
from bench._mixture_order import by_mixture
from bench._report import Row, flags, publish
from builtin._captioned import Captioned, read_captioned
from builtin.train_scorer import scorer_file

from mediaindex.embed.families.builtin_files import FILES, builtin_spec
from mediaindex.learn.fitting.calibrating import probabilities
from mediaindex.learn.fitting.described_clips import DescribedClips
from mediaindex.learn.fitting.picture_samples import Reorder, picture_samples
from mediaindex.learn.fitting.reliability import reliability_of
from mediaindex.learn.fitting.samples import Samples
from mediaindex.search.confidence.calibration import calibration_of

GALLERIES, QUICK_GALLERIES = 60, 2
PICTURES = 2000


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
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    data = read_captioned(arguments.work)
    similarity = Similarity.of(data, arguments.work, FILES)
    ranker = Ranker(data, scorer_file(arguments.work, left_out=None, seed=0), left_out=None, seed=0)
    places = places_where(data, lambda item: item.split in ("val", "val2"), most=PICTURES)
    clips = described(data, similarity, places)
    captions, blend = [int(row) for row in clips.captions], builtin_spec(FILES).blend
    reorder = by_mixture(ranker, clips, places, captions, similarity.bank, blend=blend)
    rows: list[Row] = []
    orders: list[tuple[str, Reorder]] = [
        ("instant order", lambda _text, ranked: ranked),
        ("reranked", reorder),
    ]
    for title, order in orders:
        halves = picture_samples(
            clips,
            similarity.bank,
            blend=blend,
            corrects_hubs=True,
            galleries=QUICK_GALLERIES if arguments.quick else GALLERIES,
            seed=arguments.seed,
            reorder=order,
        )
        rows += rows_of(title, halves)
    publish("reranked_confidence", rows, arguments.json)


if __name__ == "__main__":
    main()
