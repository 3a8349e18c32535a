"""Kills `mediaindex index` at random moments and proves that nothing is ever lost or wrong.

    python scripts/bench/kill.py --rounds 50 --seed 1    (a quarter of an hour on 2 cores)
    python scripts/bench/kill.py --quick                 (2 rounds)

Small clips are made and indexed once undisturbed: the reference. Then in every round clips are added,
renamed and removed, sometimes everything is to be decoded again or the library starts empty; `index` runs
in a session of its own and is killed (SIGKILL) after a time drawn over the length of a full run: the whole
process group, in every third round the main process alone, which its decoders must follow. The next run
must end with 0, `check` must find nothing, and what is stored of every clip (times, pictures, vectors,
norms, evidence, matrix) must be the reference's bit for bit. Needs the extra `test`. Exit code 1 otherwise.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench._clips import write_clips
from bench._compare import StoredFrames, differing_fields, stored_frames
from bench._processes import ENVIRONMENT, command, kill_session, run_to_the_end
from bench._report import Row, flags, publish, say

ROUNDS, QUICK_ROUNDS = 50, 2
CLIPS, QUICK_CLIPS = 24, 4
REDECODE, FRESH = 0.6, 0.2
ONLY_PARENT_EVERY = 3


@dataclass(slots=True)
class Tally:
    """The counts of the rounds so far."""

    wanted: int
    rounds: int = 0
    hit: int = 0
    hit_after_a_write: int = 0
    orphans: int = 0
    failed_runs: int = 0
    problems: int = 0
    differences: int = 0
    compared: int = 0

    @property
    def clean(self) -> bool:
        """Whether nothing went wrong."""
        return not (self.orphans or self.failed_runs or self.problems or self.differences)


class Folder:
    """A folder of videos that changes: clips of a pool come, move and go."""

    def __init__(self, root: Path, pool: Sequence[Path], chance: random.Random) -> None:
        self.root = root
        self._pool = {clip.name: clip for clip in pool}
        self._chance = chance
        self._moves = 0
        root.mkdir()
        for clip in pool[: len(pool) // 2]:
            shutil.copy2(clip, root)

    @property
    def files(self) -> list[Path]:
        """The clips that are in it now."""
        return sorted(path for path in self.root.rglob("*.mp4"))

    def change(self) -> None:
        """Add up to three clips, rename one into another folder, remove one where there are many."""
        present = {path.name.split("-")[-1]: path for path in self.files}
        absent = sorted(self._pool.keys() - present.keys())
        for name in self._chance.sample(absent, min(len(absent), self._chance.randint(1, 3))):
            shutil.copy2(self._pool[name], self.root / name)
        name = self._chance.choice(sorted(present))
        self._moves += 1
        moved = self.root / f"folder {self._moves % 3}" / f"{self._moves}-{name}"
        moved.parent.mkdir(exist_ok=True)
        present.pop(name).rename(moved)
        if len(present) > len(self._pool) // 2:
            present[self._chance.choice(sorted(present))].unlink()


def kill_index(
    library: Path, arguments: Sequence[str], seconds: float, tally: Tally, *, group: bool
) -> float | None:
    """Start `index`, kill it after some seconds, and count what lives on.

    Returns:
        The seconds that it took where it ended before, else None.
    """
    began, ended = time.time_ns(), None
    process = subprocess.Popen(
        command("index", library, *arguments),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=ENVIRONMENT,
        start_new_session=True,
    )
    try:
        process.wait(seconds)
        ended = (time.time_ns() - began) / 1e9
    except subprocess.TimeoutExpired:
        tally.hit += 1
    tally.orphans += kill_session(process, group=group)
    tally.hit_after_a_write += process.returncode == -signal.SIGKILL and _written_since(library, began)
    return ended


def _written_since(library: Path, began_ns: int) -> bool:
    """Whether frames or vectors were written."""
    for part in ("frames", "vectors"):
        for folder, _, names in os.walk(library / part):
            if any((Path(folder) / name).stat().st_mtime_ns >= began_ns for name in names):
                return True
    return False


def compare(library: Path, reference: dict[str, StoredFrames], files: Sequence[Path], tally: Tally) -> None:
    """Count what `check` finds and what differs from the undisturbed index."""
    from mediaindex.sources.content_hash import full_hash
    from mediaindex.store.library import open_library
    from mediaindex.store.maintenance.check import check

    with open_library(library) as opened:
        problems = check(opened).problems
        frames_by_hash = stored_frames(opened)
    for problem in problems:
        say(f"check: {problem}")
    tally.problems += len(problems)
    for path in files:
        if full_hash(path) not in frames_by_hash:
            say(f"{path.name} is not in the library")
            tally.differences += 1
    tally.compared += len(frames_by_hash)
    for content, actual in frames_by_hash.items():
        expected = reference.get(content)
        differing = differing_fields(actual, expected)
        if differing:
            say(f"{content[:12]} differs from the undisturbed index in {', '.join(differing)}")
            tally.differences += 1


def rounds(
    tally: Tally,
    work: Path,
    pool: Sequence[Path],
    reference: dict[str, StoredFrames],
    full_run: float,
    seed: int,
) -> None:
    """Change, kill, finish, compare, as often as the tally wants."""
    chance = random.Random(seed)
    folder, library = Folder(work / "videos", pool, chance), work / "library"
    # Seconds of a run that decodes everything, and of one that decodes what is new.
    lengths = {True: full_run, False: full_run}
    for number in range(1, tally.wanted + 1):
        folder.change()
        if fresh := chance.random() < FRESH:
            shutil.rmtree(library, ignore_errors=True)
        again = ["--redecode"] if chance.random() < REDECODE else []
        everything = fresh or bool(again)
        seconds = chance.uniform(0, lengths[everything])
        group = number % ONLY_PARENT_EVERY != 0
        ended = kill_index(library, [str(folder.root), *again], seconds, tally, group=group)
        # The machine may have other work than at the start: a run that escaped corrects the length.
        lengths[everything] = 1.05 * lengths[everything] if ended is None else ended
        tally.failed_runs += not run_to_the_end("index", library, str(folder.root))
        compare(library, reference, folder.files, tally)
        tally.rounds += 1
        victim = "group" if group else "parent"
        say(f"round {number}: {victim} after {seconds:.1f} s {' '.join(again)} {tally}")
    tally.failed_runs += not run_to_the_end("check", library)


def undisturbed(work: Path, pool: Sequence[Path]) -> tuple[dict[str, StoredFrames], float]:
    """What two undisturbed runs over all clips store, and the seconds of the shorter one."""
    from mediaindex.store.library import open_library

    library, folder, took, contents = work / "reference", str(pool[0].parent), [], []
    for arguments in ([folder], [folder, "--redecode"]):
        began = time.monotonic()
        if not run_to_the_end("index", library, *arguments):
            sys.exit("the undisturbed index failed")
        took.append(time.monotonic() - began)
        with open_library(library) as opened:
            contents.append(stored_frames(opened))
    if contents[0] != contents[1] or len(contents[0]) != len(pool):
        sys.exit(f"two undisturbed runs over {len(pool)} clips do not agree")
    return contents[0], min(took)


def main() -> None:
    parser = flags(__doc__ or "")
    parser.add_argument("--rounds", type=int, metavar="N", help=f"kills ({ROUNDS})")
    parser.add_argument("--clips", type=int, metavar="N", help=f"clips in the pool ({CLIPS})")
    arguments = parser.parse_args()
    tally = Tally(arguments.rounds or (QUICK_ROUNDS if arguments.quick else ROUNDS))
    clips = arguments.clips or (QUICK_CLIPS if arguments.quick else CLIPS)
    with tempfile.TemporaryDirectory() as name:
        work = Path(name).resolve()
        pool = write_clips(work / "pool", clips, arguments.seed)
        reference, took = undisturbed(work, pool)
        say(f"{clips} clips, undisturbed in {took:.1f} s")
        # Ctrl-C gives the rounds so far.
        with contextlib.suppress(KeyboardInterrupt):
            rounds(tally, work, pool, reference, took, arguments.seed)
    publish("kill", rows_of(tally), arguments.json)
    sys.exit(not tally.clean)


def rows_of(tally: Tally) -> list[Row]:
    """The counts; everything below the first four must be zero."""
    return [
        Row("rounds", tally.rounds, "rounds"),
        Row("kills that hit a running process", tally.hit, "kills"),
        Row("of these after it had written frames or vectors", tally.hit_after_a_write, "kills"),
        Row("clips compared with the undisturbed index, bit for bit", tally.compared, "clips"),
        Row("clips missing or different", tally.differences, "clips"),
        Row("problems that check found", tally.problems, "problems"),
        Row("next runs that did not end with 0", tally.failed_runs, "runs"),
        Row("processes that lived on", tally.orphans, "processes"),
    ]


if __name__ == "__main__":
    main()
