"""Train the scorer of regions and words on the photographs that prepare.py left.

    python scripts/builtin/train_scorer.py --work DIR --seeds 0 1 2
    python scripts/builtin/train_scorer.py --work DIR --leave-out flickr8k pascal coco-64 rooms aerial

Writes DIR/scorer-SEED.safetensors, or DIR/scorer-without-SOURCE-SEED.safetensors of a scorer that has seen no
photograph of a source; what is there already is left. Photographs that are fresh, sealed, held, or of val or
val2 are never trained on. The training itself is mediaindex/learn/scorer, which `mediaindex train` uses, too.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from builtin._captioned import Captioned, read_captioned

from mediaindex.learn.scorer.training import Neighbourhoods, new_scorer
from mediaindex.learn.scorer.training import trained as trained_scorer
from mediaindex_models.late_interaction import LateInteraction
from mediaindex_models.minilm import WIDTH

WEIGHT = {"aerial": 0.2, "coco-64": 0.5}
"""How often a photograph is drawn: many of these two are nearly the same, or of 64 × 64 pixels."""
MACHINE_WEIGHT = 0.5
STEPS = 2400
"""Twice those of a user's own scorer, of so many photographs: validation gains by it."""


def neighbourhoods(data: Captioned, *, left_out: str | None, seed: int) -> Neighbourhoods:
    """Training photographs with their neighbours.

    Args:
        left_out: a source that is not drawn from.
    """
    own = [
        place for place, item in enumerate(data.items) if item.split == "train" and item.source != left_out
    ]
    if not own:
        raise SystemExit(f"no training photograph is left without {left_out}")
    weights = [
        WEIGHT.get(data.items[place].source, 1.0) * (1.0 if data.items[place].by_people else MACHINE_WEIGHT)
        for place in own
    ]
    return Neighbourhoods(data, np.array(own), np.array(weights) / sum(weights), seed=seed)


def trained(
    data: Captioned, *, left_out: str | None, seed: int, steps: int, report: Callable[[int, float], None]
) -> LateInteraction:
    """A scorer; ten times, `report` is told the step and the mean loss since it was last told."""
    draws = neighbourhoods(data, left_out=left_out, seed=seed)
    scorer = new_scorer(data.cells.shape[2], state=WIDTH, seed=seed)
    return trained_scorer(data, draws, scorer, steps=steps, report=report)


def scorer_file(work: Path, *, left_out: str | None, seed: int) -> Path:
    """Where a scorer is kept."""
    return work / f"scorer-{'' if left_out is None else f'without-{left_out}-'}{seed}.safetensors"


def main() -> None:
    """Train what is missing."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--work", type=Path, required=True, metavar="DIR", help="of prepare.py")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], metavar="N", help="a scorer each (0)")
    parser.add_argument("--steps", type=int, default=STEPS, metavar="N")
    parser.add_argument(
        "--leave-out", metavar="SOURCE", nargs="+", default=[None], help="one scorer without each"
    )
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    data = read_captioned(arguments.work)
    for left_out, seed in itertools.product(arguments.leave_out, arguments.seeds):
        path = scorer_file(arguments.work, left_out=left_out, seed=seed)
        if path.exists():
            continue

        def report(step: int, loss: float, name: str = path.stem) -> None:
            print(f"{name}: step {step}, loss {loss:.3f}, {time.process_time():.0f} s", flush=True)

        scorer = trained(data, left_out=left_out, seed=seed, steps=arguments.steps, report=report)
        unfinished = path.with_suffix(".new")
        of = {"seed": str(seed), "steps": str(arguments.steps), "left out": left_out or ""}
        save_file(scorer.state_dict(), unfinished, of)
        unfinished.rename(path)


if __name__ == "__main__":
    main()
