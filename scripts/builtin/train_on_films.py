"""Train the scorer with what frames of films without captions can tell, an experiment.

    python scripts/builtin/train_on_films.py --work DIR --films DIR --terms none steady:0.3 shaken:0.5

Each term is a name and a weight, and gives a scorer of its own:

    none      as train_scorer.py does
    steady    frames side by side in a segment agree: 1 less the mean cosine of each region with the region
              most like it in the other frame, and of both frames as a whole
    shaken    photographs move: a share of the difference of two such frames is added to a photograph's cells
    paired    two frames of one film find each other among those of other films: cross-entropy of the
              scorer's agreements, the regions of one frame in the place of words

Writes --films/scorer-TERM-WEIGHT-SEED.safetensors, or scorer-TERM-WEIGHT-without-SOURCE-SEED.safetensors;
what is there already is left. The neighbourhoods of photographs are those of train_scorer.py, in its order.
With --start a trained scorer goes on for so many steps, instead of a new one.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import Tensor

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from builtin._captioned import FIRST_HEAD, Captioned, read_captioned
from builtin._film_frames import Films, Rows, read_films
from builtin.train_scorer import neighbourhoods

from mediaindex.embed.families.builtin import image_tower
from mediaindex.embed.families.builtin_files import FILES
from mediaindex.learn.scorer.training import STEPS, loss_of, minimised, new_scorer
from mediaindex_models.late_interaction import LateInteraction, Regions, Words
from mediaindex_models.minilm import WIDTH

PAIRS = 64
"""Of a step."""


@dataclass(frozen=True, slots=True)
class Term:
    """What is done with the films, and how much of it."""

    name: str
    weight: float

    @classmethod
    def of(cls, text: str) -> Term:
        """Of NAME:WEIGHT."""
        name, _, weight = text.partition(":")
        if name not in TERMS:
            raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(TERMS)}")
        try:
            return cls(name, float(weight or 0))
        except ValueError:
            raise argparse.ArgumentTypeError(f"{weight!r} is no weight") from None

    def __str__(self) -> str:
        return f"{self.name} {self.weight:g}" if self.weight else self.name


class Shaken:
    """Captioned photographs whose cells move as those of films do; the rest is theirs."""

    def __init__(self, data: Captioned, films: Films, share: float, numbers: np.random.Generator) -> None:
        self.captions_of, self.pictures, self.said = data.captions_of, data.pictures, data.said
        self.states, self.meant = data.states, data.meant
        self._data, self._films, self._share, self._numbers = data, films, share, numbers
        self._neighbours = films.neighbours()

    def cells_at(self, places: Rows) -> Tensor:
        """(B, 16, 313) float32 of some photographs."""
        rows = self._numbers.choice(self._neighbours, len(places))
        before, after = self._films.cells_at(rows).unbind(1)
        return self._data.cells_at(places) + self._share * (after - before)


def unsteadiness(scorer: LateInteraction, films: Films, rows: Rows) -> Tensor:
    """How much frames side by side differ, (), 0 where they are alike.

    Args:
        rows: (B, 2) of the frames.
    """
    before, after = _both(scorer, films, rows)
    near = torch.einsum("brd,bsd->brs", before.directions, after.directions)
    matched = (near.amax(2).mean() + near.amax(1).mean()) / 2
    whole = (before.pooled * after.pooled).sum(-1).mean()
    return 1 - (matched + whole) / 2


def confusion(scorer: LateInteraction, films: Films, rows: Rows) -> Tensor:
    """Cross-entropy of frames that look for another frame of their film, ().

    Args:
        rows: (B, 2) of two frames of each film.
    """
    before, after = _both(scorer, films, rows)
    logits = scorer(_as_words(before), after)
    own = torch.arange(len(rows))
    return (F.cross_entropy(logits, own) + F.cross_entropy(logits.T, own)) / 2


def _both(scorer: LateInteraction, films: Films, rows: Rows) -> tuple[Regions, Regions]:
    """Regions of the first and of the second frames."""
    cells = films.cells_at(rows)
    with torch.autocast("cpu", dtype=torch.bfloat16, cache_enabled=False):
        return scorer.regions(cells[:, 0]), scorer.regions(cells[:, 1])


def _as_words(regions: Regions) -> Words:
    return Words(*regions, torch.ones_like(regions.weights, dtype=torch.bool))


TERMS = ("none", "steady", "shaken", "paired")


def trained_with(
    term: Term,
    scorer: LateInteraction,
    data: Captioned,
    films: Films,
    *,
    left_out: str | None,
    seed: int,
    steps: int,
    report: Callable[[int, float], None],
) -> LateInteraction:
    """The scorer, trained on photographs with a term of films."""
    draws = neighbourhoods(data, left_out=left_out, seed=seed)
    numbers, neighbours = np.random.default_rng(seed), films.neighbours()
    shown = Shaken(data, films, term.weight, numbers) if term.name == "shaken" else data

    def loss() -> Tensor:
        value = loss_of(scorer, shown, *draws.draw())
        if term.name == "steady":
            value = value + term.weight * unsteadiness(scorer, films, numbers.choice(neighbours, PAIRS))
        if term.name == "paired":
            value = value + term.weight * confusion(scorer, films, films.drawn_pairs(PAIRS, numbers))
        return value

    return minimised(scorer, loss, steps=steps, report=report)


def film_scorer_file(folder: Path, term: Term, *, left_out: str | None, seed: int) -> Path:
    """Where a scorer is kept."""
    without = "" if left_out is None else f"without-{left_out}-"
    return folder / f"scorer-{term.name}-{term.weight:g}-{without}{seed}.safetensors"


def main() -> None:
    """Train what is missing."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--work", type=Path, required=True, metavar="DIR", help="of prepare.py")
    parser.add_argument("--films", type=Path, required=True, metavar="DIR", help="of prepare_films.py")
    parser.add_argument("--terms", type=Term.of, nargs="+", required=True, metavar="NAME:WEIGHT")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], metavar="N", help="a scorer each (0)")
    parser.add_argument("--steps", type=int, default=STEPS, metavar="N")
    parser.add_argument("--start", type=Path, metavar="FILE", help="a trained scorer that goes on")
    parser.add_argument("--leave-out", metavar="SOURCE", nargs="+", default=[None], help="of photographs")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    data = read_captioned(arguments.work)
    classifier = image_tower(FILES, head=FIRST_HEAD).backbone.classifier
    films, _ = read_films(arguments.films, arguments.work, classifier).halves()
    for term, left_out, seed in itertools.product(arguments.terms, arguments.leave_out, arguments.seeds):
        path = film_scorer_file(arguments.films, term, left_out=left_out, seed=seed)
        if path.exists():
            continue

        def report(step: int, loss: float, name: str = path.stem) -> None:
            print(f"{name}: step {step}, loss {loss:.3f}, {time.process_time():.0f} s", flush=True)

        scorer = new_scorer(data.cells.shape[2], state=WIDTH, seed=seed)
        if arguments.start is not None:
            scorer.load_state_dict(load_file(arguments.start))
        trained_with(
            term, scorer, data, films, left_out=left_out, seed=seed, steps=arguments.steps, report=report
        )
        unfinished = path.with_suffix(".new")
        save_file(scorer.state_dict(), unfinished, {"seed": str(seed), "steps": str(arguments.steps)})
        unfinished.rename(path)


if __name__ == "__main__":
    main()
