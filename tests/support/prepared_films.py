"""A folder as scripts/builtin/prepare_films.py leaves it, of a few films that were never shot.

Frames of one film resemble each other, and those of one segment more.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.support.prepared_photographs import CELLS, CHANNELS

FRAMES = 8


def write_prepared_films(folder: Path, count: int, *, seed: int = 0) -> None:
    """pets.npz, of `count` films with two segments each, and actions.npz, of two kinds."""
    numbers = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    for source in ("pets", "actions"):
        maps = {}
        for name, wide in CHANNELS.items():
            films, segments, frames = (
                numbers.normal(size=shape)
                for shape in ((count, 1, CELLS, wide), (count, 2, CELLS, wide), (count, FRAMES, CELLS, wide))
            )
            seen = films + 0.5 * segments.repeat(FRAMES // 2, axis=1) + 0.2 * frames
            shares = np.exp(seen) / np.exp(seen).sum(-1, keepdims=True)
            seen = shares if name == "colours" else seen
            maps[name] = seen.reshape(-1, CELLS, wide).astype(np.float16)
        kinds = [["archery", "biking"][n % 2] if source == "actions" else "" for n in range(count)]
        np.savez(
            folder / f"{source}.npz",
            allow_pickle=False,
            films=np.array([[f"{n}.mp4", f"{n // 2 if kinds[n] else n}", kinds[n]] for n in range(count)]),
            segments=np.array([[0] * 4 + [1] * 4] * count),
            **maps,
        )
