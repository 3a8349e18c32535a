"""Lets a watcher live through a busy time, and proves that its library is what a fresh index would be.

    python scripts/bench/soak.py --minutes 10 --seed 1
    python scripts/bench/soak.py --quick                 (half a minute)

Under two roots files are added (at once, slowly, by a rename), copied, renamed, moved, overwritten, truncated
and deleted, folders renamed, moved and deleted, all at random; another process searches all the time; the
watcher is killed (SIGKILL) and started again every 20 to 60 s: its whole process group, in every third time
the main process alone, which its decoders must follow. Then the changes stop, the watcher finishes and is
ended by SIGTERM. Its library must equal a fresh index of the same folders, row by row: films, paths with
their words, frames and segments, pictures, and vectors bit for bit; paths that are missing on disk are left
out. `check` must find nothing, and after `compact` the vectors lie in a bounded number of versions and files.
Exit code 1 otherwise.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench._churn import Churn
from bench._clips import write_clips
from bench._compare import differences
from bench._processes import ENVIRONMENT, Watch, ask, kill_session, run_to_the_end, wait_for_retries
from bench._report import Row, flags, publish, say

MINUTES, QUICK_MINUTES = 10.0, 0.5
CLIPS = 16
LIFE_SECONDS, QUICK_LIFE_SECONDS = (20.0, 60.0), (8.0, 12.0)
DEAD_SECONDS = 3.0
STEP_SECONDS = 0.4
QUIET_SECONDS = 1.0
REST_SECONDS = 8.0
LAST_LIFE_SECONDS = 8.0
FINISH_SECONDS = 600.0
ONLY_PARENT_EVERY = 3
# One version and one fragment of the one space: its manifest, data, deletions, and hints, transactions.
MOST_VERSIONS = 1
MOST_VECTOR_FILES = 8


@dataclass(slots=True)
class Tally:
    """The counts of the soak run so far."""

    seconds: float = 0.0
    operations: Counter[str] = field(default_factory=Counter)
    kills: int = 0
    hit_at_work: int = 0
    searches: int = 0
    found: int = 0
    failed_searches: int = 0
    slowest_ms: float = 0.0
    orphans: int = 0
    ended_unasked: int = 0
    failed_commands: int = 0
    paths: int = 0
    differences: int = 0
    versions: int = 0
    vector_files: int = 0
    files: int = 0

    @property
    def bad(self) -> int:
        """All that must be zero, together."""
        wrong = self.failed_searches + self.orphans + self.ended_unasked
        unbounded = self.versions > MOST_VERSIONS or self.vector_files > MOST_VECTOR_FILES
        return wrong + self.failed_commands + self.differences + unbounded


class Watchers:
    """One watcher after the other on the same library."""

    def __init__(self, library: Path, logs: Path, roots: list[Path], tally: Tally) -> None:
        self._library = library
        self._logs = logs
        self._roots = [str(root) for root in roots]
        self._tally = tally
        self._started = 0
        self.current = self._start()

    def _start(self) -> Watch:
        self._started += 1
        # The roots are known from the first time on.
        roots = self._roots if self._started == 1 else []
        options = ("--quiet-seconds", str(QUIET_SECONDS))
        return Watch(self._library, self._logs / f"watch{self._started}.jsonl", *roots, *options)

    def see_that_it_runs(self) -> None:
        """Count a watcher that ended by itself, and start the next."""
        if not self.current.runs():
            self._tally.ended_unasked += 1
            say(f"the watcher ended: {self.current.events()[-2:]} {self.current.stderr()}")
            self.current = self._start()

    def kill(self) -> None:
        """Kill the one that runs."""
        events = [event["event"] for event in self.current.events()]
        self._tally.kills += 1
        self._tally.hit_at_work += events.count("looking") > events.count("looked")
        self._tally.orphans += kill_session(
            self.current.process, group=self._tally.kills % ONLY_PARENT_EVERY != 0
        )

    def next(self) -> None:
        """Start the next one."""
        self.current = self._start()


def live(churn: Churn, watchers: Watchers, tally: Tally, chance: random.Random, seconds: float) -> None:
    """Change, kill and start again, until the time is over; the last watcher sees some changes, too."""
    lives = LIFE_SECONDS if seconds > 60 * QUICK_MINUTES else QUICK_LIFE_SECONDS
    began = time.monotonic()
    ends = began + seconds
    killed_at, starts_at = began + chance.uniform(*lives), None
    while (now := time.monotonic()) < ends:
        churn.step()
        if starts_at is not None and now >= starts_at:
            watchers.next()
            starts_at, killed_at = None, now + chance.uniform(*lives)
        elif starts_at is None:
            watchers.see_that_it_runs()
            if now >= killed_at and ends - now > LAST_LIFE_SECONDS:
                watchers.kill()
                starts_at = time.monotonic() + chance.uniform(0, DEAD_SECONDS)
        time.sleep(chance.uniform(0, STEP_SECONDS))
    churn.finish()
    if starts_at is not None:
        watchers.next()
    tally.operations, tally.seconds = churn.counts, time.monotonic() - began


def settle(library: Path, watchers: Watchers, searches: subprocess.Popen[str], tally: Tally) -> None:
    """Let the watcher finish and end it, then the searches."""
    watchers.current.wait_until_idle(REST_SECONDS, seconds=FINISH_SECONDS)
    wait_for_retries(library, seconds=FINISH_SECONDS)
    watchers.current.wait_until_idle(REST_SECONDS, seconds=FINISH_SECONDS)
    code = watchers.current.stop()
    if code:
        tally.failed_commands += 1
        say(f"the watcher ended with {code}: {watchers.current.stderr()}")
    summary = json.loads(searches.communicate("\n")[0])
    tally.searches, tally.failed_searches = summary["served"], summary["failed"]
    tally.found, tally.slowest_ms = summary["found"], summary["slowest_ms"]


def judge(library: Path, fresh: Path, roots: list[Path], tally: Tally) -> None:
    """Compare with a fresh index, check, compact, and check again."""
    from mediaindex.store.library import open_library

    code, answer = ask("index", fresh, *map(str, roots))
    tally.failed_commands += code not in (0, 5)  # 5: what was truncated cannot be read
    tally.paths = answer["videos"]
    with open_library(library) as ours, open_library(fresh) as expected:
        tally.differences = differences(ours, expected)
    tally.failed_commands += not run_to_the_end("check", library)
    code, answer = ask("compact", library)
    tally.failed_commands += code != 0
    tally.versions, tally.files = answer["versions"]["after"], answer["files"]["after"]
    tally.vector_files = sum(path.is_file() for path in (library / "vectors").rglob("*"))
    tally.failed_commands += not run_to_the_end("check", library)


def soak(work: Path, minutes: float, seed: int, tally: Tally) -> None:
    """One whole run in an empty folder."""
    chance = random.Random(seed)
    clips = write_clips(work / "clips", CLIPS, seed, seconds=4.0)
    roots, library, logs = [work / "root one", work / "root two"], work / "library", work / "logs"
    logs.mkdir()
    churn = Churn(roots, clips, chance)
    script = Path(__file__).with_name("_searches.py")
    searches = subprocess.Popen(
        [sys.executable, str(script), str(library), str(churn.kept)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
    )
    watchers = Watchers(library, logs, roots, tally)
    try:
        live(churn, watchers, tally, chance, 60.0 * minutes)
        settle(library, watchers, searches, tally)
    finally:
        kill_session(watchers.current.process, group=True)
        searches.kill()
        searches.wait()
    judge(library, work / "fresh", roots, tally)


def rows_of(tally: Tally, seed: int) -> list[Row]:
    """The counts."""
    return [
        Row("seed", seed, ""),
        Row("minutes of changes", tally.seconds / 60, "min"),
        Row("operations", tally.operations.total(), "operations"),
        *(Row(f"operations: {name}", count, "") for name, count in sorted(tally.operations.items())),
        Row("kills of the watcher", tally.kills, "kills"),
        Row("of these in the middle of a pass", tally.hit_at_work, "kills"),
        Row("searches served", tally.searches, "searches"),
        Row("of these asked for all, that found the film that stays", tally.found, "searches"),
        Row("two searches, slowest", tally.slowest_ms, "ms"),
        Row("searches failed (0)", tally.failed_searches, "searches"),
        Row("processes that lived on (0)", tally.orphans, "processes"),
        Row("watchers that ended unasked (0)", tally.ended_unasked, "watchers"),
        Row("commands that did not end with 0, check among them (0)", tally.failed_commands, "commands"),
        Row("films at the end", tally.paths, "files"),
        Row("differences to a fresh index (0)", tally.differences, "rows"),
        Row(f"versions of the vectors after compact (at most {MOST_VERSIONS})", tally.versions, "versions"),
        Row(f"files of the vectors (at most {MOST_VECTOR_FILES})", tally.vector_files, "files"),
        Row("files of the library", tally.files, "files"),
    ]


def main() -> None:
    parser = flags(__doc__ or "")
    parser.add_argument("--minutes", type=float, metavar="M", help=f"of changes ({MINUTES:g})")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="work in this new folder, and leave it")
    arguments = parser.parse_args()
    minutes = arguments.minutes or (QUICK_MINUTES if arguments.quick else MINUTES)
    tally = Tally()
    say(f"seed {arguments.seed}, {minutes:g} minutes")
    if arguments.keep is not None:
        arguments.keep.mkdir(parents=True)
        soak(arguments.keep.resolve(), minutes, arguments.seed, tally)
    else:
        with tempfile.TemporaryDirectory() as name:
            soak(Path(name).resolve(), minutes, arguments.seed, tally)
    publish("soak", rows_of(tally, arguments.seed), arguments.json)
    sys.exit(tally.bad > 0)


if __name__ == "__main__":
    main()
