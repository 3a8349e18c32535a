"""Remove everything that the program wrote, after listing it; never a video."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from typing import TYPE_CHECKING

from mediaindex.cli.shared.output import Output
from mediaindex.config import (
    APPLICATION,
    Config,
    config_path,
    default_library,
)
from mediaindex.errors import (
    DONE,
    MediaIndexError,
    UsageError,
)

if TYPE_CHECKING:
    from mediaindex.background.unit_file import Manager
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
    with _held(config):
        service = _service(config)
        traces, left = _found(config, service)
        wanted = not arguments.dry_run and (arguments.yes or _confirmed(output, traces, left))
        if wanted:
            _remove(config, traces, service)
    output.data(
        {
            "removed": wanted,
            "bytes": sum(trace.bytes for trace in traces),
            "files": [
                {"path": str(t.path), "what": t.what, "files": len(t.files), "bytes": t.bytes} for t in traces
            ],
            "left": [{"path": str(item.path), "reason": item.reason} for item in left],
        }
    )
    if arguments.yes or arguments.dry_run:
        for line in _lines(traces, left):
            output.line(line)
    output.line("removed" if wanted else "nothing was removed")
    return DONE if wanted or arguments.dry_run else DECLINED


def _held(config: Config) -> contextlib.AbstractContextManager[None]:
    """The lock of the library, where there is one: nobody writes to what is being removed."""
    from mediaindex.store.layout import DATABASE, LOCK
    from mediaindex.store.lock import writer_lock

    if not (config.library / DATABASE).is_file() or not os.access(config.library, os.W_OK):
        return contextlib.nullcontext()
    return writer_lock(config.library / LOCK)


def _service(config: Config) -> tuple[Manager, str] | None:
    """The service that watches this library, where this program installed one."""
    from mediaindex.background.unit_file import (
        installed,
        is_ours,
        name_of,
    )
    from mediaindex.cli.service import manager_of_this_system

    try:
        manager = manager_of_this_system()
    except MediaIndexError:
        return None
    name = name_of(config.library, default_library())
    return (manager, name) if is_ours(installed(manager.file(name)) or b"") else None


def _found(config: Config, service: tuple[Manager, str] | None) -> tuple[list[Trace], list[KeptPath]]:
    import platformdirs

    from mediaindex.store.maintenance import purge

    found, left = purge.of_library(config.library)
    shown, strangers = purge.of_thumbnails(platformdirs.user_cache_path(APPLICATION) / "thumbnails")
    found += shown
    found += purge.of_file(config_path(), "the settings")
    if service is not None:
        manager, name = service
        found += purge.of_file(manager.file(name), "the service that watches the library")
    return found, [*left, *strangers, *purge.hub_cache()]


def _lines(traces: list[Trace], left: list[KeptPath]) -> list[str]:
    lines = [f"{t.bytes / 1e6:10.1f} MB  {t.path}: {t.what}, {len(t.files)} files" for t in traces]
    return lines + [f"      stays  {item.path}: {item.reason}" for item in left]


def _confirmed(output: Output, traces: list[Trace], left: list[KeptPath]) -> bool:
    for line in _lines(traces, left):
        output.say(line)
    output.say(f"type '{WORD}' to remove all of this for ever; the videos stay where they are")
    return sys.stdin.readline().strip() == WORD


def _remove(config: Config, found: list[Trace], service: tuple[Manager, str] | None) -> None:
    import platformdirs

    from mediaindex.store.maintenance import purge

    if service is not None:
        manager, name = service
        if manager.is_running():
            manager.stop(name)
    purge.remove(found)
    if service is not None:
        service[0].forget(service[1])
    folders = [config.library, platformdirs.user_cache_path(APPLICATION), config_path().parent]
    if config.library == default_library():
        folders.append(config.library.parent)
    for folder in folders:
        purge.remove_empty(folder)
