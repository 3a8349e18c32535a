"""What every benchmark shares: its flags, and the rows that it prints and writes.

    python scripts/bench/_report.py recall.json ingest.json

prints the tables of docs/benchmarks/ from the files that `--json` wrote.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[2]
VIDEOS = CHECKOUT.parent / "shared" / "corpus" / "videos"
SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Row:
    """One measured value.

    Attributes:
        baseline: what it is compared with, in the same unit; `what` says what that is.
        ratio: of the two, read as `what` says.
    """

    what: str
    value: float
    unit: str
    baseline: float | None = None
    ratio: float | None = None


def flags(doc: str) -> argparse.ArgumentParser:
    """A parser with the flags of every benchmark; the script's docstring is its help."""
    parser = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--quick", action="store_true", help="a small part: whether it runs, not how well")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of every random choice (0)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows there, too")
    return parser


def add_videos(parser: argparse.ArgumentParser) -> None:
    """The flag of every benchmark over clips with descriptions."""
    parser.add_argument(
        "--videos",
        type=Path,
        default=VIDEOS,
        metavar="DIR",
        help="clips with their MANIFEST.jsonl (../shared/corpus/videos)",
    )


def publish(name: str, rows: Sequence[Row], file: Path | None) -> None:
    """Print the rows as a table on stdout and write them as JSON where asked to."""
    width = max(len(row.what) for row in rows)
    print(f"{'':{width}}  {'value':>10}  {'baseline':>10}  {'ratio':>7}")
    for row in rows:
        cells = f"{_number(row.value):>10}  {_number(row.baseline):>10}  {_number(row.ratio):>7}  {row.unit}"
        print(f"{row.what:{width}}  {cells}")
    if file is not None:
        write_report(name, rows, file)


def write_report(name: str, rows: Sequence[Row], file: Path) -> None:
    """The rows as JSON with the command and the machine."""
    report = {
        "schema": SCHEMA,
        "name": name,
        "command": _command(),
        "machine": machine(),
        "rows": [asdict(row) for row in rows],
    }
    file.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


def markdown(report: Mapping[str, Any]) -> str:
    """A report as the documentation shows it: its command, its table, the machine's load."""
    lines = [
        f"### {report['name']}",
        "",
        f"`{report['command']}`",
        "",
        "| | value | baseline | ratio | unit |",
        "|---|--:|--:|--:|---|",
    ]
    for row in report["rows"]:
        cells = (_number(row[name]) for name in ("value", "baseline", "ratio"))
        lines.append(f"| {row['what']} | {' | '.join(cells)} | {row['unit']} |")
    here = report["machine"]
    machine_line = f"{here['cpu']}, {here['cores']} cores, Python {here['python']}, {here['measured']}"
    return "\n".join([*lines, "", f"{machine_line}, load average {here['load_average']} at the end.", ""])


def machine() -> dict[str, str | int | float]:
    """The machine as far as it decides a figure, and how busy it is now."""
    return {
        "cpu": _cpu_name(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": platform.system(),
        "python": platform.python_version(),
        "load_average": round(os.getloadavg()[0], 2),
        "measured": datetime.datetime.now(datetime.UTC).date().isoformat(),
    }


def say(text: str) -> None:
    """Narration goes to stderr: stdout is the table."""
    print(text, file=sys.stderr, flush=True)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _command() -> str:
    """The command as one would type it in the checkout; a report names nobody's folders."""
    words = [os.path.relpath(word, CHECKOUT) if os.path.isabs(word) else word for word in sys.argv]
    if "--json" in words:
        place = words.index("--json")
        words = words[:place] + words[place + 2 :]
    return shlex.join(["python", *words])


def _cpu_name() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


if __name__ == "__main__":
    for name in sys.argv[1:]:
        print(markdown(json.loads(Path(name).read_text(encoding="utf-8"))))
