"""Reads thousands of damaged videos and counts the outcomes: nothing may crash, hang or live on.

    python scripts/bench/fuzz.py --files 2000 --seed 1    (a quarter of an hour)
    python scripts/bench/fuzz.py --quick                  (40 files)

Each file is a clip of the folder with one to three changes at places drawn by the seed: flipped bits, a
cut-off end, swapped, repeated or zeroed stretches, edited lengths, another clip's end. It goes through
probe and extraction in the bounded child process that the program uses; a file that takes longer than
`--seconds` is ended and counted. File N of seed S is always the same bytes; `--keep DIR` keeps those that
killed the decoder. Exit code 1 where this process met an error that is not a verdict on the file, where a
process lived on, or where a file was not ended in its time.
"""

from __future__ import annotations

import contextlib
import os
import random
import re
import resource
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench._report import VIDEOS, Row, flags, publish, say

from mediaindex.decode.sampling.policy import DECODERS, Sampling
from mediaindex.decode.worker import SECONDS_A_MIB, DecodeWorker, new_worker
from mediaindex.errors import DecodeError, DecoderDied, MediaError
from mediaindex.media import NotAVideo, SampledFrame
from mediaindex.sources.filetypes import MEDIA_EXTENSIONS, extension_of

FILES, QUICK_FILES = 2000, 40
LARGEST_KIB = 1024
FILE_SECONDS = 30.0
GRACE_SECONDS = 30.0
HEAD_BYTES = 8192
MARK = "MEDIAINDEX_FUZZ_RUN"
"""An environment variable that every process below this one has, by which those that live on are found."""

Mutation = Callable[[bytearray, random.Random, Sequence[bytes]], None]


def place(size: int, chance: random.Random) -> int:
    """An offset: half of them among the headers at either end, where damage matters most."""
    near = min(HEAD_BYTES, size)
    where = chance.random()
    if where < 0.25:
        return chance.randrange(near)
    if where < 0.5:
        return size - 1 - chance.randrange(near)
    return chance.randrange(size)


def stretch(size: int, chance: random.Random) -> slice:
    """A run of bytes of any length, short ones more often."""
    start = place(size, chance)
    return slice(start, min(size, start + int(2 ** chance.uniform(0, 16))))


def flip_bits(data: bytearray, chance: random.Random, _: Sequence[bytes]) -> None:
    for _flip in range(int(2 ** chance.uniform(0, 8))):
        data[place(len(data), chance)] ^= 1 << chance.randrange(8)


def cut_off(data: bytearray, chance: random.Random, _: Sequence[bytes]) -> None:
    del data[max(1, place(len(data), chance)) :]


def swap(data: bytearray, chance: random.Random, _: Sequence[bytes]) -> None:
    one, other = stretch(len(data), chance), stretch(len(data), chance)
    data[one], data[other] = data[other], data[one]


def repeat(data: bytearray, chance: random.Random, _: Sequence[bytes]) -> None:
    run = stretch(len(data), chance)
    data[run.start : run.start] = data[run] * chance.randint(1, 16)


def zero(data: bytearray, chance: random.Random, _: Sequence[bytes]) -> None:
    run = stretch(len(data), chance)
    data[run] = bytes(len(data[run]))


