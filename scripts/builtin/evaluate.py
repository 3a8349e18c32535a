"""What heads of the built-in encoder find: pictures by their captions, on photographs that were held back.

    python scripts/builtin/evaluate.py --builtin ../shared/builtin --work DIR

A row is a head of mediaindex/embed/builtin_files, a column is a set of photographs: the splits val and val2
of --builtin, and of each further source what prepare.py held back. One caption of a photograph is asked, of
val2 three. Differences to --against, with 95 % intervals resampled by photograph, stand below.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from builtin._head import probabilities_of
from builtin._photographs import Item
from builtin._pooled import Photographs, Sentences, read_photographs, read_sentences

from mediaindex.embed.families.builtin import image_tower, text_tower
from mediaindex.embed.families.builtin_files import FILES, HeadFiles, builtin_spec, heads_of
from mediaindex.learn.evaluation.metrics import paired_bootstrap, ranks, retrieval
from mediaindex_models.minilm import WIDTH, SentenceStates

CAPTIONS_OF = {"val2": 3}

Ranks = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Questions:
    """A set of photographs with the captions that are asked.

    Attributes:
        photographs: the gallery. captions: rows of the sentences. right: (Q,) their photographs.
    """

    photographs: Photographs
    captions: list[int]
    right: NDArray[np.intp]


def sets_of(photographs: Photographs, sentences: Sentences) -> dict[str, Questions]:
    """val, val2, and what was held back of each further source."""
    held = {item.source for item in photographs.items if item.split == "held"}
    found = {}
    for name in ("val", "val2", *sorted(held)):
        own = photographs.where(partial(_is_of, name))
        most = CAPTIONS_OF.get(name, 1)
        asked = [
            (sentences.place[caption], place)
            for place, item in enumerate(own.items)
            for caption in item.captions[:most]
        ]
        found[name] = Questions(own, [row for row, _ in asked], np.array([place for _, place in asked]))
    return found


def _is_of(name: str, item: Item) -> bool:
    return name == item.split or (item.split == "held" and name == item.source)


@torch.inference_mode()
def ranks_of(head: HeadFiles, questions: Questions, sentences: Sentences) -> Ranks:
    """(Q,) how many photographs stand before the right one for each caption."""
    tower = image_tower(FILES, head=head)
    own = questions.photographs
    rows = own.seen[[views[0] for views in own.views]]
    probabilities = probabilities_of(rows, tower.backbone.classifier).float()
    seen = torch.from_numpy(rows.astype(np.float32))
    # the head takes logits, whose flattened softmax these are
    images = F.normalize(tower.vectors(seen, 2 * probabilities.clamp(min=1e-12).log()), dim=-1)
    texts = text_tower(FILES, head=head, places=builtin_spec(FILES).text_length)
    states = sentences.states[questions.captions]
    shallow, mean = states[:, WIDTH : 2 * WIDTH], states[:, 2 * WIDTH :]
    vectors, _tokens = texts.head(SentenceStates(mean[:, None], mean, shallow, shallow[:, None]))
    similarity = (F.normalize(vectors, dim=-1) @ images.T).numpy()
    return ranks(similarity, questions.right)


def table(found: Mapping[str, Mapping[str, Ranks]]) -> list[str]:
    """Lines of Markdown: R@1 / R@10 / MRR of each head on each set."""
    sets = list(next(iter(found.values())))
    lines = [f"| head | {' | '.join(sets)} |", f"|---|{'---|' * len(sets)}"]
    for head, by_set in found.items():
        cells = []
        for name in sets:
            figures = retrieval(by_set[name], depths=(1, 10))
            recalls = " / ".join(f"{share:.1f}" for share in figures.recall.values())
            cells.append(f"{recalls} / {100 * figures.reciprocal_rank:.1f}")
        lines.append(f"| {head} | {' | '.join(cells)} |")
    return lines


def differences(
    found: Mapping[str, Mapping[str, Ranks]], sets: Mapping[str, Questions], against: str
) -> list[str]:
    """Lines of Markdown: what each head gains in R@1 and MRR over another, with intervals."""
    lines = [f"| head, less {against} | {' | '.join(sets)} |", f"|---|{'---|' * len(sets)}"]
    for head, by_set in found.items():
        if head == against:
            continue
        cells = []
        for name, questions in sets.items():
            own, other = by_set[name], found[against][name]
            first = _interval(100.0 * ((own == 0).astype(float) - (other == 0)), questions)
            reciprocal = _interval(100.0 * (1 / (own + 1) - 1 / (other + 1)), questions)
            cells.append(f"R@1 {first}, MRR {reciprocal}")
        lines.append(f"| {head} | {' | '.join(cells)} |")
    return lines


def _name(head: HeadFiles) -> str:
    return " + ".join(Path(member).stem for member in head.members)


def _interval(differences: NDArray[np.float64], questions: Questions) -> str:
    found = paired_bootstrap(differences, questions.right, seed=0)
    return f"{found.value:+.1f} [{found.low:+.1f}, {found.high:+.1f}]"


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--builtin", type=Path, required=True, metavar="DIR", help="with features/")
    parser.add_argument("--work", type=Path, required=True, metavar="DIR", help="of prepare.py")
    parser.add_argument("--against", default="head-1", metavar="HEAD", help="(%(default)s)")
    arguments = parser.parse_args()
    sentences = read_sentences(arguments.work)
    sets = sets_of(read_photographs(arguments.work, arguments.builtin), sentences)
    found = {
        _name(head): {name: ranks_of(head, asked, sentences) for name, asked in sets.items()}
        for head in heads_of(FILES)
    }
    print("\n".join(["R@1 / R@10 / MRR:", "", *table(found), ""]))
    print("\n".join(differences(found, sets, arguments.against)))


if __name__ == "__main__":
    main()
