"""Remove everything that the program wrote, after listing it; never a video."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mediaindex.cli.shared.output import Output
from mediaindex.cli.shared.user_service import UserService, service_of
from mediaindex.config import APPLICATION, Config, config_path, default_library
from mediaindex.errors import DONE, MediaIndexError, UsageError

if TYPE_CHECKING:
    from mediaindex.store.maintenance.purge import KeptPath, Trace

WORD = "purge"
DECLINED = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `purge`."""
    parser.add_argument("--yes", action="store_true", help="remove it without asking")
    parser.add_argument("--dry-run", action="store_true", help="only list what would be removed")


def run(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    """List, ask, remove."""
    if not (arguments.yes or arguments.dry_run or sys.stdin.isatty()):
        raise UsageError("nothing was removed: --dry-run lists what --yes removes")
    with _writer_lock(config):
        service = _installed_service(config)
        traces, kept = _traces(config, service)
        is_removed = not arguments.dry_run and (arguments.yes or _is_confirmed(output, traces, kept))
        if is_removed:
            _remove(config, traces, service)
    output.data(
        {
            "removed": is_removed,
            "bytes": sum(trace.bytes for trace in traces),
            "files": [
                {"path": str(t.path), "what": t.what, "files": len(t.files), "bytes": t.bytes} for t in traces
            ],
            "left": [{"path": str(item.path), "reason": item.reason} for item in kept],
        }
    )
    if arguments.yes or arguments.dry_run:
        for line in _lines(traces, kept):
            output.line(line)
    output.line("removed" if is_removed else "nothing was removed")
    return DONE if is_removed or arguments.dry_run else DECLINED


def _writer_lock(config: Config) -> contextlib.AbstractContextManager[None]:
    """The lock of the library, where there is one: nobody writes to what is being removed."""
    from mediaindex.store.layout import DATABASE, LOCK
    from mediaindex.store.lock import writer_lock

    if not (config.library / DATABASE).is_file() or not os.access(config.library, os.W_OK):
        return contextlib.nullcontext()
    return writer_lock(config.library / LOCK)


def _installed_service(config: Config) -> UserService | None:
    """The service that watches this library, where this program installed one."""
    from mediaindex.background.unit_file import installed, is_ours

    try:
        service = service_of(config.library)
    except MediaIndexError:
        return None
    return service if is_ours(installed(service.path) or b"") else None


def _traces(config: Config, service: UserService | None) -> tuple[list[Trace], list[KeptPath]]:
    """What the program wrote, and what lies between it and stays."""
    import platformdirs

    from mediaindex.background.unit_file import installed, is_ours
    from mediaindex.store.answers import beside
    from mediaindex.store.maintenance import purge

    library_traces, kept = purge.of_library(config.library)
    thumbnails, foreign = purge.of_thumbnails(platformdirs.user_cache_path(APPLICATION) / "thumbnails")
    answer = purge.of_file(beside(config.library), "the last answer of a library that took none")
    traces = [*library_traces, *thumbnails, *answer, *purge.of_file(config_path(), "the settings")]
    if service is not None:
        traces += purge.of_file(service.path, "the service that watches the library")
        for path in service.timer_paths:
            if is_ours(installed(path) or b""):
                traces += purge.of_file(path, "the timer that evaluates the library")
    return traces, [*kept, *foreign, *purge.hub_cache()]


def _lines(traces: Sequence[Trace], kept: Sequence[KeptPath]) -> list[str]:
    lines = [f"{t.bytes / 1e6:10.1f} MB  {t.path}: {t.what}, {len(t.files)} files" for t in traces]
    return lines + [f"      stays  {item.path}: {item.reason}" for item in kept]


def _is_confirmed(output: Output, traces: Sequence[Trace], kept: Sequence[KeptPath]) -> bool:
    for line in _lines(traces, kept):
        output.say(line)
    output.say(f"type '{WORD}' to remove all of this for ever; the videos stay where they are")
    return sys.stdin.readline().strip() == WORD


def _remove(config: Config, traces: list[Trace], service: UserService | None) -> None:
    import platformdirs

    from mediaindex.store.maintenance import purge

    if service is not None:
        service.stop()
        if any(path.exists() for path in service.timer_paths):
            service.stop_timer()
    purge.remove(traces)
    if service is not None:
        service.forget()
    folders = [config.library, platformdirs.user_cache_path(APPLICATION), config_path().parent]
    if config.library == default_library():
        folders.append(config.library.parent)
    for folder in folders:
        purge.remove_empty(folder)
