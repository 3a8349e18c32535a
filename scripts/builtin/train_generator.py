"""Train generators that read what the scorer says of each candidate, and their twins.

    python scripts/builtin/train_generator.py --work DIR --fold-files DIR --seeds 0 1 2

Writes DIR/generators/NAME-SEED for `residual`, the same without diffusion, and the pointwise one; what is
there already is left. They learn from lists of photographs that neither the head beside the scorer nor the
scorer has seen: half of `val`, what is held of each further source, and what is fresh beside the heads in
--fold-files, every gallery with the same weight. The other half of `val` chooses the weight of the score in
the final order. Texts ask for pictures, pictures for texts.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench._evidence_lists import Lists, Places, Ranker, Similarity
from builtin._captioned import Captioned, read_captioned
from builtin._photographs import fraction_of
from builtin.train_scorer import scorer_file

from mediaindex.embed.families.builtin_files import FILES, head_of, scorer_of
from mediaindex.learn.evaluation.metrics import retrieval
from mediaindex.learn.scorer.list_generators import reading_spec
from mediaindex.learn.scorer.training import optimiser_of
from mediaindex_models.candidates import Candidates
from mediaindex_models.checkpoint import EncoderIdentity, SavedGenerator, ScorerIdentity, save
from mediaindex_models.denoiser import DIRECTIONS, Direction
from mediaindex_models.diffusion import one_hot_target
from mediaindex_models.generator import Generator, fused
from mediaindex_models.losses import generation_loss
from mediaindex_models.presets import GeneratorSpec

NAMES = ("residual", "residual-without-diffusion", "pointwise")
STEPS, BATCH = 600, 128
CAPTIONS = 3
WEIGHTS = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Of the score in the final order."""


def candidates_of(
    lists: Lists, direction: Direction, rows: Tensor, *, reads_numbers: bool = True
) -> Candidates:
    """What a generator reads of some queries."""
    asking, gallery, chosen, unit = lists.sides
    asking, chosen, numbers = asking[rows], chosen[rows], lists.numbers[rows]
    frames = gallery if direction == "t2v" else asking[:, None]
    return Candidates(
        direction,
        text=asking if direction == "t2v" else gallery,
        video=frames,
        mask=torch.ones(frames.shape[:2], dtype=torch.bool),
        score=unit * numbers[..., 0],
        chosen=chosen,
        numbers=numbers if reads_numbers else None,
    )


def galleries(data: Captioned) -> tuple[list[Places], Places, Places]:
    """Photographs of each gallery that trains, those that train beside other heads, those that choose."""
    val = [place for place, item in enumerate(data.items) if item.split == "val"]
    first = [place for place in val if fraction_of(data.items[place].name, "half") < 0.5]
    held = sorted({item.source for item in data.items if item.split == "held"})
    of_source = [
        [p for p, item in enumerate(data.items) if (item.split, item.source) == ("held", source)]
        for source in held
    ]
    fresh = [place for place, item in enumerate(data.items) if item.split == "fresh"]
    return (
        [np.array(own) for own in (first, *of_source)],
        np.array(fresh, dtype=np.intp),
        np.array(sorted(set(val) - set(first))),
    )


def lists_of(ranker: Ranker, similarity: Similarity, places: Places) -> dict[Direction, Lists]:
    """Of one gallery, in both directions."""
    return {
        "t2v": ranker.lists(similarity, places, captions=CAPTIONS),
        "v2t": ranker.lists_of_captions(similarity, places, captions=CAPTIONS),
    }


def trained(
    spec: GeneratorSpec, training: Sequence[Mapping[Direction, Lists]], *, seed: int, steps: int
) -> Generator:
    """A generator after so many steps, each of one gallery."""
    torch.manual_seed(seed)
    numbers = np.random.default_rng(seed)
    generator = Generator(spec).train()
    optimiser, rates = optimiser_of(generator, steps)
    for _ in range(steps):
        own = training[int(numbers.integers(len(training)))]
        loss = torch.stack([loss_of(generator, own[way], way, numbers) for way in DIRECTIONS]).sum()
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        optimiser.step()
        rates.step()
    return generator.eval()


def loss_of(generator: Generator, lists: Lists, direction: Direction, numbers: np.random.Generator) -> Tensor:
    """The generation loss of some queries with a right one among their candidates, ()."""
    inside = (lists.place >= 0).any(1).nonzero()[:, 0]
    rows = inside[torch.from_numpy(numbers.integers(len(inside), size=BATCH))]
    right = lists.place[rows]
    # the first right one that is a candidate
    right = right.gather(1, (right >= 0).int().argmax(1, keepdim=True))[:, 0]
    own = candidates_of(lists, direction, rows)
    t = torch.randint(len(generator.diffusion.schedule), (len(rows),))
    x = generator.diffusion.noised(one_hot_target(right, own.count), t, torch.randn(len(rows), own.count))
    return generation_loss(generator(x, t, own), right)


def weighed(generator: Generator, lists: Lists) -> Generator:
    """The same with the weight of the score that ranks the lists best."""
    own = candidates_of(lists, "t2v", torch.arange(len(lists.numbers)))
    clean = generator.ranker("t2v")(own).clean

    def reciprocal_rank(weight: float) -> float:
        scores = fused(replace(generator.spec, weight=weight), clean, own.score)
        return retrieval(lists.ranks(scores)).reciprocal_rank

    generator.spec = replace(generator.spec, weight=max(WEIGHTS, key=reciprocal_rank))
    return generator


def main() -> None:
    """Train what is missing."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--work", type=Path, required=True, metavar="DIR", help="of prepare.py")
    parser.add_argument(
        "--fold-files", type=Path, metavar="DIR", help="of an encoder with heads of kind fold; else without"
    )
    parser.add_argument(
        "--seeds", type=int, nargs="+", default=[0], metavar="N", help="generators of each (0)"
    )
    parser.add_argument("--steps", type=int, default=STEPS, metavar="N")
    arguments = parser.parse_args()
    head, scorer = head_of(FILES), scorer_of(FILES)
    if scorer is None:
        sys.exit(f"{FILES} has no scorer: run scripts/builtin/export_scorer.py first")
    torch.set_num_threads(1)
    data = read_captioned(arguments.work)
    similarity = Similarity.of(data, arguments.work, FILES)
    ranker = Ranker(data, scorer_file(arguments.work, left_out=None, seed=0), left_out=None, seed=0)
    of_training, beside_fold, of_choice = galleries(data)
    training = [lists_of(ranker, similarity, places) for places in of_training]
    if arguments.fold_files is not None:
        fold = Similarity.of(data, arguments.work, arguments.fold_files)
        training.append(lists_of(ranker, fold, beside_fold))
    choice = ranker.lists(similarity, of_choice, captions=CAPTIONS)
    for name in NAMES:
        spec = reading_spec(name, width=similarity.said.shape[1])
        for seed in arguments.seeds:
            folder = arguments.work / "generators" / f"{name}-{seed}"
            if folder.exists():
                continue
            generator = weighed(trained(spec, training, seed=seed, steps=arguments.steps), choice)
            saved = SavedGenerator(
                generator,
                EncoderIdentity(head.name, head.digest),
                scorer=ScorerIdentity(scorer.digest, similarity.deviation),
            )
            save(saved, folder, card=f"{name}, seed {seed}, of scripts/builtin/train_generator.py\n")
            print(f"{folder.name}: weight of the score {generator.spec.weight}", flush=True)


if __name__ == "__main__":
    main()
