"""Fit a head of the built-in encoder to everything but data/generator_share.txt, for measuring generators.

    python scripts/fit_head.py --builtin ../shared/builtin --flickr8k GITDIR --work DIR

Follows train_prototype.py of that folder, with its default settings; the towers are the shipped ones, int8
as they are. Writes the encoder's files to DIR/builtin_files, and to DIR/features the features of what this
head was not trained on. It is not shipped: it finds less (docs/benchmarks/head.md). Takes half an hour on
one core; finished parts are kept, so that an interrupted run continues.
"""

from __future__ import annotations

import argparse
import importlib
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from _builtin_pairs import name_of, read_share, rows_of, unseen_by_the_fitted_head
from _pseudo_frames import write_feature_files
from builtin.export import renew_digests
from torch import Tensor

from mediaindex.embed.families.builtin_files import FILES, TOWERS, head_of

HEADS = 3
# the defaults of train_prototype.py
SETTINGS = {
    "epochs": 18.0,
    "lr": 1e-3,
    "hidden": 768,
    "text_hidden": 512,
    "text_pull": 1.0,
    "drop": 0.6,
    "augment": 0.8,
    "crops": 1,
}


@dataclass(frozen=True, slots=True, eq=False)
class Corpus:
    """What the recipe reads, all splits.

    Attributes:
        rows: captions, source, split, path_in_source and views, which are rows of `features`.
        features: (V, 1280) pooled. sentences: (C, 1152), of `captions`. classes: (1000, 6, 1152).
    """

    rows: list[dict[str, Any]]
    features: Tensor
    captions: list[str]
    sentences: Tensor
    classes: Tensor


class Recipe:
    """The prototype's code with the shipped towers."""

    def __init__(self, builtin: Path, files: Path) -> None:
        sys.path.insert(0, str(builtin))
        self.model: Any = importlib.import_module("builtin_model")
        self.training: Any = importlib.import_module("train_prototype")
        self._builtin = builtin
        self._files = files
        self._state = self.model.load_state(str(files / TOWERS))
        network = self.model.backbone(self._part("image."))
        self._backbone = network.to(memory_format=torch.channels_last)
        self.settings = argparse.Namespace(
            pairs=str(builtin / "pairs"), features=str(builtin / "features"), **SETTINGS
        )

    def corpus(self, kept: Path) -> Corpus:
        """Features and sentences of everything, from `kept` where they are there."""
        if kept.exists():
            # a file of our own, with lists and dicts of texts beside its tensors
            return Corpus(*torch.load(kept, weights_only=True))
        words = self.model.Words((self._files / "vocab.txt").read_text(encoding="utf-8").split("\n"))
        tower = self.model.Minilm(vocab=len(words.ids))
        tower.load_state_dict(self._part("minilm."))
        rows, features = self.training.read(self.settings, self._backbone)
        captions = sorted({caption for row in rows for caption in row["captions"]})
        sentences = self.training.encode_texts(tower.eval(), words, captions)
        texts = self.training.class_texts()
        classes = self.training.encode_texts(tower, words, [text for some in texts for text in some])
        by_class = classes.reshape(len(texts), 1000, -1).transpose(0, 1).contiguous()
        torch.save((rows, features, captions, sentences, by_class), kept)
        return Corpus(rows, features, captions, sentences, by_class)

    def head(self, seed: int, corpus: Corpus) -> Any:
        """One head, trained on every row of the training split that is not the generators'."""
        share = read_share()
        rows = [row for row in corpus.rows if row["split"] == "train" and name_of(row) not in share]
        whole = corpus.features[[row["views"][0] for row in rows]]
        number = {caption: place for place, caption in enumerate(corpus.captions)}
        return self.training.train_head(
            self.settings,
            seed,
            rows,
            corpus.features,
            self._probabilities(corpus),
            corpus.sentences,
            number,
            corpus.classes,
            whole.mean(0),
            whole.std(0) + 1e-3,
        )

    def recall(self, head: Any, corpus: Corpus, split: str) -> Mapping[str, float]:
        """R@1, R@5, R@10 and the median rank of a split's captions among its photographs."""
        rows = [row for row in corpus.rows if row["split"] == split]
        number = {caption: place for place, caption in enumerate(corpus.captions)}
        pairs = [(number[caption], place) for place, row in enumerate(rows) for caption in row["captions"]]
        texts, right = (list(side) for side in zip(*pairs, strict=True))
        views = [row["views"][0] for row in rows]
        probabilities = self._probabilities(corpus)[views]
        recalls: Mapping[str, float] = self.training.recall(
            head, corpus.features[views], probabilities, corpus.sentences[texts], torch.tensor(right)
        )
        return recalls

    def ship(self, head: Any) -> None:
        """Write the head, int8, in place of the newest; the towers stay."""
        state = {f"head.{name}": value for name, value in head.state_dict().items()}
        self.model.save_state(state, str(self._files / head_of(self._files).members[-1]), "int8")

    def _probabilities(self, corpus: Corpus) -> Tensor:
        with torch.no_grad():
            probabilities: Tensor = self.model.class_probs(self._backbone.classifier(corpus.features))
        return probabilities

    def _part(self, prefix: str) -> dict[str, Tensor]:
        return {
            name.removeprefix(prefix): value for name, value in self._state.items() if name.startswith(prefix)
        }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--builtin", type=Path, required=True, metavar="DIR", help="../shared/builtin")
    parser.add_argument("--work", type=Path, required=True, metavar="DIR", help="kept between runs")
    parser.add_argument("--flickr8k", type=Path, metavar="GITDIR", help="without it no features are made")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    files = arguments.work / "builtin_files"
    shutil.copytree(FILES, files, dirs_exist_ok=True)
    recipe = Recipe(arguments.builtin, files)
    corpus = recipe.corpus(arguments.work / "cache.pt")
    heads = []
    for seed in range(HEADS):
        kept = arguments.work / f"head{seed}.pt"
        if not kept.exists():
            torch.save(recipe.head(seed, corpus).state_dict(), kept)
        heads.append(recipe.model.head_from(torch.load(kept, weights_only=True)))
        print(f"head {seed}: {recipe.recall(heads[-1], corpus, 'val')}", flush=True)
    head = recipe.model.average(heads)
    for split in ("val", "val2"):
        print(f"average, {split}: {recipe.recall(head, corpus, split)}")
    recipe.ship(head)
    print(f"digest {renew_digests(files)}", flush=True)
    if arguments.flickr8k is not None:
        unseen = unseen_by_the_fitted_head(list(rows_of(arguments.builtin)), read_share())
        write_feature_files(
            unseen, arguments.flickr8k, arguments.work / "features", files=files, progress=print
        )


if __name__ == "__main__":
    main()