def edit_length(data: bytearray, chance: random.Random, _: Sequence[bytes]) -> None:
    """Change a number of four bytes: before a name of four letters, as MP4 and AVI have, or anywhere."""
    base = chance.choice((0, max(0, len(data) - HEAD_BYTES)))
    names = [base + match.start() for match in re.finditer(rb"[ -~]{4}", data[base : base + HEAD_BYTES])]
    near_a_name = names and chance.random() < 0.7
    offset = chance.choice(names) if near_a_name else place(len(data), chance)
    offset = max(0, offset - chance.choice((4, 4, 4, 0, -4, -8)))
    old = int.from_bytes(data[offset : offset + 4], "big")
    values = (0, 1, 7, 8, old + 1, old - 1, 2 * old, old ^ 0x80, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
    new = chance.choice(values) % 2**32
    data[offset : offset + 4] = new.to_bytes(4, chance.choice(("big", "little")))


def splice(data: bytearray, chance: random.Random, others: Sequence[bytes]) -> None:
    other = chance.choice(others)
    data[place(len(data), chance) :] = other[place(len(other), chance) :]


MUTATIONS: tuple[Mutation, ...] = (flip_bits, cut_off, swap, repeat, zero, edit_length, edit_length, splice)


@dataclass(frozen=True, slots=True)
class Mutants:
    """Damaged clips, by number."""

    seed: int
    clips: Sequence[Path]
    contents: Sequence[bytes]

    def name_and_bytes(self, number: int) -> tuple[str, bytes]:
        """One of them, always the same."""
        chance = random.Random(f"{self.seed} {number}")
        chosen = chance.randrange(len(self.clips))
        data = bytearray(self.contents[chosen])
        for _ in range(chance.randint(1, 3)):
            if data:
                chance.choice(MUTATIONS)(data, chance, self.contents)
        return f"mutant{self.clips[chosen].suffix}", bytes(data)


@dataclass(slots=True)
class Tally:
    """The outcomes of the files so far."""

    outcomes: Counter[str] = field(default_factory=Counter)
    frames: int = 0
    slowest_seconds: float = 0.0
    parent_errors: int = 0
    own_faults: int = 0
    hangs: int = 0
    orphans: int = 0

    @property
    def clean(self) -> bool:
        """Whether nothing went wrong."""
        return not (self.parent_errors or self.own_faults or self.hangs or self.orphans)


class Reader:
    """Reads files one after another in the program's own child process, each in its time."""

    def __init__(self, decoder: str, seconds: float, tally: Tally) -> None:
        self._decoder = decoder
        self._seconds = seconds
        self._tally = tally
        self._worker = self._new_worker()

    def read(self, path: Path) -> str:
        """The outcome of one file, without numbers."""
        granted = 2 * self._seconds + SECONDS_A_MIB * path.stat().st_size / 2**20
        # Ends what the program itself should have ended before.
        guard = threading.Timer(granted + GRACE_SECONDS, self._worker.kill)
        began = time.monotonic()
        guard.start()
        try:
            return self._outcome(path)
        except Exception:  # noqa: BLE001
            # What no file may cause; the run goes on to count how often.
            self._tally.parent_errors += 1
            say(traceback.format_exc())
            return "an error of this process"
        finally:
            guard.cancel()
            took = time.monotonic() - began
            self._tally.slowest_seconds = max(self._tally.slowest_seconds, took)
            if took > granted + GRACE_SECONDS:
                self._tally.hangs += 1
                self._worker.close()
                self._worker = self._new_worker()

    def close(self) -> None:
        """End the child process."""
        self._worker.close()

    def _new_worker(self) -> DecodeWorker:
        return new_worker(decoder=self._decoder, reply_seconds=self._seconds, request_seconds=self._seconds)

    def _outcome(self, path: Path) -> str:
        try:
            info = self._worker.probe(path)
            if isinstance(info, NotAVideo):
                return f"no film: {info.reason}"
            values = self._worker.extract(path, info, Sampling())
            frames = sum(isinstance(value, SampledFrame) for value in values)
        except DecoderDied as error:
            return f"ended: {reason_class(error.reason)}"
        except DecodeError as error:
            self._tally.own_faults += "fault of mediaindex" in error.reason
            return f"refused while decoding: {reason_class(error.reason)}"
        except MediaError as error:
            return f"refused by the probe: {reason_class(error.reason)}"
        self._tally.frames += frames
        return "frames"


def reason_class(reason: str) -> str:
    """A reason without the numbers and remedies that differ from file to file."""
    return re.sub(r"\d+", "N", reason[:60] if "died" in reason else reason.partition(":")[0])


def fuzz(tally: Tally, mutants: Mutants, numbers: Sequence[int], reader: Reader, keep: Path | None) -> None:
    """Read the mutants of these numbers, one after another."""
    with tempfile.TemporaryDirectory() as folder:
        for number in numbers:
            name, data = mutants.name_and_bytes(number)
            path = Path(folder, name)
            path.write_bytes(data)
            outcome = reader.read(path)
            path.unlink()
            tally.outcomes[outcome] += 1
            if outcome.startswith("ended") or "of mediaindex" in outcome or "this process" in outcome:
                say(f"file {number} ({name}): {outcome}")
                if keep is not None:
                    (keep / f"{mutants.seed}-{number}{path.suffix}").write_bytes(data)
            if (number + 1) % 200 == 0:
                say(f"{number + 1} files")


def living_on(seconds: float = 10.0) -> int:
    """Processes that were started below this one and are still there after some seconds."""
    import psutil

    deadline = time.monotonic() + seconds
    while True:
        left = 0
        for process in psutil.process_iter(["pid", "status"]):
            with contextlib.suppress(psutil.Error):
                is_child = process.pid != os.getpid() and process.info["status"] != psutil.STATUS_ZOMBIE
                left += is_child and process.environ().get(MARK) == os.environ[MARK]
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.05)


