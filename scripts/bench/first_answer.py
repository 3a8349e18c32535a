"""How soon a large library answers: the first picture search that finds a given file, beside the full pass.

    python scripts/bench/first_answer.py           (2 000 files: a quarter of an hour on 2 cores)
    python scripts/bench/first_answer.py --quick   (64 files)

Files that a few clips are made into by other bytes, with the times of a year, are watched by a fresh
library. Some of them, drawn by the seed, are searched for by their pictures (`--in` this file) until found;
the full pass ends when every file is decoded in full. Names are asked for in the same way by words.
"""

from __future__ import annotations

import os
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench._clips import another, write_clips
from bench._processes import Watch, kill_session
from bench._report import Row, flags, publish, say

FILES, QUICK_FILES = 2_000, 64
CLIPS = 8
CLIP_SECONDS = 10.0
GIVEN, QUICK_GIVEN = 21, 3
YEAR_SECONDS = 365 * 86_400
DEADLINE_SECONDS = 3600.0
POLL_SECONDS = 0.5


def fill(folder: Path, files: int, clips: list[bytes], chance: random.Random) -> list[Path]:
    """Files of which no two have the same bytes, each with a time of the last year."""
    folder.mkdir()
    now, paths = time.time(), []
    for number in range(files):
        path = folder / f"take{number:05}.mp4"
        path.write_bytes(another(clips[number % len(clips)], number))
        moment = now - chance.uniform(0, YEAR_SECONDS)
        os.utime(path, (moment, moment))
        paths.append(path)
    return paths


def first_answers(watch: Watch, library: Path, given: list[Path], channel: str) -> dict[Path, float]:
    """The moment, on this machine's clock, at which each file was first found by a channel, if it was."""
    raise NotImplementedError


def search_for(library: Path, given: list[Path], watch: Watch) -> tuple[dict[Path, float], dict[Path, float]]:
    """Unix times at which the pictures and the words of each file were first found; ends with the pass."""
    from mediaindex.embed import load_encoder

    encoder = load_encoder("builtin", device="cpu", threads=1)
    by_pictures: dict[Path, float] = {}
    by_words: dict[Path, float] = {}
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline and watch.runs():
        for channel, found in (("pictures", by_pictures), ("words", by_words)):
            for path in given:
                if path not in found and _is_found(library, path, channel, encoder):
                    found[path] = time.time()
        if len(by_pictures) == len(given):
            return by_pictures, by_words
        time.sleep(POLL_SECONDS)
    raise RuntimeError(f"not all were found: {watch.said()}")
