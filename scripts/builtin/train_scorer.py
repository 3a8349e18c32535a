"""Train the scorer of regions and words on the photographs that prepare.py left.

    python scripts/builtin/train_scorer.py --work DIR --seeds 0 1 2
    python scripts/builtin/train_scorer.py --work DIR --leave-out flickr8k pascal coco-64 rooms aerial

Writes DIR/scorer-SEED.safetensors, or DIR/scorer-without-SOURCE-SEED.safetensors of a scorer that has seen no
photograph of a source; what is there already is left. Photographs that are fresh, of val, val2 or held are
never trained on.

The similarity is not among what the scorer reads: it only chooses the photographs that a caption is compared
with. So the errors of the scorer are its own, and mixing both pays (docs/benchmarks/evidence.md).
"""

from __future__ import annotations

import argparse
import itertools
import math
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from builtin._captioned import Captioned, read_captioned

from mediaindex_models.late_interaction import LateInteraction

INPUT_DROPOUT, DROPOUT, CELL_DROPOUT = 0.3, 0.4, 0.15
RATE, DECAY, WARM_UP, LARGEST_GRADIENT = 1e-3, 0.05, 0.05, 1.0
ANCHORS, NEIGHBOURS, NEAREST, GALLERY = 32, 3, 64, 2400
"""Of a step: captions that look for their photograph, others near it for each, among how many of how many."""
SAME_MEANING = 0.985
"""Cosine of two captions from which each is right for the other's photograph."""
WEIGHT = {"aerial": 0.2, "coco-64": 0.5}
"""How often a photograph is drawn: many of these two are nearly the same, or of 64 × 64 pixels."""
MACHINE_WEIGHT = 0.5


class Batches:
    """Neighbourhoods of training photographs, each with one caption.

    Args:
        left_out: a source that is not drawn from.
    """

    def __init__(self, data: Captioned, *, left_out: str | None, seed: int) -> None:
        self._data = data
        self._numbers = np.random.default_rng(seed)
        own = [
            place
            for place, item in enumerate(data.items)
            if item.split == "train" and item.source != left_out
        ]
        if not own:
            raise SystemExit(f"no training photograph is left without {left_out}")
        weights = [
            WEIGHT.get(data.items[place].source, 1.0)
            * (1.0 if data.items[place].by_people else MACHINE_WEIGHT)
            for place in own
        ]
        self._own, self._chances = np.array(own), np.array(weights) / sum(weights)

    def draw(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Photographs, and one caption of each."""
        size = min(GALLERY, len(self._own))
        gallery = self._numbers.choice(self._own, size, replace=False, p=self._chances)
        asked = np.array([self._caption(place) for place in gallery[:ANCHORS].tolist()])
        similarity = self._data.said[asked] @ self._data.pictures[gallery].T
        nearest = similarity.topk(min(NEAREST, size), dim=1).indices.numpy()
        others = self._numbers.permuted(nearest, axis=1)[:, :NEIGHBOURS].ravel()
        chosen = np.unique(np.concatenate([np.arange(len(asked)), others]))
        captions = [asked[n] if n < len(asked) else self._caption(int(gallery[n])) for n in chosen]
        return gallery[chosen], np.array(captions)

    def _caption(self, place: int) -> int:
        own = self._data.captions_of[place]
        return int(own[self._numbers.integers(len(own))])


def trained(
    data: Captioned, *, left_out: str | None, seed: int, steps: int, report: Callable[[int, float], None]
) -> LateInteraction:
    """A scorer; ten times, `report` is told the step and the mean loss since it was last told."""
    torch.manual_seed(seed)
    batches = Batches(data, left_out=left_out, seed=seed)
    scorer = LateInteraction(data.cells.shape[2], input_dropout=INPUT_DROPOUT, dropout=DROPOUT).train()
    matrices, others = (
        [p for p in scorer.parameters() if (p.ndim > 1) is wanted] for wanted in (True, False)
    )
    optimiser = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": DECAY}, {"params": others, "weight_decay": 0.0}], lr=RATE
    )
    rates = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: rate_at(step, steps))
    every, losses = max(1, steps // 10), []
    for step in range(1, steps + 1):
        loss = loss_of(scorer, data, *batches.draw())
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(scorer.parameters(), LARGEST_GRADIENT)
        optimiser.step()
        rates.step()
        losses.append(loss.item())
        if step % every == 0 or step == steps:
            report(step, float(np.mean(losses)))
            losses.clear()
    return scorer.eval()


def loss_of(
    scorer: LateInteraction, data: Captioned, places: NDArray[np.intp], captions: NDArray[np.intp]
) -> Tensor:
    """Cross-entropy of captions for photographs and of photographs for captions, ()."""
    states, mask = data.captions.states(captions)
    cells = data.cells_at(places)
    cells = cells * (torch.rand(cells.shape[:2]) >= CELL_DROPOUT)[..., None]
    # with the cache of casts, weights of the forward pass would stay those of the first step
    with torch.autocast("cpu", dtype=torch.bfloat16, cache_enabled=False):
        logits = scorer(scorer.words(states, mask), scorer.regions(cells))
    unit = F.normalize(states.mean, dim=-1)
    alike = (unit @ unit.T > SAME_MEANING).float().fill_diagonal_(1.0)
    shares = alike / alike.sum(1, keepdim=True)
    return F.cross_entropy(logits, shares) + F.cross_entropy(logits.T, shares)


def rate_at(step: int, steps: int) -> float:
    """Share of the learning rate: a short rise, then half a cosine down to zero."""
    rise = min(1.0, (step + 1) / (WARM_UP * steps))
    return rise * 0.5 * (1 + math.cos(math.pi * step / steps))


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
    parser.add_argument("--steps", type=int, default=1200, metavar="N")
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
