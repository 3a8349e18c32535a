"""Follow folders: a first pass, then whatever changes, until it is stopped."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mediaindex.assembly.overview import watcher_values
from mediaindex.assembly.paths import absolute_unless_empty, check_root, stored_name
from mediaindex.cli.shared.arguments import add_indexing, positive_number
from mediaindex.cli.shared.output import Output, ProgressLine
from mediaindex.cli.shared.report import print_report
from mediaindex.cli.shared.writing import through_the_writer
from mediaindex.config import Config
from mediaindex.errors import UsageError, WriterBusy
from mediaindex.safe_text import format_seconds

if TYPE_CHECKING:
    from mediaindex.background.loop import WatchPolicy
    from mediaindex.ingest.writer.requests import Json
    from mediaindex.store.library import Library

LOCK_POLL_SECONDS = 0.5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `watch`."""
    parser.add_argument(
        "paths", nargs="*", metavar="PATH", help="folders to follow from now on (default: all sources)"
    )
    add_indexing(parser)
    parser.add_argument(
        "--exclude", action="append", metavar="GLOB", help="names or paths to pass over; may be repeated"
    )
    parser.add_argument("--once", action="store_true", help="one pass over all sources, as 'index'")
    parser.add_argument(
        "--full-only", action="store_true", help="no names and first looks before the full pass"
    )
    parser.add_argument(
        "--quiet-seconds",
        type=positive_number,
        default=2.0,
        metavar="S",
        help="look at a file unchanged for so long",
    )
    parser.add_argument(
        "--rescan-minutes",
        type=positive_number,
        default=15.0,
        metavar="M",
        help="between two scans of everything",
    )
    parser.add_argument(
        "--forget-after",
        type=positive_number,
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


def run(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    """Watch, or steer the watcher that runs."""
    from mediaindex.store.library import open_library

    typed = [absolute_unless_empty(path) for path in arguments.paths]
    is_steering = arguments.pause or arguments.resume or arguments.status
    if is_steering and typed:
        raise UsageError("--pause, --resume and --status take no PATH; 'sources add' adds one")
    with open_library(config.library, create=bool(typed)) as library:
        if is_steering:
            return _steer(library, output, pause=arguments.pause, resume=arguments.resume)
        for path in typed:
            check_root(library, path)
            if not os.path.isdir(path):
                raise UsageError(f"{path} is no folder; 'mediaindex index' takes single files")
        new = _add_sources(library, [stored_name(library, path) for path in typed])
        if arguments.once:
            return _once(library, config, output)
        return _watch(library, config, _policy(arguments), output, new)


def _policy(arguments: argparse.Namespace) -> WatchPolicy:
    from mediaindex.background.loop import WatchPolicy

    return WatchPolicy(
        quiet_seconds=arguments.quiet_seconds,
        rescan_seconds=60.0 * arguments.rescan_minutes,
        looks_first=not arguments.full_only,
        forget_after_seconds=86_400.0 * arguments.forget_after,
    )


def _add_sources(library: Library, paths: Sequence[Path]) -> list[Path]:
    """Make these folders sources; returns those that were none before.

    Raises:
        UsageError: there is none, before and now.
    """
    from mediaindex.store.catalog import sources

    with library.write() as connection:
        known = {source.path for source in sources.all_sources(connection)}
        for path in paths:
            sources.add_source(connection, path)
        if not known and not paths:
            raise UsageError("nothing is watched yet; name a folder: 'mediaindex watch FOLDER'")
    return [path for path in paths if path not in known]


def _once(library: Library, config: Config, output: Output) -> int:
    from mediaindex.ingest.writer.requests import IndexRequest
    from mediaindex.store.catalog import sources

    with library.read() as connection:
        roots = tuple(source.path for source in sources.all_sources(connection))
    outcome = through_the_writer(library, config, output, IndexRequest(roots, automatic=True))
    output.data(outcome.result)
    print_report(outcome.result, output)
    return outcome.exit_code


def _watch(library: Library, config: Config, policy: WatchPolicy, output: Output, new: Sequence[Path]) -> int:
    """Follow the sources as soon as the writer lock is free; another watcher follows new ones instead of us.

    Raises:
        WriterBusy: another watcher runs, and there is nothing new for it to follow.
    """
    from mediaindex.store.lock import holder

    is_wait_said = False
    while True:
        try:
            with library.lock("watch"):
                return _follow(library, config, policy, output)
        except WriterBusy:
            lock_holder = holder(library.root / "lock")
            if lock_holder is not None and lock_holder.role == "watch":
                if not new:
                    raise
                roots = ", ".join(str(path) for path in new)
                output.say(f"the watcher that runs (process {lock_holder.pid}) follows {roots} from now on")
                output.data(
                    {"event": "added", "pid": lock_holder.pid, "sources": [str(path) for path in new]}
                )
                return 0
            if lock_holder is not None and not is_wait_said:
                is_wait_said = True
                output.say(
                    f"process {lock_holder.pid} is writing to this library; watching begins when it is done"
                )
            time.sleep(LOCK_POLL_SECONDS)


def _follow(library: Library, config: Config, policy: WatchPolicy, output: Output) -> int:
    from mediaindex.assembly.writing import new_watch_loop
    from mediaindex.background import log_file
    from mediaindex.background.throttle import be_polite

    log_file.set_up(library.root, format=config.log_format)
    be_polite(config.nice)
    printer = EventPrinter(output)
    try:
        with ProgressLine(output) as progress:
            new_watch_loop(library, config, policy, tell=printer, progress=progress).run()
    except KeyboardInterrupt:
        # Being stopped is how watching ends; the library is consistent at every moment.
        printer({"event": "stopped", "pid": os.getpid()})
    finally:
        log_file.tear_down()
    return 0


class EventPrinter:
    """Events of the watcher: one object a line as JSON, or a line where a person wants to know."""

    def __init__(self, output: Output) -> None:
        self._output = output

    def __call__(self, event: Json) -> None:
        """Print one event."""
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


def _steer(library: Library, output: Output, *, pause: bool, resume: bool) -> int:
    """Pause, resume, or say what the watcher does."""
    from mediaindex.store import state

    if pause or resume:
        with library.write() as connection:
            if pause:
                state.set_pause(connection, by="the user")
            else:
                state.clear_pause(connection)
    values = watcher_values(library)
    output.data(values)
    output.line(_state_line(values))
    return 0


def _state_line(values: dict[str, Any]) -> str:
    if not values["running"]:
        return "no watcher runs" + ("; the next one will wait until --resume" if values["paused"] else "")
    subject = f"process {values['pid']} watches"
    if values["paused"]:
        return f"{subject}; paused"
    if values["reason"]:
        return f"{subject}; waiting: {values['reason']}"
    return f"{subject}; {values['state'] or 'starting'}"
