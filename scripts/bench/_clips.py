"""Small clips for the benchmarks that need many files: a few are encoded, and varied into any number."""

from __future__ import annotations

import random
import struct
from pathlib import Path


def write_clip(path: Path, chance: random.Random, *, seconds: float | None = None) -> None:
    """A clip of some seconds and up to three shots, no two alike.

    Args:
        seconds: of the whole clip; else 2 to 18.
    """
    import av
    import numpy as np

    noise = np.random.default_rng(chance.randrange(2**32))
    shots = chance.randint(1, 3)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"preset": "ultrafast"})
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        for _ in range(shots):
            tiles = noise.integers(0, 256, (6, 10, 3), dtype=np.uint8)
            still = np.kron(tiles, np.ones((16, 16, 1), np.uint8))
            frames = chance.randint(20, 60) if seconds is None else round(10 * seconds / shots)
            for number in range(frames):
                frame = av.VideoFrame.from_ndarray(np.roll(still, number, axis=1), format="rgb24")
                container.mux(stream.encode(frame))
        container.mux(stream.encode())


def write_clips(folder: Path, count: int, seed: int, *, seconds: float | None = None) -> list[Path]:
    """Clips of which no two are alike, in a new folder."""
    folder.mkdir(parents=True)
    paths = [folder / f"clip{number:03}.mp4" for number in range(count)]
    for number, path in enumerate(paths):
        write_clip(path, random.Random(f"{seed} {number}"), seconds=seconds)
    return paths


def another(clip: bytes, mark: int, length: int = 16) -> bytes:
    """The same film with other bytes: an MP4 with a `free` box at its end, which players ignore."""
    payload = struct.pack(">Q", mark).ljust(length, b"\0")
    return clip + struct.pack(">I4s", 8 + len(payload), b"free") + payload
