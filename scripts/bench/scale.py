"""What queries and maintenance cost as a library grows, on made-up libraries of two shapes.

    python scripts/bench/scale.py --keep DIR    (10 000 to 1 000 000 frames: 7 GB, made in 20 minutes)
    python scripts/bench/scale.py --quick       (2 000 and 6 000 frames)

Clips have 6 frames, films 5900. Vectors have 384 dimensions and 256 of evidence beside them. Every process
has one thread. A figure is CPU time, the median of several different queries or runs, where it does not say
otherwise; the floor is one float16 product of a query with all vectors.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench._report import Row, flags, publish, say
from bench._scale_place import LIBRARY, Cost, run, script
from bench.startup import mediaindex

SHAPES = ("clips", "films")
FRAMES, QUICK_FRAMES = (10_000, 100_000, 1_000_000), (2_000, 6_000)
LEAST_FRAMES = 600
"""A hundred clips: one in each folder."""
LARGE = 1_000_000
"""The goals are for a library of so many frames."""
TURNS, QUICK_TURNS = 15, 2
RUNS, QUICK_RUNS = 3, 1
GROWTH, ROUNDS = 4, 3

Costs = Mapping[str, Sequence[Cost]]


@dataclass(frozen=True, slots=True)
class Measure:
    """What one row says.

    Attributes:
        key: of the costs. beside: of those that are the baseline. goal: at `LARGE` frames.
        wall: whether wall time has a row, too.
    """

    what: str
    key: str
    beside: str | None = None
    goal: str = ""
    wall: bool = False


MEASURES = (
    Measure("the floor", "floor"),
    Measure("encoding a sentence", "encoding"),
    Measure("query by pictures with the sentence", "pictures", goal="target 90", wall=True),
    Measure("the same without encoding, beside the floor", "pictures alone", "floor", "at most 3 times"),
    Measure(
        "query by both, a common word, beside pictures",
        "both, common",
        "pictures, common",
        "at most 60 more",
    ),
    Measure("query by both, a rare word, beside pictures", "both, rare", "pictures, rare"),
    Measure("query by words, a common word", "words, common"),
    Measure("query by words, a rare word", "words, rare"),
    Measure("query --in 1 %, beside none", "in", "pictures", "at most 1.2 times"),
    Measure("query --after half, beside none", "after", "pictures", "at most 1.2 times"),
    Measure("first query of a searcher, beside a warm one", "first", "pictures"),
    Measure(
        "first query after a commit of 32 videos, beside a warm one", "after a commit", "pictures", wall=True
    ),
    Measure("cold search", "cold search", wall=True),
    Measure("cold search --channel words", "cold words", wall=True),
    Measure("status", "status"),
    Measure("check", "check", wall=True),
    Measure("rescan of a folder of 1 %", "folder", goal="under 1000"),
    Measure("rescan of all", "all"),
)


def costs_of(place: Path, seed: int, *, turns: int, runs: int) -> tuple[dict[str, list[Cost]], float]:
    """The costs of everything that is measured on a library, and the peak memory of its searcher in MB."""
    inside = {kind: measured(kind, place, seed, turns=turns, runs=runs) for kind in ("queries", "rescans")}
    costs = {name: of_name for one in inside.values() for name, of_name in one["costs"].items()}
    costs["pictures alone"] = [
        Cost(whole.cpu_ms - part.cpu_ms, whole.wall_ms - part.wall_ms)
        for whole, part in zip(costs["pictures"], costs["encoding"], strict=True)
    ]
    on_it = ("--library", str(place / LIBRARY), "--json")
    commands = {
        "cold search": ["search", inside["queries"]["sentence"], "--device", "cpu", *on_it],
        "cold words": ["search", inside["queries"]["common"], "--channel", "words", *on_it],
        "status": ["status", *on_it],
    }
    for name, arguments in commands.items():
        costs[name] = [run([*mediaindex(), *arguments])[0] for _ in range(runs)]
    costs["check"] = [run([*mediaindex(), "check", *on_it])[0]]
    return costs, float(inside["queries"]["peak_mb"])


def measured(kind: str, place: Path, seed: int, *, turns: int, runs: int) -> dict[str, Any]:
    """What a process measures of a library from inside, with its `costs` by name."""
    found = json.loads(run(script("_scale_measures.py", kind, place, seed, turns, runs))[1])
    costs = {name: [Cost(**cost) for cost in of_name] for name, of_name in found["costs"].items()}
    return {**found, "costs": costs}


def growth_costs(smallest: Path, largest: Path, seed: int, *, turns: int) -> tuple[list[Cost], list[Cost]]:
    """Costs of the query by pictures in both libraries, whose processes take turns.

    A shared machine is a fifth slower or faster from one minute to the next, and the measures of the two
    libraries lie minutes apart.
    """
    of_place: dict[Path, list[Cost]] = {smallest: [], largest: []}
    for _round in range(ROUNDS):
        for place, costs in of_place.items():
            costs += measured("pictures", place, seed, turns=turns, runs=1)["costs"]["pictures"]
    return of_place[smallest], of_place[largest]


def rows_of(title: str, costs: Costs, searcher_mb: float, *, is_large: bool) -> list[Row]:
    """The rows of one library."""
    rows = []
    for measure in MEASURES:
        goal = f" ({measure.goal})" if measure.goal and is_large else ""
        value = _median(costs[measure.key])
        beside = None if measure.beside is None else _median(costs[measure.beside])
        ratio = None if beside is None else value / beside
        rows.append(Row(f"{title}: {measure.what}{goal}", value, "ms", beside, ratio))
        if measure.wall:
            wall = statistics.median(cost.wall_ms for cost in costs[measure.key])
            rows.append(Row(f"{title}: {measure.what}, wall", wall, "ms"))
    peaks = {
        "the searcher, torch loaded": (searcher_mb, "under 1600"),
        "a cold search": (max(cost.peak_mb for cost in costs["cold search"]), ""),
        "check": (costs["check"][0].peak_mb, "under 1500"),
    }
    for what, (peak, goal) in peaks.items():
        rows.append(Row(f"{title}: memory of {what}{f' ({goal})' if goal and is_large else ''}", peak, "MB"))
    return rows


def _median(costs: Sequence[Cost]) -> float:
    return statistics.median(cost.cpu_ms for cost in costs)


def growth(shape: str, of_frames: Mapping[int, Sequence[Cost]]) -> Row:
    """The query by pictures in the largest library beside the smallest.

    Args:
        of_frames: by the frames of each library.
    """
    most, least = max(of_frames), min(of_frames)
    value, beside = (_median(of_frames[frames]) for frames in (most, least))
    goal = f" (at most {GROWTH} times)" if most >= LARGE else ""
    what = f"{shape}: query by pictures, {grouped(most)} frames beside {grouped(least)}{goal}"
    return Row(what, value, "ms", beside, value / beside)


def grouped(number: int) -> str:
    """A number with a blank before each three digits."""
    return f"{number:,}".replace(",", " ")


def sizes(text: str) -> tuple[int, ...]:
    """Numbers of frames with commas between."""
    try:
        numbers = tuple(map(int, text.split(",")))
    except ValueError as error:
        raise argparse.ArgumentTypeError("write numbers with commas between") from error
    if min(numbers) < LEAST_FRAMES:
        raise argparse.ArgumentTypeError(f"a library has at least {LEAST_FRAMES} frames")
    return numbers


def main() -> None:
    parser = flags(__doc__ or "")
    parser.add_argument("--shape", choices=(*SHAPES, "both"), default="both", help="of the videos (both)")
    parser.add_argument(
        "--frames",
        type=sizes,
        metavar="N[,N…]",
        help=f"of the libraries ({','.join(map(str, FRAMES))})",
    )
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="keep the libraries there, and use those that are"
    )
    arguments = parser.parse_args()
    of_sizes = arguments.frames or (QUICK_FRAMES if arguments.quick else FRAMES)
    turns, runs = (QUICK_TURNS, QUICK_RUNS) if arguments.quick else (TURNS, RUNS)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        kept = (arguments.keep or Path(folder)).resolve()
        for shape in SHAPES if arguments.shape == "both" else (arguments.shape,):
            for frames in of_sizes:
                place = kept / f"{shape}-{frames}"
                run(script("_scale_library.py", place, arguments.seed, shape, frames))
                say(f"{place.name} is there")
                costs, peak = costs_of(place, arguments.seed, turns=turns, runs=runs)
                title = f"{shape}, {grouped(frames)} frames"
                rows += rows_of(title, costs, peak, is_large=frames >= LARGE)
                say(f"{place.name} is measured")
            least, most = min(of_sizes), max(of_sizes)
            if least < most:
                small, large = (kept / f"{shape}-{frames}" for frames in (least, most))
                of_least, of_most = growth_costs(small, large, arguments.seed, turns=turns)
                rows.append(growth(shape, {least: of_least, most: of_most}))
    publish("scale", rows, arguments.json)


if __name__ == "__main__":
    main()
