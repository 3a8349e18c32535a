"""How many keys it takes to find and open the twenty moments of docs/tui-tasks.md, in the real interface.

    python scripts/bench/ui_tasks.py --videos ../shared/corpus/videos --library L
    python scripts/bench/ui_tasks.py --quick                                       (three of them)

Each task is typed letter by letter. After each letter the interface answers; as soon as the clip is among
the first nine moments on the screen, it is gone to (↓, or Tab and its number, what is shorter) and opened
with Enter. A key is a letter, an ↓, Tab, a number, Enter. The library is made where it is not there.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tui"))

from bench._report import CHECKOUT, Row, add_videos, flags, publish, say
from bench._scale_place import run
from bench.startup import mediaindex
from textual.pilot import Pilot

from mediaindex_tui.app import InterfaceApp, Setup
from mediaindex_tui.link import Link

TASKS = CHECKOUT / "docs" / "tui-tasks.md"
SIZES = ((80, 24), (120, 40))
QUICK_TASKS = 3
ANSWER_SECONDS = 60.0
LOOK_SECONDS = 0.5
ROWS_LOOKED_AT = 9
DOWN_AT_MOST = 2


@dataclass(frozen=True, slots=True)
class Task:
    """A clip, below the folder of the clips, and what is typed to find it."""

    clip: str
    typed: str


@dataclass(frozen=True, slots=True)
class Solved:
    """What a task took; `keys` is None where the clip never came into sight."""

    task: Task
    keys: int | None
    seconds: float


def tasks_of(text: str) -> list[Task]:
    """The tasks of a table `| clip | typed |`."""
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]
    rows = [row for row, line in zip(cells, text.splitlines(), strict=True) if line.startswith("|")]
    return [Task(clip, typed) for clip, typed in rows[2:]]


async def solved(tasks: list[Task], library: Path, size: tuple[int, int]) -> list[Solved]:
    """Each task in the interface of one session."""
    link = Link(library)
    app = InterfaceApp(Setup(library, images="off", player="true {path} {seconds}"), link)
    try:
        async with app.run_test(size=size) as pilot:
            await _until(pilot, lambda: "pictures" in app.ready, "the encoder to be loaded")
            return [await _solve(task, app, pilot) for task in tasks]
    finally:
        link.close()


async def _solve(task: Task, app: InterfaceApp, pilot: Pilot[int]) -> Solved:
    await pilot.press("slash" if app.search.state != "typing" else "end", "ctrl+u")
    began = time.perf_counter()
    for typed, letter in enumerate(task.typed, 1):
        await pilot.press("space" if letter == " " else letter)
        text = task.typed[:typed]
        await _until(pilot, partial(_is_answered, app, text), f"an answer to {text!r}")
        if _place_in_sight(task, app) is not None:
            await _look(app, pilot)
        if _place_in_sight(task, app) is not None:
            steps = await _go(task, app, pilot)
            await pilot.press("enter")
            return Solved(task, typed + steps + 1, time.perf_counter() - began)
    return Solved(task, None, time.perf_counter() - began)


def _place_in_sight(task: Task, app: InterfaceApp) -> int | None:
    """Which of the first moments on the screen is of the clip, from 1; None without any."""
    seen = app.search.results.visible_places[:ROWS_LOOKED_AT]
    paths = [app.search.moments.moments[place].path for place in seen]
    return next((row for row, path in enumerate(paths, 1) if path.endswith(task.clip.encode())), None)


async def _look(app: InterfaceApp, pilot: Pilot[int]) -> None:
    """Look at the list before a key is pressed; the reranked order comes meanwhile, and may move the clip."""
    looked = time.monotonic() + LOOK_SECONDS
    while time.monotonic() < looked and not _is_reranked(app):
        await pilot.pause(0.01)


def _is_reranked(app: InterfaceApp) -> bool:
    answer = app.search.session.answer
    return answer is not None and answer.stage == "reranked"


async def _go(task: Task, app: InterfaceApp, pilot: Pilot[int]) -> int:
    """Put the cursor on the clip; how many keys that took. Moments that come meanwhile may move it."""
    keys = 0
    while (row := _place_in_sight(task, app)) is not None:
        current = app.search.moments.current
        if current is not None and current.path.endswith(task.clip.encode()):
            return keys
        below = app.search.results.visible_places[row - 1] - app.search.moments.cursor
        number = ["tab"] * (app.search.state == "typing") + [str(row)]
        steps = ["down"] * below if 0 < below <= DOWN_AT_MOST else number
        await pilot.press(*steps)
        keys += len(steps)
    raise SystemExit(f"{task.clip} went out of sight")


def _is_answered(app: InterfaceApp, text: str) -> bool:
    session = app.search.session
    is_whole = session.answer is not None and session.answer.stage != "words"
    return session.text == text and session.is_settled and is_whole


async def _until(pilot: Pilot[int], condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + ANSWER_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"waited {ANSWER_SECONDS:g} s for {what}")
        await pilot.pause(0.01)


def rows_of(size: tuple[int, int], found: list[Solved]) -> list[Row]:
    """The rows of one size of the screen."""
    name = f"{size[0]}×{size[1]}"
    keys = [one.keys if one.keys is not None else len(one.task.typed) + 100 for one in found]
    return [
        Row(f"{name}: keys with Enter, median (at most 9)", statistics.median(keys), "keys"),
        Row(f"{name}: tasks within 12 keys (at least 15 of 20)", sum(key <= 12 for key in keys), "tasks"),
        Row(f"{name}: tasks solved", sum(one.keys is not None for one in found), "tasks", len(found)),
        Row(f"{name}: seconds, median", statistics.median(one.seconds for one in found), "s"),
    ]


def main() -> None:
    """Solve the tasks at both sizes."""
    parser = flags(__doc__ or "")
    add_videos(parser)
    parser.add_argument(
        "--library", type=Path, metavar="DIR", help="of the clips; made where it is not there"
    )
    arguments = parser.parse_args()
    tasks = tasks_of(TASKS.read_text(encoding="utf-8"))[: QUICK_TASKS if arguments.quick else None]
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        library = arguments.library or Path(folder) / "library"
        if not library.exists():
            say(f"indexing {arguments.videos}")
            run([*mediaindex(), "index", str(arguments.videos), "--library", str(library)])
        for size in SIZES:
            found = asyncio.run(solved(tasks, library, size))
            for one in found:
                say(f"{size[0]}×{size[1]} {one.keys or 'not found':>9} {one.task.typed} ({one.task.clip})")
            rows += rows_of(size, found)
    publish("ui_tasks", rows, arguments.json)


if __name__ == "__main__":
    main()
