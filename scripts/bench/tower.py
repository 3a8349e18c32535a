"""How many frames a second the image tower of the built-in encoder embeds, by arithmetic and batch.

    python scripts/bench/tower.py --library L      (frames of a library; minutes on one core)
    python scripts/bench/tower.py --quick          (drawn pictures: whether it runs)

Frames per second of CPU time, one thread, without reading and preparing the pictures; the best of several
turns, in which each way has one. The baseline is torch's plain float32. The cosine is that of a picture's
vector to the one of plain float32.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench._report import Row, flags, publish

from mediaindex.embed.device import has_bfloat16
from mediaindex.embed.families.builtin import image_tower
from mediaindex.embed.inputs import picture
from mediaindex.embed.preprocess import centre_squares
from mediaindex.store.catalog import lookup
from mediaindex.store.library import Library, open_library
from mediaindex.store.vectors.spaces import active_space

SIZE = 224
BATCHES = (4, 8, 32)
PICTURES, QUICK_PICTURES = 256, 32
TURNS, QUICK_TURNS = 5, 1
GOAL = 2.0

Tower = Callable[[Tensor], tuple[Tensor, Tensor]]


def towers() -> dict[str, Tower]:
    """The ways to compute it on this processor, the plain one first."""
    found: dict[str, Tower] = {"float32, plain": image_tower(), "float32": image_tower(fused=True)}
    if has_bfloat16():
        name = f"bfloat16 (at least {GOAL:.0f} times)"
        found[name] = image_tower(fused=True, arithmetic="bfloat16")
    return found


def drawn(count: int) -> Tensor:
    """Pictures of noise, uint8 (count, 224, 224, 3)."""
    numbers = np.random.default_rng(0)
    return torch.from_numpy(numbers.integers(0, 255, (count, SIZE, SIZE, 3), dtype=np.uint8))


def cached(library: Library, count: int) -> Tensor:
    """The first frames of different videos of a library, as the tower takes them."""
    with library.read() as connection:
        space = active_space(connection)
        if space is None:
            sys.exit(f"{library.root} has nothing indexed")
        videos = list(lookup.indexed_videos(connection, space.id, range(1, 100_000)).values())
    jpegs = (jpeg for video in videos for jpeg in islice(library.frames.read(video.frame_file), 8))
    return centre_squares([picture(jpeg) for jpeg in islice(jpegs, count)], size=SIZE)


def seconds(tower: Tower, pictures: Tensor, batch: int) -> float:
    """CPU time of embedding all of them."""
    began = time.process_time()
    for part in torch.split(pictures, batch):
        tower(part)
    return time.process_time() - began


def rows_of(pictures: Tensor, turns: int) -> list[Row]:
    """Frames per second by batch, and the cosines, of each way."""
    ways = towers()
    plain, *others = ways
    vectors = {
        name: torch.cat([way(part)[0] for part in torch.split(pictures, 4)]) for name, way in ways.items()
    }
    rows = []
    for batch in BATCHES:
        costs = [{name: seconds(way, pictures, batch) for name, way in ways.items()} for _ in range(turns)]
        speed = {name: len(pictures) / max(min(cost[name] for cost in costs), 1e-9) for name in ways}
        rows.append(Row(f"batch {batch}: {plain}", speed[plain], "frames/s"))
        rows += [
            Row(f"batch {batch}: {name}", speed[name], "frames/s", speed[plain], speed[name] / speed[plain])
            for name in others
        ]
    for name in others:
        cosines = torch.nn.functional.cosine_similarity(vectors[plain], vectors[name])
        for of, value in (("mean", cosines.mean()), ("least", cosines.min())):
            rows.append(Row(f"what the {of} cosine lacks to one: {name}", 1e3 * (1 - float(value)), "1e-3"))
    return rows


def main() -> int:
    """Run the benchmark."""
    parser = flags(__doc__ or "")
    parser.add_argument("--library", type=Path, metavar="DIR", help="take its frames")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    count, turns = (QUICK_PICTURES, QUICK_TURNS) if arguments.quick else (PICTURES, TURNS)
    if arguments.library is None:
        pictures = drawn(count)
    else:
        with open_library(arguments.library) as library:
            pictures = cached(library, count)
    with torch.inference_mode():
        publish("tower", rows_of(pictures, turns), arguments.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
