"""What the interface costs and how fast it answers, on a real pseudo-terminal.

    python scripts/bench/ui.py --library L                     of the clips
    python scripts/bench/ui.py --library L --large L2          and of a hundred thousand frames
    python scripts/bench/ui.py --quick --library L

The program is started as a user starts it. A terminal emulator (pyte) reads what it draws, with the time of
each piece, so that "painted" is when the screen first shows what it shows in the end. `_scale` libraries
(`scripts/bench/scale.py --keep DIR`) serve as the large one. The reranked order is measured where a generator
is on for the library (`mediaindex status`).
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench._report import Row, flags, publish, say
from bench._terminal import Line, Terminal, started

QUERY = "dog on the beach"
KEY_SECONDS = 0.8
START_SECONDS = 60.0
REST_SECONDS = 5.0
STARTS = 3
SLOW_LINE = Line(rate=125_000.0, delay=0.1)
"""1 Mbit/s and 100 ms."""
TYPING_SECONDS = 0.2
PAGE_DOWN, END, DOWN = b"\x1b[6~", b"G", b"\x1b[B"
BEFORE_REST_SECONDS = 0.07
WORDS, PICTURES, RERANKED = "words", "instant", "reranked"


@dataclass(frozen=True, slots=True)
class Start:
    """What one start took, in seconds.

    Attributes:
        echoes: of each letter that was typed meanwhile, milliseconds until it stood there.
    """

    cpu: float
    frame: float
    words: float
    pictures: float
    echoes: Sequence[float]


def start(library: Path) -> Start:
    """From nothing to pictures, with somebody who types at once."""
    began = time.monotonic()
    with started(library) as terminal:
        terminal.read(START_SECONDS, lambda: terminal.shows("❯"))
        frame, cpu = time.monotonic() - began, terminal.cpu_seconds
        echoes = []
        words, typed = 0.0, ""
        while not _is_at(terminal, PICTURES) and time.monotonic() - began < START_SECONDS:
            typed += "dog "[len(typed) % 4]
            pressed = terminal.press(typed[-1].encode())
            terminal.read(1.0, partial(_stands, terminal, typed))
            shown = terminal.shown_after(pressed, typed.rstrip())
            echoes.append(1000.0 * (time.monotonic() - pressed) if shown is None else shown)
            words = words or (time.monotonic() - began if _is_at(terminal, WORDS) else 0.0)
            terminal.read(0.05)
        pictures = time.monotonic() - began
    return Start(cpu, frame, words or pictures, pictures, echoes)


def _is_at(terminal: Terminal, stage: str) -> bool:
    """Whether what is shown is of a stage, or of one behind it."""
    stages = (WORDS, PICTURES, RERANKED)
    return any(one in terminal.query for one in stages[stages.index(stage) :])


def _stands(terminal: Terminal, typed: str) -> bool:
    return typed.rstrip() in terminal.query


def starting(library: Path, starts: int) -> list[Row]:
    """Several starts: medians, and of the stalls the worst."""
    runs = [start(library) for _run in range(starts)]
    stalls = [max(run.echoes, default=0.0) for run in runs]
    of = f"median of {starts}"
    stall = "a letter appears while the encoder loads, the slowest of a start"
    return [
        Row(f"first frame, CPU, {of} (under 0.7)", statistics.median(run.cpu for run in runs), "s"),
        Row(f"first frame, wall, {of}", statistics.median(run.frame for run in runs), "s"),
        Row(f"words answer, wall, {of} (under 2)", statistics.median(run.words for run in runs), "s"),
        Row(f"pictures answer, wall, {of} (under 5)", statistics.median(run.pictures for run in runs), "s"),
        Row(f"{stall}, {of} (under 60)", statistics.median(stalls), "ms"),
        Row(f"{stall}, worst of {starts} (under 100)", max(stalls), "ms"),
        Row(
            "a letter appears while the encoder loads, median",
            statistics.median(echo for run in runs for echo in run.echoes),
            "ms",
        ),
    ]


def _ready(terminal: Terminal) -> None:
    if not terminal.read(START_SECONDS, lambda: " ready" in terminal.query):
        raise SystemExit("the interface never said that it is ready")
    terminal.read(1.0)


def typing(title: str, library: Path, goal_ms: int) -> list[Row]:
    """One letter after the other, each until the list stands."""
    with started(library) as terminal:
        _ready(terminal)
        painted, reranked = [], []
        for letter in QUERY:
            pressed = terminal.press(letter.encode())
            terminal.read(KEY_SECONDS)
            if (milliseconds := terminal.painted_after(pressed)) is not None:
                painted.append(milliseconds)
            if (milliseconds := terminal.settled_after(pressed, RERANKED)) is not None:
                reranked.append(milliseconds)
        terminal.read(2.0)
        pressed = time.monotonic()
        terminal.read(REST_SECONDS)
        silence = terminal.bytes_after(pressed)
        own = terminal.memory_mb(terminal.pid)
        finder = terminal.finder
        finders = terminal.memory_mb(finder) if finder is not None else 0.0
    rows = [
        Row(f"{title}: key to painted list, median (under {goal_ms})", statistics.median(painted), "ms"),
        Row(f"{title}: key to painted list, 90 %", _share(painted, 0.9), "ms"),
    ]
    if reranked:
        rows.append(
            Row(f"{title}: key to reranked order, median (under 200)", statistics.median(reranked), "ms")
        )
    else:
        say(f"{title}: no generator is on, so that no reranked order was measured")
    return [
        *rows,
        Row(f"{title}: bytes at rest in {REST_SECONDS:g} s", silence, "bytes"),
        Row(f"{title}: memory of the interface (under 80)", own, "MB"),
        Row(f"{title}: memory of the finder", finders, "MB"),
    ]


def _share(values: Sequence[float], share: float) -> float:
    return sorted(values)[int(share * (len(values) - 1))]


def scrolling(library: Path, moments: int) -> list[Row]:
    """↓ and PgDn in a long list: bytes, and the processor time of what is drawn before the cursor rests."""
    rows = []
    with started(library) as terminal:
        _ready(terminal)
        terminal.press(b"beach")
        terminal.read(2.0)
        terminal.press(b"\t")
        for _page in range(moments // 500):
            terminal.press(END)
            terminal.read(1.5)
        terminal.press(b"g")
        terminal.read(2.0)
        for name, key, goal in (("↓", DOWN, " (under 4500)"), ("PgDn", PAGE_DOWN, "")):
            moving, resting, cpu = zip(*(_step(terminal, key) for _turn in range(8)), strict=True)
            title = f"{name} in a list of {moments}, before the cursor rests"
            rows.append(Row(f"{title}{goal}", statistics.median(moving), "bytes"))
            rows.append(Row(f"{name}, with the pictures once it rests", statistics.median(resting), "bytes"))
            rows.append(Row(f"{title}, CPU, the most (under 50)", max(cpu), "ms"))
        held = time.monotonic()
        before = terminal.cpu_seconds
        for _turn in range(30):
            terminal.press(PAGE_DOWN)
            terminal.read(1 / 30)
        terminal.read(0.5)
        used = 1000.0 * (terminal.cpu_seconds - before) / 30
        say(f"30 PgDn in {time.monotonic() - held:.1f} s")
    return [*rows, Row("PgDn held at 30 a second, CPU of each (under 50)", used, "ms")]


def _step(terminal: Terminal, key: bytes) -> tuple[int, int, float]:
    """Bytes before the cursor rests, bytes in all, and milliseconds of CPU before it rests."""
    before = terminal.cpu_seconds
    pressed = terminal.press(key)
    terminal.collect(BEFORE_REST_SECONDS)
    cpu = 1000.0 * (terminal.cpu_seconds - before)
    terminal.read(0.6)
    return terminal.bytes_after(pressed, BEFORE_REST_SECONDS), terminal.bytes_after(pressed), cpu


def over_a_slow_line(library: Path) -> list[Row]:
    """Over 1 Mbit/s and 100 ms, as over ssh: whoever types five letters a second is answered."""
    with started(
        library, line=SLOW_LINE, variables={"SSH_CONNECTION": "192.0.2.1 1 192.0.2.2 22"}
    ) as terminal:
        _ready(terminal)
        times, typed = [], ""
        for letter in QUERY:
            typed += letter
            times.append((terminal.press(letter.encode()), typed))
            terminal.read(TYPING_SECONDS - SLOW_LINE.delay / 2)
        terminal.read(3.0)
        shown = [terminal.shown_after(pressed, text.rstrip()) for pressed, text in times]
        answered = [one for one in shown if one is not None]
        last = terminal.painted_after(times[-1][0])
    over = "over 1 Mbit/s and 100 ms"
    return [
        Row(f"{over}: letters that appear (all {len(times)})", len(answered), "letters"),
        Row(f"{over}: a letter appears, median", statistics.median(answered or [0.0]), "ms"),
        Row(f"{over}: a letter appears, the slowest (at most 400)", max(answered, default=0.0), "ms"),
        Row(f"{over}: the list behind the last letter", last or 0.0, "ms"),
    ]


def main() -> None:
    """Measure everything."""
    parser = flags(__doc__ or "")
    parser.add_argument("--library", type=Path, required=True, metavar="DIR", help="of the clips")
    parser.add_argument("--large", type=Path, metavar="DIR", help="of many frames")
    arguments = parser.parse_args()
    quick = arguments.quick
    rows = starting(arguments.library, 1 if quick else STARTS)
    rows += typing("clips", arguments.library, 100)
    rows += scrolling(arguments.large or arguments.library, 500 if quick else 10_000)
    if arguments.large is not None:
        rows += typing("large", arguments.large, 150)
    if not quick:
        rows += over_a_slow_line(arguments.library)
    publish("ui", rows, arguments.json)


if __name__ == "__main__":
    main()
