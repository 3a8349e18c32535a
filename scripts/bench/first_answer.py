"""How soon a large library answers: the first picture search that finds a given file, beside the full pass.

    python scripts/bench/first_answer.py           (2 000 files: a quarter of an hour on 2 cores)
    python scripts/bench/first_answer.py --quick   (48 files)

Files that a few clips are made into by other bytes, with the times of a year, are watched by a fresh
library. Some of them, drawn by the seed, are searched for (`--in` this file) by pictures and by words until
found. The full pass ends when every file is decoded in full.
"""

from __future__ import annotations

import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench._clips import another, write_clips
from bench._processes import Watch, kill_session
from bench._report import Row, flags, publish, say

if TYPE_CHECKING:
    from mediaindex.embed.encoder import Encoder
    from mediaindex.search.answer import Channel
    from mediaindex.store.library import Library

FILES, QUICK_FILES = 2_000, 48
CLIPS = 8
CLIP_SECONDS = 10.0
SOUGHT, QUICK_SOUGHT = 21, 3
YEAR_SECONDS = 365 * 86_400
FULL_PASS_SECONDS = 3600.0
POLL_SECONDS = 0.5
CHANNELS: tuple[Channel, ...] = ("words", "pictures")


def fill(folder: Path, files: int, clips: Sequence[bytes], chance: random.Random) -> list[Path]:
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


def first_found(watch: Watch, root: Path, sought: Sequence[Path]) -> dict[Channel, dict[Path, float]]:
    """By channel, the Unix time at which each file was found first.

    Raises:
        RuntimeError: some were not found while the watcher ran, or in an hour.
    """
    from mediaindex.embed.loading import load_encoder
    from mediaindex.store.library import open_library

    encoder = load_encoder("builtin", device="cpu", threads=1)
    watch.wait_for("looking", why="first")
    found_at: dict[Channel, dict[Path, float]] = {channel: {} for channel in CHANNELS}
    deadline = time.monotonic() + FULL_PASS_SECONDS
    with open_library(root) as library:
        while time.monotonic() < deadline and watch.runs():
            for channel, times in found_at.items():
                for path in sought:
                    if path not in times and _finds(library, encoder, path, channel):
                        times[path] = time.time()
            if all(len(times) == len(sought) for times in found_at.values()):
                return found_at
            time.sleep(POLL_SECONDS)
    raise RuntimeError(f"not all of {len(sought)} files were found: {watch.stderr()}")


def _finds(library: Library, encoder: Encoder, path: Path, channel: Channel) -> bool:
    from mediaindex.search.answer import Question
    from mediaindex.search.searcher import Searcher
    from mediaindex.store.catalog.lookup import Filters
    from mediaindex.store.vectors.spaces import active_space

    with library.read() as connection:
        space = active_space(connection)
    if space is None and channel == "pictures":
        return False
    text = path.stem if channel == "words" else "coloured tiles"
    question = Question(text=text, channel=channel, filters=Filters(within=(path,)), limit=1)
    searcher = Searcher(library, space, encoder if channel == "pictures" else None)
    return str(path) in {hit.path for hit in searcher.search(question).hits}


def rows_of(
    found_at: Mapping[Channel, Mapping[Path, float]], began: float, full_pass: float, files: int
) -> list[Row]:
    """Seconds from the start of the first pass, each with the full pass and its share of it."""
    rows = []
    for channel, times in found_at.items():
        seconds = sorted(moment - began for moment in times.values())
        for what, value in (("median", statistics.median(seconds)), ("last", seconds[-1])):
            title = f"found by {channel}, {what} of {len(seconds)} files, beside the full pass of {files}"
            rows.append(Row(title, value, "s", full_pass, value / full_pass))
    return rows


def main() -> None:
    parser = flags(__doc__ or "")
    parser.add_argument("--files", type=int, metavar="N", help=f"of the library ({FILES})")
    arguments = parser.parse_args()
    files = arguments.files or (QUICK_FILES if arguments.quick else FILES)
    chance = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as name:
        work = Path(name).resolve()
        clips = write_clips(work / "clips", CLIPS, arguments.seed, seconds=CLIP_SECONDS)
        paths = fill(work / "videos", files, [clip.read_bytes() for clip in clips], chance)
        sought = chance.sample(paths, QUICK_SOUGHT if arguments.quick else min(files, SOUGHT))
        watch = Watch(work / "library", work / "watch.jsonl", str(work / "videos"))
        try:
            found_at = first_found(watch, work / "library", sought)
            say(f"all {len(sought)} files were found")
            began = watch.wait_for("looking", why="first")["time"]
            last_event = watch.wait_for("looked", why="first", seconds=FULL_PASS_SECONDS)
        finally:
            kill_session(watch.process, group=True)
        if last_event["videos"] != files or last_event["failed"]:
            sys.exit(f"of {files} files {last_event['videos']} were indexed: {last_event['failed'][:3]}")
    publish("first_answer", rows_of(found_at, began, last_event["time"] - began, files), arguments.json)


if __name__ == "__main__":
    main()
