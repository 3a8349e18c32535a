"""Every command of a second terminal while a watcher runs; then either side is killed in the middle of it.

    python scripts/bench/commands.py --rounds 2 --seed 1    (on ../shared/corpus/videos)
    python scripts/bench/commands.py --quick                (5 generated clips, one round)

First each command must end with 0 and do what it says. Then, each round, for each command the asker and
after it the watcher is killed (SIGKILL, its process group) while the command is carried out. An asker whose
watcher died must end with 0 all the same. A watcher runs again, the next call of the command must end with 0,
`check` must find nothing, and at last the library must equal a fresh index of the same folders, row by row.
Exit code 1 otherwise.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench._clips import another, write_clips
from bench._compare import differences
from bench._processes import ENVIRONMENT, Watch, ask, command, kill_session
from bench._report import VIDEOS, Row, flags, publish, say

ROUNDS, QUICK_ROUNDS = 2, 1
QUICK_CLIPS = 5
OTHERS = 2
QUIET_SECONDS, REST_SECONDS = 0.5, 3.0
SETTLED_SECONDS = 900.0
SECOND_ENCODER = "second"
NETWORK: dict[str, Any] = {
    "embed_dim": 32,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 64, "patch_size": 16, "head_width": 32},
    "text_cfg": {"context_length": 16, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1},
}
PIXELS = {"mean": [0.5] * 3, "std": [0.5] * 3, "interpolation": "bilinear", "resize_mode": "squash"}

Json = dict[str, Any]


@dataclass(slots=True)
class Tally:
    """The counts of the calls so far."""

    calls: int = 0
    askers_killed: int = 0
    watchers_killed: int = 0
    in_the_middle: int = 0
    taken_over: int = 0
    wrong_answers: int = 0
    failed_commands: int = 0
    ended_unasked: int = 0
    orphans: int = 0
    differences: int = 0

    @property
    def bad(self) -> int:
        """All that must be zero, together."""
        wrong = self.wrong_answers + self.failed_commands
        return wrong + self.ended_unasked + self.orphans + self.differences


@dataclass(frozen=True, slots=True)
class Call:
    """One command as a user gives it.

    Attributes:
        prepare: creates the situation that the command is for; returns the command's words.
        answers: whether the object that it prints, undisturbed, is right.
    """

    name: str
    prepare: Callable[[], list[str]]
    answers: Callable[[Json], bool]


class Home:
    """A library that is watched, folders of videos, and what a user does with them."""

    def __init__(self, work: Path, videos: Path, clips: list[Path]) -> None:
        self.work = work
        self.videos = videos
        self.library = work / "library"
        self._clips = [clip.read_bytes() for clip in clips]
        self._made = 0
        self._watchers = 0
        (work / "logs").mkdir()
        self.watch = self.start_watch(str(videos))

    def start_watch(self, *roots: str) -> Watch:
        """A new watcher on all sources."""
        self._watchers += 1
        log = self.work / "logs" / f"watch{self._watchers}.jsonl"
        self.watch = Watch(self.library, log, *roots, "--quiet-seconds", str(QUIET_SECONDS))
        return self.watch

    def calls(self) -> list[Call]:
        """The commands, in the order of the day."""
        return [
            Call("index", self._another_folder, lambda out: out["indexed"] == OTHERS),
            Call("sources add", self._a_source, lambda out: str(self._last()) in _paths(out["sources"])),
            Call("models use", self._the_other_encoder, lambda out: out["indexed"] > 0),
            Call("forget", self._a_film, lambda out: len(out["forgotten"]) == 1),
            Call(
                "retry",
                self._a_film_that_was_broken,
                lambda out: out["retried"] == out["indexed"] == 1,
            ),
            Call("compact", lambda: ["compact"], lambda out: out["versions"]["after"] == 1),
            Call("check --repair", self._lost_vectors, lambda out: out["repaired"] and out["ok"]),
        ]

    def _new_content(self) -> bytes:
        self._made += 1
        return another(self._clips[self._made % len(self._clips)], self._made)

    def _new_folder(self) -> Path:
        self._made += 1
        folder = self.work / f"folder {self._made}"
        folder.mkdir()
        for number in range(OTHERS):
            (folder / f"film {number}.mp4").write_bytes(self._new_content())
        return folder

    def _last(self) -> Path:
        return max(self.work.glob("folder *"), key=lambda folder: folder.stat().st_ctime_ns)

    def _another_folder(self) -> list[str]:
        return ["index", str(self._new_folder())]

    def _a_source(self) -> list[str]:
        return ["sources", "add", str(self._new_folder())]

    def serving(self) -> str:
        """The encoder that answers."""
        from mediaindex.store.library import open_library
        from mediaindex.store.vectors.spaces import active_space

        with open_library(self.library) as library, library.read() as connection:
            space = active_space(connection)
        assert space is not None
        return space.encoder

    def _the_other_encoder(self) -> list[str]:
        return ["models", "use", SECOND_ENCODER if self.serving() == "builtin" else "builtin"]

    def _a_film(self) -> list[str]:
        """One that is shown; `_tidy_up` brings it back."""
        return ["forget", str(min(path for path in self.videos.rglob("*.mp4") if path.is_file()))]

    def _a_film_that_was_broken(self) -> list[str]:
        """Its size and time stay as they were, so that only `retry` looks at it."""
        content = self._new_content()
        path = self.videos / f"broken {self._made}.mp4"
        path.write_bytes(bytes(len(content)))
        event_count = len(self.watch.events())
        self.watch.wait_for("looked", after=event_count, decoded=0, indexed=0)
        before = path.stat()
        path.write_bytes(content)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        return ["retry", str(path)]

    def _lost_vectors(self) -> list[str]:
        """The watcher has nothing to do at this moment, so that this process may write."""
        from mediaindex.store.library import open_library
        from mediaindex.store.vectors.spaces import active_space, owned

        with open_library(self.library) as library:
            with library.read() as connection:
                space = active_space(connection)
                assert space is not None
                generations = sorted(owned(connection, space.id))
            library.vectors(space).delete(generations[:1])
        return ["check", "--repair"]


def _paths(rows: list[Json]) -> list[str]:
    return [row["path"] for row in rows]


def write_encoder(folder: Path, seed: int) -> Path:
    """A tiny network of random weights, as open_clip keeps one on disk."""
    import open_clip
    import torch
    from safetensors.torch import save_file

    torch.manual_seed(seed)
    state = {name: value.contiguous() for name, value in open_clip.CLIP(**NETWORK).state_dict().items()}
    folder.mkdir()
    configuration = {"model_cfg": NETWORK, "preprocess_cfg": PIXELS}
    (folder / "open_clip_config.json").write_text(json.dumps(configuration))
    save_file(state, folder / "open_clip_model.safetensors")
    return folder


def undisturbed(home: Home, tally: Tally) -> dict[str, float]:
    """Each command once beside the watcher; the seconds that it took."""
    took = {}
    for call in home.calls():
        words = call.prepare()
        began = time.monotonic()
        code, answer = _ask(home, words)
        took[call.name] = time.monotonic() - began
        tally.calls += 1
        tally.failed_commands += code != 0
        if code == 0 and not call.answers(answer):
            tally.wrong_answers += 1
            say(f"{call.name} answered {answer}")
        say(f"{call.name}: {code} after {took[call.name]:.1f} s")
        _tidy_up(home, words, tally)
    return took


def _ask(home: Home, words: list[str]) -> tuple[int, Json]:
    return ask(words[0], home.library, *words[1:])


def _tidy_up(home: Home, words: list[str], tally: Tally) -> None:
    """What has to hold between two commands."""
    if words[0] == "forget":
        ask("forget", home.library, "--undo")  # 2 where the kill came before anything was forgotten
    if not home.watch.runs():
        tally.ended_unasked += 1
        say(f"the watcher ended: {home.watch.events()[-2:]} {home.watch.stderr()}")
        home.start_watch()
    home.watch.wait_until_idle(REST_SECONDS, seconds=SETTLED_SECONDS)


def kill_one(home: Home, call: Call, seconds: float, tally: Tally, *, watcher: bool) -> None:
    """Give a command, kill one side while it is carried out, and see that the next call ends well."""
    words = call.prepare()
    asker = subprocess.Popen(
        command(words[0], home.library, *words[1:]),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=ENVIRONMENT,
        text=True,
        start_new_session=True,
    )
    if call.name == "sources add":  # which asks nobody
        time.sleep(seconds)
    else:
        tally.in_the_middle += _wait_until_carried_out(home, asker, seconds)
    if watcher:
        tally.watchers_killed += 1
        tally.orphans += kill_session(home.watch.process, group=True)
        stderr = asker.communicate()[1]
        tally.taken_over += asker.returncode == 0
        if asker.returncode:
            tally.failed_commands += 1
            say(f"{call.name}, its watcher killed, ended with {asker.returncode}: {stderr}")
        home.start_watch()
    else:
        tally.askers_killed += asker.poll() is None
        tally.orphans += kill_session(asker, group=True)
        asker.communicate()
    _tidy_up(home, words, tally)
    _see_that_all_is_well(home, words, tally)


def _wait_until_carried_out(home: Home, asker: subprocess.Popen[str], seconds: float) -> bool:
    """Wait until the request is being carried out, and some seconds more; whether it still is."""
    while asker.poll() is None:
        if _carried_out(home):
            with contextlib.suppress(subprocess.TimeoutExpired):
                asker.wait(seconds)
            return _carried_out(home)
        time.sleep(0.005)
    return False


def _carried_out(home: Home) -> bool:
    import sqlalchemy as sa

    from mediaindex.store.catalog.schema import request
    from mediaindex.store.library import open_library

    with open_library(home.library) as library, library.read() as connection:
        running = sa.select(request.c.id).where(request.c.state == "running")
        return connection.execute(running).first() is not None


def _see_that_all_is_well(home: Home, words: list[str], tally: Tally) -> None:
    for again in (words, ["check"]):
        tally.calls += 1
        tally.failed_commands += _ask(home, again)[0] != 0
        _tidy_up(home, again, tally)


def judge(home: Home, tally: Tally) -> None:
    """End the watcher and compare with a fresh index of all that was given."""
    from mediaindex.store.catalog import sources
    from mediaindex.store.library import open_library

    if home.serving() != "builtin":
        tally.failed_commands += _ask(home, ["models", "use", "builtin"])[0] != 0
    tally.failed_commands += home.watch.stop() != 0
    with open_library(home.library) as library, library.read() as connection:
        roots = [str(source.path) for source in sources.all_sources(connection)]
    fresh = home.work / "fresh"
    tally.failed_commands += ask("index", fresh, *roots)[0] not in (0, 5)
    with open_library(home.library) as ours, open_library(fresh) as expected:
        tally.differences = differences(ours, expected)
    tally.failed_commands += _ask(home, ["check"])[0] != 0


def rounds(home: Home, count: int, took: dict[str, float], tally: Tally, chance: random.Random) -> None:
    """Kill either side in the middle of every command, some times."""
    for number in range(count):
        for call in home.calls():
            for watcher in (False, True):
                seconds = chance.uniform(0, took[call.name] / 2)
                kill_one(home, call, seconds, tally, watcher=watcher)
                side = "watcher" if watcher else "asker"
                say(f"round {number + 1}: {call.name}, {side} killed; {tally}")


def rows_of(tally: Tally, took: dict[str, float]) -> list[Row]:
    """The counts; what has a (0) must be zero."""
    return [
        *(Row(f"{name}, beside a watcher", seconds, "s") for name, seconds in took.items()),
        Row("commands called", tally.calls, "commands"),
        Row("askers killed", tally.askers_killed, "kills"),
        Row("watchers killed", tally.watchers_killed, "kills"),
        Row("of both while the request was carried out", tally.in_the_middle, "kills"),
        Row("commands that ended with 0 though their watcher was killed", tally.taken_over, "commands"),
        Row("commands that did not end with 0, check among them (0)", tally.failed_commands, "commands"),
        Row("commands that ended with 0 and another result (0)", tally.wrong_answers, "commands"),
        Row("watchers that ended unasked (0)", tally.ended_unasked, "watchers"),
        Row("processes that lived on (0)", tally.orphans, "processes"),
        Row("differences to a fresh index (0)", tally.differences, "rows"),
    ]


def main() -> None:
    parser = flags(__doc__ or "")
    parser.add_argument("--rounds", type=int, metavar="N", help=f"kills of each side a command ({ROUNDS})")
    parser.add_argument(
        "--videos", type=Path, default=VIDEOS, metavar="DIR", help="clips to watch (../shared/corpus/videos)"
    )
    arguments = parser.parse_args()
    count = arguments.rounds or (QUICK_ROUNDS if arguments.quick else ROUNDS)
    tally, chance = Tally(), random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as name:
        work = Path(name).resolve()
        clips = write_clips(work / "clips", QUICK_CLIPS, arguments.seed, seconds=4.0)
        videos = work / "videos"
        shutil.copytree(work / "clips" if arguments.quick else arguments.videos, videos)
        home = Home(work, videos, clips)
        try:
            home.watch.wait_until_idle(REST_SECONDS, seconds=SETTLED_SECONDS)
            encoder = write_encoder(work / "encoder", arguments.seed)
            _ask(home, ["models", "import", str(encoder), "--name", SECOND_ENCODER])
            took = undisturbed(home, tally)
            rounds(home, count, took, tally, chance)
            judge(home, tally)
        finally:
            kill_session(home.watch.process, group=True)
    publish("commands", rows_of(tally, took), arguments.json)
    sys.exit(tally.bad > 0)


if __name__ == "__main__":
    main()
