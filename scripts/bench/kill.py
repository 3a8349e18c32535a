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
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench._report import Row, flags, publish, say

if TYPE_CHECKING:
    from mediaindex.store.library import Library

ROUNDS, QUICK_ROUNDS = 50, 2
CLIPS, QUICK_CLIPS = 24, 4
REDECODE, FRESH = 0.6, 0.2
ONLY_PARENT_EVERY = 3
GRACE_SECONDS = 10.0
ENVIRONMENT = {**os.environ, "MEDIAINDEX_THREADS": "1", "OMP_NUM_THREADS": "1", "MEDIAINDEX_JOBS": "2"}


@dataclass(frozen=True, slots=True)
class Stored:
    """All that a library holds of one clip's frames, as bytes.

    Attributes:
        matrix: the vectors once more, as a search reads them.
    """

    seconds: bytes
    pictures: bytes
    vectors: bytes
    norms: bytes
    evidence: bytes
    matrix: bytes


@dataclass(slots=True)
class Tally:
    """What the rounds showed so far."""

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


def write_clip(path: Path, chance: random.Random) -> None:
    """A clip of some seconds and up to three shots, no two alike."""
    import av
    import numpy as np

    noise = np.random.default_rng(chance.randrange(2**32))
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"preset": "ultrafast"})
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        for _ in range(chance.randint(1, 3)):
            tiles = noise.integers(0, 256, (6, 10, 3), dtype=np.uint8)
            still = np.kron(tiles, np.ones((16, 16, 1), np.uint8))
            for number in range(chance.randint(20, 60)):
                frame = av.VideoFrame.from_ndarray(np.roll(still, number, axis=1), format="rgb24")
                container.mux(stream.encode(frame))
        container.mux(stream.encode())


def command(name: str, library: Path, *arguments: str) -> list[str]:
    """One `mediaindex` command with JSON on stdout."""
    return [sys.executable, "-m", "mediaindex", name, *arguments, "--library", str(library), "--json"]


def run_to_the_end(name: str, library: Path, *arguments: str) -> bool:
    """Whether a command ended with 0; what it said goes to stderr where not."""
    done = subprocess.run(command(name, library, *arguments), capture_output=True, text=True, env=ENVIRONMENT)
    if done.returncode:
        say(f"{name} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    elif name == "index" and (failed := json.loads(done.stdout)["failed"]):
        say(f"index failed on {failed}")
        return False
    return done.returncode == 0


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
    if group:
        _kill_group(process.pid)
    process.kill()
    process.wait()
    tally.hit_after_a_write += process.returncode == -signal.SIGKILL and _written_since(library, began)
    left = _session(process.pid, GRACE_SECONDS)
    if left:
        say(f"living on after the kill: {left}")
        tally.orphans += len(left)
        _kill_group(process.pid)
    return ended


def _kill_group(leader: int) -> None:
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        return


def _session(leader: int, seconds: float) -> list[str]:
    """The processes that are left of a session after at most some seconds."""
    import psutil

    deadline = time.monotonic() + seconds
    while True:
        left = []
        for process in psutil.process_iter(["pid", "status", "cmdline"]):
            try:
                if os.getsid(process.pid) == leader and process.info["status"] != psutil.STATUS_ZOMBIE:
                    left.append(f"{process.pid} {process.info['cmdline']}")
            except OSError:
                continue
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.05)


def _written_since(library: Path, began_ns: int) -> bool:
    """Whether frames or vectors were written."""
    for part in ("frames", "vectors"):
        for folder, _, names in os.walk(library / part):
            if any((Path(folder) / name).stat().st_mtime_ns >= began_ns for name in names):
                return True
    return False


def stored(library: Library) -> dict[str, Stored]:
    """By content hash, what the serving space and the frame cache hold."""
    import numpy as np
    import sqlalchemy as sa

    from mediaindex.store.reader import SpaceReader
    from mediaindex.store.schema import extraction, frame, indexed, video
    from mediaindex.store.spaces import active_space

    with library.read() as connection:
        space = active_space(connection)
        if space is None:
            return {}
        rows = connection.execute(
            sa.select(video.c.hash, indexed.c.generation, indexed.c.vectors, extraction.c.frame_file)
            .add_columns(indexed.c.extraction_id)
            .join(video, video.c.id == indexed.c.video_id)
            .join(extraction, extraction.c.id == indexed.c.extraction_id)
            .where(indexed.c.space_id == space.id)
        ).all()
        times: dict[int, list[float]] = {}
        for time_row in connection.execute(sa.select(frame).order_by(frame.c.extraction_id, frame.c.ordinal)):
            times.setdefault(time_row.extraction_id, []).append(time_row.seconds)
    held = library.vectors(space).read()
    searched = SpaceReader(library, space, ann_rows=1 << 62).frames(
        {row.generation: row.vectors for row in rows}
    )
    found = {}
    for row in rows:
        mine = held.take(np.flatnonzero(held.generation == row.generation))
        mine = mine.take(np.argsort(mine.frame, kind="stable"))
        found[row.hash] = Stored(
            seconds=np.asarray(times[row.extraction_id]).tobytes(),
            pictures=b"".join(library.frames.read(row.frame_file)),
            vectors=mine.frame.tobytes() + mine.vector.tobytes(),
            norms=mine.norm.tobytes(),
            evidence=b"" if mine.evidence is None else mine.evidence.tobytes(),
            matrix=searched[row.generation].tobytes(),
        )
    return found


def compare(library: Path, reference: dict[str, Stored], files: Sequence[Path], tally: Tally) -> None:
    """Count what `check` finds and what differs from the undisturbed index."""
    from mediaindex.identity import full_hash
    from mediaindex.store.check import check
    from mediaindex.store.library import open_library

    with open_library(library) as opened:
        problems = check(opened).problems
        found = stored(opened)
    for problem in problems:
        say(f"check: {problem}")
    tally.problems += len(problems)
    for path in files:
        if full_hash(path) not in found:
            say(f"{path.name} is not in the library")
            tally.differences += 1
    tally.compared += len(found)
    for content, now in found.items():
        wanted = reference.get(content)
        names = [field.name for field in fields(Stored)]
        differing = [name for name in names if getattr(now, name) != getattr(wanted, name, None)]
        if differing:
            say(f"{content[:12]} differs from the undisturbed index in {', '.join(differing)}")
            tally.differences += 1


def rounds(
    tally: Tally, work: Path, pool: Sequence[Path], reference: dict[str, Stored], full_run: float, seed: int
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


def undisturbed(work: Path, pool: Sequence[Path]) -> tuple[dict[str, Stored], float]:
    """What quiet runs over all clips store, and how many seconds the shorter of two took."""
    from mediaindex.store.library import open_library

    library, folder, took, contents = work / "reference", str(pool[0].parent), [], []
    for arguments in ([folder], [folder, "--redecode"]):
        began = time.monotonic()
        if not run_to_the_end("index", library, *arguments):
            sys.exit("the undisturbed index failed")
        took.append(time.monotonic() - began)
        with open_library(library) as opened:
            contents.append(stored(opened))
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
        (work / "pool").mkdir()
        pool = [work / "pool" / f"clip{number:03}.mp4" for number in range(clips)]
        for number, path in enumerate(pool):
            write_clip(path, random.Random(f"{arguments.seed} {number}"))
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
