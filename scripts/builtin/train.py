"""Train heads of the built-in encoder on what prepare.py left.

    python scripts/builtin/train.py --builtin ../shared/builtin --work DIR

Leaves heads/KIND-SEED.safetensors in --work; what is there is kept, so that an interrupted run goes on.
    full      three heads on all training photographs: of `builtin`
    free      three heads on photographs with a stated free licence, and the names of the ImageNet classes: of
              `builtin-free`
    left-out  as `full`, without the sources of scripts/_left_out_pairs.py: it does not ship, and shows what
              holds of kinds that a head has not seen
    fold      as `left-out`, without a fold of the photographs (`Item.is_of_fold`): the similarity beside
              which a scorer is judged on photographs that no part has seen
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import save_file

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _left_out_pairs import SOURCES
from builtin._head import Recipe, probabilities_of, train_head
from builtin._photographs import Item
from builtin._pooled import Photographs, Sentences, read_photographs, read_sentences

from mediaindex.embed.families.builtin import image_tower
from mediaindex_models.efficientnet import FEATURES

FREE_SOURCES = ("clothing", "caltech-101")
"""Published as CC0 1.0 and CC BY 4.0."""
RECIPES: Mapping[str, Recipe] = {
    "full": Recipe(),
    "left-out": Recipe(),
    "fold": Recipe(),
    "free": Recipe(seen=FEATURES, hidden=256, text_hidden=128, samples=66_000),
}
SEEDS = (0, 1, 2)


def is_of(kind: str, item: Item) -> bool:
    """Whether heads of a kind are trained on a photograph."""
    is_left_out = item.source in {source.name for source in SOURCES}
    is_wanted = {
        "full": True,
        "free": item.source in FREE_SOURCES,
        "left-out": not is_left_out,
        "fold": not is_left_out and not item.is_of_fold,
    }
    return item.trains_heads and is_wanted[kind]


def train(
    kind: str,
    recipe: Recipe,
    photographs: Photographs,
    sentences: Sentences,
    folder: Path,
    *,
    seeds: Sequence[int],
) -> list[Path]:
    """The files of the heads of one kind, trained where they are missing."""
    folder.mkdir(parents=True, exist_ok=True)
    own = photographs.where(lambda item: is_of(kind, item))
    probabilities = torch.empty(0)
    paths = []
    for seed in seeds:
        path = folder / f"{kind}-{seed}.safetensors"
        paths.append(path)
        if path.exists():
            continue
        if not len(probabilities):
            probabilities = probabilities_of(own.seen, image_tower().backbone.classifier)
        begun = time.process_time()
        head = train_head(recipe, own, probabilities, sentences, seed=seed)
        unfinished = path.with_suffix(".new")
        save_file(head.tensors(), unfinished)
        unfinished.rename(path)
        print(f"{path.name}: {len(own.items)} photographs, {time.process_time() - begun:.0f} s", flush=True)
    return paths


def main() -> None:
    """Train what is missing."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--builtin", type=Path, required=True, metavar="DIR", help="with features/")
    parser.add_argument("--work", type=Path, required=True, metavar="DIR", help="of prepare.py")
    parser.add_argument("--kinds", nargs="+", choices=list(RECIPES), default=["full", "free"])
    parser.add_argument(
        "--seeds", type=int, nargs="+", default=SEEDS, metavar="N", help="a head each (0 1 2)"
    )
    parser.add_argument(
        "--samples", type=int, metavar="N", help="photographs shown, in place of the recipe's"
    )
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    photographs = read_photographs(arguments.work, arguments.builtin)
    sentences = read_sentences(arguments.work)
    for kind in arguments.kinds:
        recipe = RECIPES[kind]
        if arguments.samples is not None:
            recipe = replace(recipe, samples=arguments.samples)
        train(kind, recipe, photographs, sentences, arguments.work / "heads", seeds=arguments.seeds)


if __name__ == "__main__":
    main()
