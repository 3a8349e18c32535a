"""Lets a watcher live through faults of disks, files and pictures, and proves its library right afterwards.

    python scripts/bench/faults.py --rounds 200 --seed 1
    python scripts/bench/faults.py --quick                 (10 rounds)

In each round files below two roots change at random, and one fault is made beside a running watcher: a film
or a subtitle of an impossible time (1601 to 2400), a folder that cannot be read, a damaged picture in the
frame cache (with `check --repair`), a full disk for some seconds, `forget --now`. After every tenth round the
watcher comes to rest, and its library must equal a fresh index of the same folders, row by row, picture by
picture and vector by vector, and `check` must find nothing. Exit code 1 otherwise, or where a watcher ended.

It needs Linux and the right to mount: the library and one root lie on disks in memory, one so small that it
can be filled, the other holding every time. The watcher runs without root's right to read everything.
"""

from __future__ import annotations

import ctypes
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench._churn import Churn
from bench._clips import write_clips
from bench._compare import differences
from bench._processes import Watch, ask, kill_session, run_to_the_end, wait_for_retries
from bench._report import Row, flags, publish, say

ROUNDS, QUICK_ROUNDS = 200, 10
ROUNDS_A_COMPARISON = 10
CLIPS = 8
FIRST_STEPS = 60
STEPS = 4
QUIET_SECONDS = 0.5
REST_SECONDS = 3.0
FINISH_SECONDS = 900.0
DISK_MIB = 96
YEARS = (1601, 1677, 1903, 1950, 2106, 2263, 2400)
READS_EVERYTHING = (1, 2)  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
PR_CAPBSET_DROP = 24


@dataclass(slots=True)
class Tally:
    """The counts of the run so far."""

    seconds: float = 0.0
    rounds: int = 0
    operations: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    comparisons: int = 0
    ended_unasked: int = 0
    failed_commands: int = 0
    paths: int = 0
    differences: int = 0

    @property
    def bad(self) -> int:
        """All that must be zero, together."""
        return self.ended_unasked + self.failed_commands + self.differences


class Faults:
    """What goes wrong in the rounds of one run: each kind is made, stays for some changes, and ends."""

    def __init__(self, churn: Churn, library: Path, chance: random.Random, tally: Tally) -> None:
        self._churn = churn
        self._library = library
        self._chance = chance
        self._tally = tally
        self.kinds: dict[str, Callable[[], Iterator[None]]] = {
            "impossible time": self._impossible_time,
            "unreadable folder": self._unreadable_folder,
            "damaged picture": self._damaged_picture,
            "full disk": self._full_disk,
            "forgotten now": self._forgotten_now,
        }

    @contextmanager
    def one(self) -> Iterator[None]:
        """A fault of a random kind, which ends with the block."""
        kind = self._chance.choice(list(self.kinds))
        self._tally.faults[kind] += 1
        steps = self.kinds[kind]()
        next(steps)
        yield
        next(steps, None)

    def _impossible_time(self) -> Iterator[None]:
        paths = [path for root in self._churn.roots for path in root.rglob("*") if path.is_file()]
        for path in self._chance.sample(paths, min(2, len(paths))):
            year = self._chance.choice(YEARS)
            seconds = int(datetime(year, 1, 1, tzinfo=UTC).timestamp())
            os.utime(path, (seconds, seconds))
        yield

    def _unreadable_folder(self) -> Iterator[None]:
        folders = [path for root in self._churn.roots for path in root.rglob("*") if path.is_dir()]
        self._chance.choice(folders).chmod(0)
        yield
        self._sleep(0.5, 3.0)
        # The folder, or one that it lay in, may have been moved meanwhile.
        for root in self._churn.roots:
            for folder, _folders, _files in os.walk(root):
                os.chmod(folder, 0o755)

    def _damaged_picture(self) -> Iterator[None]:
        blobs = sorted((self._library / "frames").rglob("*.mif"))
        if blobs:
            with self._chance.choice(blobs).open("r+b") as blob:
                blob.seek(self._chance.randint(8, 400))
                blob.write(self._chance.randbytes(52))
        yield
        self._command("check", "--repair", ends=(0, 6))

    def _full_disk(self) -> Iterator[None]:
        filling = self._library.parent / "filling"
        with filling.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(1 << 16))
            except OSError:
                pass
        yield
        self._sleep(1.0, 4.0)
        filling.unlink()

    def _forgotten_now(self) -> Iterator[None]:
        files = self._churn.files()
        self._sleep(0.0, 1.0)
        if files:
            self._command("forget", "--now", str(self._chance.choice(files)), ends=(0, 2))  # 2: unknown yet
        yield

    def _sleep(self, least: float, most: float) -> None:
        time.sleep(self._chance.uniform(least, most))

    def _command(self, name: str, *arguments: str, ends: tuple[int, ...]) -> None:
        code, _answer = ask(name, self._library, *arguments)
        if code not in ends:
            self._tally.failed_commands += 1


