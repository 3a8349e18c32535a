"""Follow folders: a first pass, then whatever changes, until it is stopped."""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mediaindex.cli import add_cache_limit, add_device
from mediaindex.cli.index import check_root, print_report
from mediaindex.cli.shared.output import Output, ProgressLine
from mediaindex.config import Config
from mediaindex.errors import UsageError, WriterBusy
from mediaindex.safe_text import format_seconds

if TYPE_CHECKING:
    from mediaindex.ingest.writer.requests import Json
    from mediaindex.store.library import Library

ASKED_SECONDS = 0.5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `watch`."""
    parser.add_argument(
        "paths", nargs="*", metavar="PATH", help="folders to follow from now on (default: all sources)"
    )
    add_device(parser)
    parser.add_argument("--encoder", metavar="NAME", help="encoder to index with (see 'models list')")
    parser.add_argument("--jobs", type=int, metavar="N", help="decoding processes side by side")
    parser.add_argument("--decoder", choices=("auto", "pyav", "ffmpeg"), help="what reads the videos")
    add_cache_limit(parser)
    parser.add_argument(
        "--exclude", action="append", metavar="GLOB", help="names or paths to pass over; may be repeated"
    )
    parser.add_argument("--once", action="store_true", help="one pass over all sources, as 'index'")
    parser.add_argument(
        "--full-only", action="store_true", help="no names and first looks before the full pass"
    )
    parser.add_argument(
        "--quiet-seconds",
        type=_seconds,
        default=2.0,
        metavar="S",
        help="look at a file unchanged for so long",
    )
    parser.add_argument(
        "--rescan-minutes", type=_seconds, default=15.0, metavar="M", help="between two scans of everything"
    )
    parser.add_argument(
        "--forget-after",
        type=_seconds,
        default=30.0,
        metavar="DAYS",
        help="forget what is missing for so long",
    )
    parser.add_argument(
        "--max-load", type=float, metavar="LOAD", help="wait while the load average is higher"
    )
    parser.add_argument("--pause-on-battery", action="store_const", const=True, help="wait while on battery")
    parser.add_argument("--log-format", choices=("text", "json"), help="form of the log in the library")
    steering = parser.add_mutually_exclusive_group()
    steering.add_argument("--pause", action="store_true", help="let the running watcher wait")
    steering.add_argument("--resume", action="store_true", help="let it go on")
    steering.add_argument("--status", action="store_true", help="say what it does")


def _seconds(text: str) -> float:
    value = float(text)
    if not 0.0 < value < 1e9:
        raise argparse.ArgumentTypeError("must be a number above 0")
    return value


def run(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    """Watch, or steer the watcher that runs."""
    from mediaindex.store.library import open_library

    paths = [Path(os.path.abspath(os.path.expanduser(path))) for path in arguments.paths]
    steering = arguments.pause or arguments.resume or arguments.status
    if steering and paths:
        raise UsageError("--pause, --resume and --status take no PATH; 'sources add' adds one")
    with open_library(config.library, create=bool(paths)) as library:
        if steering:
            return _steer(library, arguments, output)
        for path in paths:
            check_root(library, path)
            if not path.is_dir():
                raise UsageError(f"{path} is no folder; 'mediaindex index' takes single files")
        new = _add_sources(library, paths)
        if arguments.once:
            return _once(library, config, output)
        return _watch(library, config, arguments, output, new)


def _add_sources(library: Library, paths: list[Path]) -> list[Path]:
    """Remember roots; those that were none before."""
    from mediaindex.store.catalog import sources

    with library.write() as connection:
        known = {source.path for source in sources.all_sources(connection)}
        for path in paths:
            sources.add_source(connection, path)
        if not known and not paths:
            raise UsageError("nothing is watched yet; name a folder: 'mediaindex watch FOLDER'")
    return [path for path in paths if path not in known]


def _once(library: Library, config: Config, output: Output) -> int:
    from mediaindex.cli.shared.writing import through_the_writer
    from mediaindex.ingest.writer.requests import IndexRequest
    from mediaindex.store.catalog import sources

    with library.read() as connection:
        roots = tuple(source.path for source in sources.all_sources(connection))
    outcome = through_the_writer(library, config, output, IndexRequest(roots, automatic=True))
    output.data(outcome.result)
    print_report(outcome.result, output)
    return outcome.exit_code


def _watch(
    library: Library, config: Config, arguments: argparse.Namespace, output: Output, new: list[Path]
) -> int:
    """Hold the lock and follow; another watcher takes over new roots, behind another command we wait."""
    from mediaindex.store.lock import holder

    waited = False
    while True:
        try:
            with library.lock("watch"):
                return _follow(library, config, arguments, output)
        except WriterBusy:
            found = holder(library.root / "lock")
            if found is not None and found.role == "watch":
                if not new:
                    raise
                roots = ", ".join(str(path) for path in new)
                output.say(f"the watcher that runs (process {found.pid}) follows {roots} from now on")
                output.data({"event": "added", "pid": found.pid, "sources": [str(path) for path in new]})
                return 0
            if found is not None and not waited:
                waited = True
                output.say(f"process {found.pid} is writing to this library; watching begins when it is done")
            time.sleep(ASKED_SECONDS)


def _follow(library: Library, config: Config, arguments: argparse.Namespace, output: Output) -> int:
    from mediaindex.assembly import new_watch_loop
    from mediaindex.background import log_file
    from mediaindex.background.loop import WatchPolicy
    from mediaindex.background.throttle import be_polite

    log_file.set_up(library.root, format=config.log_format)
    be_polite(config.nice)
    policy = WatchPolicy(
        quiet_seconds=arguments.quiet_seconds,
        rescan_seconds=60.0 * arguments.rescan_minutes,
        looks_first=not arguments.full_only,
        forget_after_seconds=86_400.0 * arguments.forget_after,
    )
    teller = Teller(output)
    try:
        with ProgressLine(output) as progress:
            new_watch_loop(library, config, policy, tell=teller, progress=progress).run()
    except KeyboardInterrupt:
        # Being stopped is how watching ends; the library is consistent at every moment.
        teller({"event": "stopped", "pid": os.getpid()})
    finally:
        log_file.tear_down()
    return 0


class Teller:
    """Events of the watcher: one object a line as JSON, or a line where a person wants to know."""

    def __init__(self, output: Output) -> None:
        self._output = output

    def __call__(self, event: Json) -> None:
        """Tell one event."""
        if self._output.as_json:
            self._output.data({"time": time.time(), **event})
        elif (text := described(event)) is not None:
            self._output.line(text)


def described(event: Json) -> str | None:
    """An event in one line, None for what nobody needs to read."""
    match event["event"]:
        case "started":
            return f"watching {', '.join(event['sources'])}"
        case "paused":
            return f"waiting: {event['reason']}"
        case "resumed" | "stopped" as what:
            return str(what)
        case "looked":
            return _looked(event)
    return None


def _looked(event: Json) -> str | None:
    counts = [
        f"{event[name]} {name}" for name in ("indexed", "moved", "copies", "offline") if event.get(name)
    ]
    counts += [
        f"failed {row['path']}: {row['reason']}" for row in event["failed"] if event["decoded"] or counts
    ]
    if event["why"] == "first" and not counts:
        counts = ["nothing is new"]
    return f"{', '.join(counts)}; in {format_seconds(event['elapsed_seconds'])}" if counts else None


def _steer(library: Library, arguments: argparse.Namespace, output: Output) -> int:
    """Pause, resume, or say what the watcher does."""
    from mediaindex.store import state

    with library.write() as connection:
        if arguments.pause:
            state.set_pause(connection, by="the user")
        elif arguments.resume:
            state.clear_pause(connection)
    values = watcher_values(library)
    output.data(values)
    output.line(_state_line(values))
    return 0


def watcher_values(library: Library) -> dict[str, Any]:
    """What is known of the watcher: the JSON of `watch --status`."""
    from mediaindex.store.lock import holder
    from mediaindex.store.state import paused, watch_state

    found = None if library.read_only else holder(library.root / "lock")
    running = found is not None and found.role == "watch"
    with library.read() as connection:
        state = watch_state(connection) if running else None
        pause = paused(connection)
    return {
        "running": running,
        "pid": found.pid if found is not None and running else None,
        "state": state["state"] if state else None,
        "reason": state["reason"] if state else None,
        "since": state["since"] if state else None,
        "progress": state["progress"] if state else None,
        "paused": pause is not None,
    }


def _state_line(values: dict[str, Any]) -> str:
    if not values["running"]:
        return "no watcher runs" + ("; the next one will wait until --resume" if values["paused"] else "")
    told = f"process {values['pid']} watches"
    if values["paused"]:
        return f"{told}; paused"
    if values["reason"]:
        return f"{told}; waiting: {values['reason']}"
    return f"{told}; {values['state'] or 'starting'}"
