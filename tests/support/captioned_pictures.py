"""A folder of small drawn pictures, each with two captions, as a person would give it to `features`."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from PIL import Image

from tests.support.fake_encoder import COLOURS

SIDE = 32
THINGS = ("dog", "cat", "beach", "skull")


def captioned_pictures(folder: Path, sizes: dict[str, int], *, seed: int = 0) -> Path:
    """Write so many pictures of each split, with their table.

    Each shows two colours side by side in noise, and its captions name them.
    """
    random = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    names, rows = list(COLOURS), []
    for split, count in sizes.items():
        for number in range(count):
            left, right = (str(name) for name in random.choice(names, 2, replace=False))
            pixels = np.empty((SIDE, SIDE, 3), np.int64)
            pixels[:, : SIDE // 2], pixels[:, SIDE // 2 :] = COLOURS[left], COLOURS[right]
            pixels = np.clip(pixels + random.integers(-40, 41, pixels.shape), 0, 255)
            name = f"{split}-{number:03}.png"
            Image.fromarray(pixels.astype(np.uint8)).save(folder / name)
            thing = str(random.choice(THINGS))
            rows += [(name, f"a {left} {thing} on {right}", split), (name, f"{left} beside {right}", split)]
    with (folder / "captions.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "caption", "split"])
        writer.writerows(rows)
    return folder
