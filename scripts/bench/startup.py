"""What starting costs: `mediaindex --help` beside an empty Python, and one cold search.

    python scripts/bench/startup.py --videos ../shared/corpus/videos    (12 clips are indexed first)
    python scripts/bench/startup.py --quick                             (2 clips)

Medians of processes that take turns; files are in the page cache. Cold means a fresh process: nothing
is loaded yet. The parts of the search are its own `timings_ms`.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench._report import Row, add_videos, flags, publish
from bench.recall import index, read_clips, some_of

RUNS, QUICK_RUNS = 11, 7
SEARCHES, QUICK_SEARCHES = 5, 1
CLIPS, QUICK_CLIPS = 12, 2
LEAST_TIMES = 10


@dataclass(frozen=True, slots=True)
class Run:
    """One finished process."""

    wall_ms: float
    cpu_ms: float
    stdout: bytes


def run(command: Sequence[str]) -> Run:
    """Run a command to its end; it must succeed."""
    before, began = _children_ms(), time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    return Run(1000 * (time.perf_counter() - began), _children_ms() - before, done.stdout)


def _children_ms() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (used.ru_utime + used.ru_stime)


def mediaindex() -> list[str]:
    """The installed command, else the module."""
    installed = Path(sys.executable).with_name("mediaindex")
    return [str(installed)] if os.access(installed, os.X_OK) else [sys.executable, "-m", "mediaindex"]


def help_rows(runs: int) -> list[Row]:
    """`--help` beside `python -c pass`, in turns, after one of each that does not count."""
    commands = {"help": [*mediaindex(), "--help"], "empty": [sys.executable, "-c", "pass"]}
    runs_of: dict[str, list[Run]] = {name: [] for name in commands}
    for _ in range(runs + 1):
        for name, command in commands.items():
            runs_of[name].append(run(command))
    rows = []
    for what, field in (("wall", "wall_ms"), ("CPU", "cpu_ms")):
        value, empty = (
            statistics.median(getattr(one, field) for one in runs_of[name][1:]) for name in ("help", "empty")
        )
        title = f"mediaindex --help, {what}, beside python -c pass (ratio under {LEAST_TIMES})"
        rows.append(Row(title, value, "ms", empty, value / empty))
    return rows


def search_rows(query: str, library: Path, searches: int) -> list[Row]:
    """Medians of one query in fresh processes: its parts, and the process around them."""
    command = [*mediaindex(), "search", query, "--library", str(library), "--device", "cpu", "--json"]
    run(command)
    done = [run(command) for _ in range(searches)]
    timings = [json.loads(one.stdout)["timings_ms"] for one in done]
    rows = [
        Row(f"cold search, {step}", statistics.median(one[step] for one in timings), "ms")
        for step, value in timings[0].items()
        if value is not None
    ]
    wall = statistics.median(one.wall_ms for one in done)
    cpu = statistics.median(one.cpu_ms for one in done)
    return [*rows, Row("cold search, process, wall", wall, "ms"), Row("cold search, process, CPU", cpu, "ms")]


def main() -> None:
    parser = flags(__doc__ or "")
    add_videos(parser)
    parser.add_argument("--library", type=Path, metavar="DIR", help="search this one, index nothing")
    arguments = parser.parse_args()
    rows = help_rows(QUICK_RUNS if arguments.quick else RUNS)
    with tempfile.TemporaryDirectory() as folder:
        library, query = arguments.library, "a dog runs over the grass"
        if library is None:
            count = QUICK_CLIPS if arguments.quick else CLIPS
            clips = some_of(read_clips(arguments.videos), count, arguments.seed)
            library, query = Path(folder) / "library", clips[0].query
            index([clip.path for clip in clips], library)
        rows += search_rows(query, library, QUICK_SEARCHES if arguments.quick else SEARCHES)
    publish("startup", rows, arguments.json)


if __name__ == "__main__":
    main()