def clips_in(folder: Path, largest_kib: int) -> list[Path]:
    """The media files below a folder that are small enough to damage thousands of times."""
    media = sorted(path for path in folder.rglob("*") if extension_of(path.name) in MEDIA_EXTENSIONS)
    return [path for path in media if 0 < path.stat().st_size <= largest_kib << 10]


def main() -> None:
    parser = flags(__doc__ or "")
    parser.add_argument("--files", type=int, metavar="N", help=f"damaged files ({FILES})")
    parser.add_argument("--first", type=int, default=0, metavar="N", help="number of the first of them (0)")
    parser.add_argument(
        "--videos", type=Path, default=VIDEOS, metavar="DIR", help="clips (../shared/corpus/videos)"
    )
    parser.add_argument(
        "--largest", type=int, default=LARGEST_KIB, metavar="KIB", help=f"leave larger out ({LARGEST_KIB})"
    )
    parser.add_argument("--decoder", choices=DECODERS, default="auto", help="what reads them (auto)")
    parser.add_argument(
        "--seconds", type=float, default=FILE_SECONDS, metavar="S", help=f"for one file ({FILE_SECONDS:.0f})"
    )
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep what killed the decoder there")
    arguments = parser.parse_args()
    clips = clips_in(arguments.videos, arguments.largest)
    if not clips:
        parser.error(f"there are no clips of at most {arguments.largest} KiB in {arguments.videos}")
    os.environ[MARK] = f"{os.getpid()}-{time.time_ns()}"
    count = arguments.files or (QUICK_FILES if arguments.quick else FILES)
    mutants = Mutants(arguments.seed, clips, [clip.read_bytes() for clip in clips])
    tally, began = Tally(), time.monotonic()
    reader = Reader(arguments.decoder, arguments.seconds, tally)
    # Ctrl-C gives the files so far.
    with contextlib.suppress(KeyboardInterrupt):
        fuzz(tally, mutants, range(arguments.first, arguments.first + count), reader, arguments.keep)
    reader.close()
    tally.orphans = living_on()
    publish("fuzz", rows_of(tally, len(clips), time.monotonic() - began), arguments.json)
    sys.exit(not tally.clean)


def rows_of(tally: Tally, clips: int, seconds: float) -> list[Row]:
    """The counts; the four in the middle must be zero."""
    peak_mib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    died = sum(
        count for outcome, count in tally.outcomes.items() if outcome.startswith("ended: decoder died")
    )
    ended = sum(count for outcome, count in tally.outcomes.items() if outcome.startswith("ended")) - died
    return [
        Row("damaged files", tally.outcomes.total(), "files"),
        Row("clips that they were made of", clips, "clips"),
        Row("errors of the parent process", tally.parent_errors, "files"),
        Row("faults of mediaindex itself in the child", tally.own_faults, "files"),
        Row("files that were not ended in their time", tally.hangs, "files"),
        Row("processes that lived on", tally.orphans, "processes"),
        Row("files that killed the decoder", died, "files"),
        Row("files ended at their time limit", ended, "files"),
        Row("frames read of them", tally.frames, "frames"),
        Row("seconds", seconds, "s"),
        Row("slowest file", tally.slowest_seconds, "s"),
        Row("peak resident memory of a child", peak_mib, "MiB"),
        *(Row(f"outcome: {outcome}", count, "files") for outcome, count in tally.outcomes.most_common()),
    ]


if __name__ == "__main__":
    main()
