"""Make the bank of queries of a built-in encoder's newest head, in mediaindex/embed/builtin_files.

    python scripts/build_bank.py --builtin ../shared/builtin

The bank is the 500 general captions and 1 500 captions that the encoder was trained on, half of them of
Flickr8k, half of other sources, each of another photograph. A bank of one kind harms the others:
docs/benchmarks/hubs.md has the figures. Only vectors are kept, int8, and no caption. `builtin-free` has the
general captions alone, which are this project's own.
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path

import numpy as np
from _builtin_pairs import FLICKR8K, rows_of
from builtin._photographs import split_of_row
from numpy.typing import NDArray
from safetensors.numpy import save_file

from mediaindex.embed.families.builtin_files import FILES, FREE_NAME, NAME, NAMES, head_of
from mediaindex.embed.families.builtin_text import BuiltinTexts
from mediaindex.ingest.writer.general_captions import general_captions

OF_EACH_KIND = 750
SEED = 0


def training_captions(builtin: Path, *, fold: bool) -> list[str]:
    """One caption of each of some training photographs, half of Flickr8k, half of the other sources.

    Args:
        fold: without those of the photographs that heads of the kind `fold` have not seen.
    """
    of_kind: dict[bool, list[str]] = {True: [], False: []}
    for row in rows_of(builtin):
        split = split_of_row(row) if fold else row.split
        if split == "train" and row.by_people:
            of_kind[row.photograph.source == FLICKR8K].append(row.photograph.captions[0])
    numbers = random.Random(SEED)
    return [
        caption for kind in of_kind.values() for caption in numbers.sample(sorted(set(kind)), OF_EACH_KIND)
    ]


def int8_rows(vectors: NDArray[np.float32]) -> NDArray[np.int8]:
    """Rows as int8; their lengths are lost, as they are read as unit rows."""
    scaled: NDArray[np.float32] = vectors * (127 / np.abs(vectors).max(axis=1, keepdims=True))
    return np.round(scaled).astype(np.int8)


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--builtin", type=Path, required=True, metavar="DIR", help="captions of the training")
    parser.add_argument("--encoder", choices=NAMES, default=NAME, help="default: %(default)s")
    parser.add_argument("--fold", action="store_true", help="for a head of the kind fold")
    parser.add_argument("--files", type=Path, default=FILES, metavar="DIR", help="of the encoder")
    arguments = parser.parse_args()
    texts = list(general_captions())
    if arguments.encoder != FREE_NAME:
        texts += training_captions(arguments.builtin, fold=arguments.fold)
    head = head_of(arguments.files, arguments.encoder)
    queries = int8_rows(BuiltinTexts(arguments.files, name=arguments.encoder).texts(texts).pooled)
    path = arguments.files / head.bank
    save_file({"queries": queries}, path, {"encoder": head.digest})
    print(f"{path}: {len(queries)} queries, {path.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
