"""Make the built-in encoder's bank of queries: mediaindex/embed/builtin_files/bank.safetensors.

    python scripts/build_bank.py --builtin ../shared/builtin

The bank is the 500 general captions and 1 500 captions that the encoder was trained on, half of them of
Flickr8k, half of other sources, each of another photograph. A bank of one kind harms the others:
docs/benchmarks/hubs.md has the figures. Only vectors are kept, int8, and no caption.
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path

import numpy as np
from _builtin_pairs import FLICKR8K, rows_of
from numpy.typing import NDArray
from safetensors.numpy import save_file

from mediaindex.embed.families.builtin_files import BANK, FILES, builtin_spec
from mediaindex.embed.families.builtin_text import BuiltinTexts
from mediaindex.ingest.writer.general_captions import general_captions

OF_EACH_KIND = 750
SEED = 0


def training_captions(builtin: Path) -> list[str]:
    """One caption of each of some training photographs, half of Flickr8k, half of the other sources."""
    of_kind: dict[bool, list[str]] = {True: [], False: []}
    for row in rows_of(builtin):
        if row.split == "train" and row.by_people:
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
    parser.add_argument("--out", type=Path, default=FILES / BANK, metavar="FILE")
    arguments = parser.parse_args()
    texts = [*general_captions(), *training_captions(arguments.builtin)]
    queries = int8_rows(BuiltinTexts().texts(texts).pooled)
    save_file({"queries": queries}, arguments.out, {"encoder": builtin_spec(FILES).digest})
    print(f"{arguments.out}: {len(queries)} queries, {arguments.out.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