def may_not_read_everything() -> None:
    """Take root's right to pass over permissions from this process and all that it starts."""
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in READS_EVERYTHING:
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)


def compare(watch: Watch, library: Path, work: Path, roots: list[Path], tally: Tally) -> None:
    """Let the watcher come to rest, then compare its library with a fresh index."""
    from mediaindex.store.library import open_library

    watch.wait_until_idle(REST_SECONDS, seconds=FINISH_SECONDS)
    wait_for_retries(library, seconds=FINISH_SECONDS)
    # What was forgotten is shown again, and what lost its pictures is decoded again.
    code, _answer = ask("index", library, *map(str, roots))
    tally.failed_commands += code not in (0, 5)
    watch.wait_until_idle(REST_SECONDS, seconds=FINISH_SECONDS)
    fresh = work / "fresh"
    code, answer = ask("index", fresh, *map(str, roots))
    tally.failed_commands += code not in (0, 5)  # 5: what was truncated cannot be read
    tally.paths = answer["videos"]
    with open_library(library) as ours, open_library(fresh) as expected:
        tally.differences += differences(ours, expected)
    shutil.rmtree(fresh)
    tally.failed_commands += not run_to_the_end("check", library)
    tally.comparisons += 1


def live(work: Path, rounds: int, seed: int, tally: Tally) -> None:
    """One whole run in an empty folder."""
    chance = random.Random(seed)
    clips = write_clips(work / "clips", CLIPS, seed, seconds=4.0)
    with in_memory(work / "disk", DISK_MIB) as disk, in_memory(work / "any time", DISK_MIB) as any_time:
        roots, library = [any_time / "root one", work / "root two"], disk / "library"
        churn = Churn(roots, clips, chance)
        for _ in range(FIRST_STEPS):
            churn.step()
        faults = Faults(churn, library, chance, tally)
        watch = Watch(
            library,
            work / "watch.jsonl",
            *map(str, roots),
            *("--quiet-seconds", str(QUIET_SECONDS)),
            first=may_not_read_everything,
        )
        try:
            watch.wait_for("looked", why="first")
            for number in range(1, rounds + 1):
                with faults.one():
                    for _ in range(STEPS):
                        churn.step()
                        time.sleep(chance.uniform(0.0, 0.5))
                tally.rounds = number
                if number % ROUNDS_A_COMPARISON == 0 or number == rounds:
                    churn.finish()
                    compare(watch, library, work, roots, tally)
                    say(f"{number} rounds, {tally.paths} films, {tally.differences} differences")
        finally:
            tally.ended_unasked += not watch.runs()
            if tally.ended_unasked:
                say(f"the watcher ended: {watch.events()[-2:]} {watch.stderr()}")
            kill_session(watch.process, group=True)
        tally.operations = churn.counts


@contextmanager
def in_memory(folder: Path, mib: int) -> Iterator[Path]:
    """A disk of some MiB at a new folder."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mib}m", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def rows_of(tally: Tally, seed: int) -> list[Row]:
    """The counts."""
    return [
        Row("seed", seed, ""),
        Row("rounds", tally.rounds, "rounds"),
        Row("minutes", tally.seconds / 60, "min"),
        Row("operations", tally.operations.total(), "operations"),
        *(Row(f"faults: {name}", count, "") for name, count in sorted(tally.faults.items())),
        Row("comparisons with a fresh index", tally.comparisons, "comparisons"),
        Row("films at the end", tally.paths, "files"),
        Row("watchers that ended unasked (0)", tally.ended_unasked, "watchers"),
        Row(
            "commands that ended otherwise than they should (0)",
            tally.failed_commands,
            "commands",
        ),
        Row("differences to a fresh index (0)", tally.differences, "rows"),
    ]


def main() -> None:
    parser = flags(__doc__ or "")
    parser.add_argument("--rounds", type=int, metavar="N", help=f"of changes and a fault ({ROUNDS})")
    arguments = parser.parse_args()
    rounds = arguments.rounds or (QUICK_ROUNDS if arguments.quick else ROUNDS)
    tally = Tally()
    say(f"seed {arguments.seed}, {rounds} rounds")
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        live(Path(name).resolve(), rounds, arguments.seed, tally)
    tally.seconds = time.monotonic() - began
    publish("faults", rows_of(tally, arguments.seed), arguments.json)
    sys.exit(tally.bad > 0)


if __name__ == "__main__":
    main()
