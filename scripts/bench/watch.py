"""What a watcher costs, and how soon it answers.

    python scripts/bench/watch.py          (20 clips, 20 000 files, 100 000 events: half an hour on 2 cores)
    python scripts/bench/watch.py --quick  (2 clips, 200 files, 2 000 events)

Latency: a clip of 10 s is copied into a watched folder; from the end of the copy until a search finds it.
Rescan: the CPU time of the watcher, its threads and its children, from the moment a rescan of a folder of
distinct files begins until it ends, nothing being new. Memory: the resident set of that watcher before and
after files came and went in its folder, two events at least each time.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench._clips import another, write_clips
from bench._processes import Watch, kill_session
from bench._report import Row, flags, publish, say

if TYPE_CHECKING:
    from mediaindex.search.searcher import Searcher

CLIPS, QUICK_CLIPS = 20, 2
CLIP_SECONDS = 10.0
FILES, QUICK_FILES = 20_000, 200
# So many files have the same content: a library of copies is made in minutes, and scanned as any other.
COPIES = 50
EVENTS, QUICK_EVENTS = 100_000, 2_000
EVENTS_A_FILE = 2  # it comes and it goes; the kernel tells more
BURST = 500
QUIET_SECONDS = 2.0
MOST_SECONDS_AFTER_QUIET = 3.0
MOST_CPU_SECONDS = 2.0
RESCANS = 3
REST_SECONDS = 6.0
FILLED_SECONDS = 3600.0
MIB = 2**20


@dataclass(frozen=True, slots=True)
class Memory:
    """Resident sets in MiB."""

    before: float
    after: float


def latencies(work: Path, clips: list[Path]) -> list[float]:
    """Seconds from the end of each copy until a search finds it."""
    from mediaindex.embed.loading import load_encoder
    from mediaindex.search.searcher import Searcher
    from mediaindex.store.library import open_library
    from mediaindex.store.vectors.spaces import active_space

    videos, library = work / "videos", work / "library"
    videos.mkdir()
    shutil.copy(clips[0], videos)
    watch = Watch(library, work / "watch.jsonl", str(videos))
    try:
        watch.wait_until_idle(REST_SECONDS)
        encoder = load_encoder("builtin", device="cpu", threads=1)
        seconds = []
        with open_library(library) as opened:
            with opened.read() as connection:
                space = active_space(connection)
            for clip in clips[1:]:
                copied = Path(shutil.copyfile(clip, videos / clip.name))
                began = time.monotonic()
                _search_until_found(Searcher(opened, space, encoder), copied)
                seconds.append(time.monotonic() - began)
                say(f"{copied.name} after {seconds[-1]:.2f} s")
                watch.wait_until_idle(1.0)
        return seconds
    finally:
        kill_session(watch.process, group=True)


def _search_until_found(searcher: Searcher, film: Path) -> None:
    from mediaindex.search.answer import Question

    question = Question(text="coloured tiles", channel="pictures", limit=1000, per_video=1)
    while str(film) not in {hit.path for hit in searcher.search(question).hits}:
        time.sleep(0.05)


def fill(folder: Path, files: int, clip: bytes) -> None:
    """Distinct files, of which some have the same bytes."""
    folder.mkdir()
    contents = max(1, files // COPIES)
    for number in range(files):
        (folder / f"film {number:05}.mp4").write_bytes(another(clip, number % contents))


def rescan_and_memory(work: Path, files: int, events: int, clip: bytes) -> tuple[list[float], Memory]:
    """CPU seconds of each rescan of so many files, and the memory over so many events."""
    import psutil

    videos, library = work / "many", work / "library of many"
    fill(videos, files, clip)
    say(f"{files} files written")
    options = (str(videos), "--full-only", "--rescan-minutes")
    first = Watch(library, work / "first.jsonl", *options, "600")
    try:
        first.wait_until_idle(REST_SECONDS, seconds=FILLED_SECONDS)
    finally:
        first.stop()
    say(f"{files} files indexed")
    watch = Watch(library, work / "second.jsonl", *options, "0.2")
    try:
        cpu_seconds = list(_rescans(watch))
    finally:
        watch.stop()
    watch = Watch(library, work / "third.jsonl", *options, "600")
    try:
        watch.wait_until_idle(REST_SECONDS)
        before = psutil.Process(watch.pid).memory_info().rss / MIB
        _let_events_happen(videos, events, clip)
        watch.wait_until_idle(REST_SECONDS, seconds=FILLED_SECONDS)
        after = psutil.Process(watch.pid).memory_info().rss / MIB
    finally:
        watch.stop()
    return cpu_seconds, Memory(before, after)


def _rescans(watch: Watch) -> Iterator[float]:
    event_count = 0
    for _ in range(RESCANS):
        watch.wait_for("looking", after=event_count, why="rescan", seconds=FILLED_SECONDS)
        before, event_count = _cpu_seconds(watch.pid), len(watch.events())
        event = watch.wait_for("looked", after=event_count - 1, why="rescan", seconds=FILLED_SECONDS)
        yield _cpu_seconds(watch.pid) - before
        event_count = len(watch.events())
        say(f"rescan of {event['unchanged']} files in {event['elapsed_seconds']:.1f} s")


def _cpu_seconds(pid: int) -> float:
    import psutil

    used = psutil.Process(pid).cpu_times()
    return used.user + used.system + used.children_user + used.children_system


def _let_events_happen(folder: Path, events: int, clip: bytes) -> None:
    """Files come and go, in bursts that the kernel's queue holds."""
    for number in range(events // EVENTS_A_FILE):
        path = folder / f"passing {number % 1000}.mp4"
        path.write_bytes(clip[:100])
        path.unlink()
        if number % BURST == BURST - 1:
            time.sleep(0.1)


def main() -> None:
    parser = flags(__doc__ or "")
    parser.add_argument("--files", type=int, metavar="N", help=f"of the rescan ({FILES})")
    arguments = parser.parse_args()
    files = arguments.files or (QUICK_FILES if arguments.quick else FILES)
    events = QUICK_EVENTS if arguments.quick else EVENTS
    with tempfile.TemporaryDirectory() as name:
        work = Path(name).resolve()
        count = QUICK_CLIPS if arguments.quick else CLIPS
        clips = write_clips(work / "clips", count + 1, arguments.seed, seconds=CLIP_SECONDS)
        latencies_seconds = latencies(work, clips)
        (short,) = write_clips(work / "short", 1, arguments.seed, seconds=1.0)
        rescans, memory = rescan_and_memory(work, files, events, short.read_bytes())
    most = QUIET_SECONDS + MOST_SECONDS_AFTER_QUIET
    cpu = statistics.median(rescans)
    rows = [
        Row(
            f"copy to found, {len(latencies_seconds)} clips of 10 s, median (at most {most:g})",
            statistics.median(latencies_seconds),
            "s",
        ),
        Row("copy to found, slowest", max(latencies_seconds), "s"),
        Row(f"rescan of {files} unchanged files, CPU, median of {len(rescans)}", cpu, "s"),
        Row(f"the same per 10 000 files (under {MOST_CPU_SECONDS:g})", 10_000 * cpu / files, "s"),
        Row(
            f"memory after at least {events} events, beside before",
            memory.after,
            "MiB",
            memory.before,
            memory.after / memory.before,
        ),
    ]
    publish("watch", rows, arguments.json)


if __name__ == "__main__":
    main()
