"""What starting costs: `mediaindex --help`, one cold search, and the text encoder that such a search loads.

    python scripts/bench/startup.py --videos ../shared/corpus/videos    (12 clips are indexed first)
    python scripts/bench/startup.py --quick                             (2 clips)

Medians of processes that take turns; files are in the page cache. Cold means a fresh process: nothing
is loaded yet. The parts of the search are its own `timings_ms`. Its baseline is the same search with the
encoder that indexes, which needs torch; that of a search of the words alone is loading SQLAlchemy. A warm
sentence is encoded in a process that has encoded others.
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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench._report import Row, add_videos, flags, publish
from bench.recall import index, read_clips, some_of

RUNS, QUICK_RUNS = 11, 7
SEARCHES, QUICK_SEARCHES = 5, 1
CLIPS, QUICK_CLIPS = 12, 2
LEAST_TIMES = 10
SENTENCES, QUICK_SENTENCES = 200, 20
# `mediaindex`, with torch and the encoder that indexes in place of the one for texts alone
WITH_TORCH = """
import torch
from mediaindex.cli import main
from mediaindex.embed import loading

loading.load_text_encoder = loading.load_encoder
raise SystemExit(main())
"""
# milliseconds of processor time of one sentence: encoder, sentences
WARM_SENTENCE = """
import statistics, sys, time
from mediaindex.embed import loading

kind, count = sys.argv[1], int(sys.argv[2])
if kind == "numpy":
    encoder = loading.load_text_encoder("builtin")
else:
    encoder = loading.load_encoder("builtin", device="cpu", threads=1)
took = []
for number in range(count + 1):
    began = time.process_time()
    encoder.texts([f"a dog with {number} spots runs over the grass"])
    took.append(1000 * (time.process_time() - began))
print(statistics.median(took[1:]))
"""


@dataclass(frozen=True, slots=True)
class Run:
    """One finished process."""

    wall_ms: float
    cpu_ms: float
    stdout: bytes


def run(command: Sequence[str]) -> Run:
    """Run a command to its end; it must succeed."""
    # As an installed program has it: modules are compiled once.
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    before, began = _children_ms(), time.perf_counter()
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, check=True
    )
    return Run(1000 * (time.perf_counter() - began), _children_ms() - before, done.stdout)


def _children_ms() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (used.ru_utime + used.ru_stime)


def mediaindex() -> list[str]:
    """The installed command, else the module."""
    installed = Path(sys.executable).with_name("mediaindex")
    return [str(installed)] if os.access(installed, os.X_OK) else [sys.executable, "-m", "mediaindex"]


def in_turns(commands: Mapping[str, Sequence[str]], turns: int) -> dict[str, list[Run]]:
    """The runs of each command, in turns, after one of each that does not count."""
    runs_of: dict[str, list[Run]] = {name: [] for name in commands}
    for turn in range(turns + 1):
        for name, command in commands.items():
            done = run(command)
            if turn:
                runs_of[name].append(done)
    return runs_of


def process_rows(title: str, runs: Sequence[Run], baseline: Sequence[Run]) -> list[Row]:
    """Wall and CPU time of a process beside those of another."""
    rows = []
    for what, field in (("wall", "wall_ms"), ("CPU", "cpu_ms")):
        value, other = (statistics.median(getattr(one, field) for one in of) for of in (runs, baseline))
        rows.append(Row(title.format(what), value, "ms", other, value / other))
    return rows


def help_rows(turns: int) -> list[Row]:
    """`--help` beside `python -c pass`."""
    runs = in_turns({"help": [*mediaindex(), "--help"], "empty": [sys.executable, "-c", "pass"]}, turns)
    title = f"mediaindex --help, {{}}, beside python -c pass (ratio under {LEAST_TIMES})"
    return process_rows(title, runs["help"], runs["empty"])


def search_rows(query: str, library: Path, turns: int) -> list[Row]:
    """Medians of one query in fresh processes: its parts, and the process around them."""
    question = ["search", query, "--library", str(library), "--device", "cpu", "--json"]
    runs = in_turns(
        {
            "search": [*mediaindex(), *question],
            "with torch": [sys.executable, "-c", WITH_TORCH, *question],
            "words": [*mediaindex(), *question, "--channel", "words"],
            "sqlalchemy": [sys.executable, "-c", "import sqlalchemy"],
        },
        turns,
    )
    timings = [json.loads(one.stdout)["timings_ms"] for one in runs["search"]]
    parts = [
        Row(f"cold search, {step}", statistics.median(one[step] for one in timings), "ms")
        for step, value in timings[0].items()
        if value is not None
    ]
    return [
        *parts,
        *process_rows("cold search, process, {}, beside one with torch", runs["search"], runs["with torch"]),
        *process_rows(
            "cold search, --channel words, process, {}, beside import sqlalchemy",
            runs["words"],
            runs["sqlalchemy"],
        ),
    ]


def sentence_rows(sentences: int) -> list[Row]:
    """One sentence through the text encoder of a search, beside torch on one thread."""
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # as the command line sets it
    numpy, torch = (
        float(run([sys.executable, "-c", WARM_SENTENCE, kind, str(sentences)]).stdout)
        for kind in ("numpy", "torch")
    )
    return [Row("one sentence, warm, CPU, beside torch on one thread", numpy, "ms", torch, numpy / torch)]


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
    rows += sentence_rows(QUICK_SENTENCES if arguments.quick else SENTENCES)
    publish("startup", rows, arguments.json)


if __name__ == "__main__":
    main()
