"""Keep `watch` running in the background, as a service of this user."""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
from typing import TYPE_CHECKING

from mediaindex.cli import add_shared
from mediaindex.cli.shared.output import Output
from mediaindex.config import (
    CONFIG_VARIABLE,
    Config,
    default_library,
)
from mediaindex.errors import MediaIndexError

if TYPE_CHECKING:
    from mediaindex.background.unit_file import Manager

BY_VARIABLE = "environment "
# Where this user's programs, settings, library and encoders are: the manager starts without the shell's.
CARRIED = (
    "PATH",
    "HF_HOME",
    "HF_HUB_CACHE",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    CONFIG_VARIABLE,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `service`."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="install|status|uninstall")
    install = actions.add_parser("install", help="write the service's file, and start it")
    install.add_argument("--print", dest="show", action="store_true", help="show the file, write nothing")
    install.add_argument(
        "--no-start", dest="start", action="store_false", help="write the file, start nothing"
    )
    status = actions.add_parser("status", help="whether it is installed and runs")
    uninstall = actions.add_parser("uninstall", help="stop it, and remove its file")
    for action in (install, status, uninstall):
        add_shared(action, again=True)


def run(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    """Carry out one of the actions."""
    from mediaindex.background.unit_file import name_of

    actions = {"install": _install, "status": _status, "uninstall": _uninstall}
    service = name_of(config.library, default_library())
    return actions[arguments.action](arguments, config, output, manager_of_this_system(), service)


def manager_of_this_system() -> Manager:
    """The kind of service manager that this system has, whether or not it runs.

    Raises:
        MediaIndexError: the program knows none for this system.
    """
    if sys.platform == "darwin":
        from mediaindex.background.launchd import Launchd

        return Launchd()
    if sys.platform == "linux":
        from mediaindex.background.systemd import Systemd

        return Systemd()
    raise MediaIndexError(
        f"no service manager is known for {sys.platform}: start 'mediaindex watch' yourself"
    )


def _install(
    arguments: argparse.Namespace, config: Config, output: Output, manager: Manager, service: str
) -> int:
    from mediaindex.background.unit_file import write

    path, text = manager.file(service), _text(config, manager, service)
    written, started = False, False
    if not arguments.show:
        _must_have_sources(config, output)
        runs = manager.is_running()
        if arguments.start and not runs:
            raise MediaIndexError(
                f"no {manager.name} of this user runs here, so nothing was written; "
                f"--print shows the {manager.kind}, --no-start writes it to {path}"
            )
        written = write(path, text)
        if arguments.start:
            manager.start(service)
            started = True
    output.data(
        {
            "manager": manager.name,
            "name": service,
            "path": str(path),
            "text": text.decode(),
            "written": written,
            "started": started,
        }
    )
    if arguments.show:
        output.say(f"{path} would hold:")
        for line in text.decode().splitlines():
            output.line(line)
        return 0
    output.line(f"{'wrote' if written else 'unchanged:'} {path}")
    if started:
        output.line(f"started {service}; {manager.hint}; its log lies in {config.library / 'logs'}")
    return 0


def _status(
    arguments: argparse.Namespace, config: Config, output: Output, manager: Manager, service: str
) -> int:
    from mediaindex.background.unit_file import (
        State,
        installed,
        is_ours,
    )

    path, runs = manager.file(service), manager.is_running()
    content = installed(path)
    state = manager.state(service) if runs else State(None, None, None)
    output.data(
        {
            "manager": manager.name,
            "manager_runs": runs,
            "name": service,
            "path": str(path),
            "installed": content is not None,
            "ours": None if content is None else is_ours(content),
            **dataclasses.asdict(state),
        }
    )
    whose = (
        "not installed" if content is None else "installed" if is_ours(content) else "not ours, or changed"
    )
    output.line(f"{service}: {whose} ({path})")
    if not runs:
        output.line(f"no {manager.name} of this user runs here")
    elif content is not None:
        shown = [str(value) for value in (state.state, state.says) if value is not None]
        output.line(": ".join(shown) + (f" (pid {state.pid})" if state.pid else ""))
    return 0


def _uninstall(
    arguments: argparse.Namespace, config: Config, output: Output, manager: Manager, service: str
) -> int:
    from mediaindex.background.unit_file import (
        installed,
        must_be_ours,
        remove,
    )

    path = manager.file(service)
    there = installed(path) is not None
    if there:
        must_be_ours(path)
        if manager.is_running():
            manager.stop(service)
        remove(path)
        manager.forget(service)
    output.data({"manager": manager.name, "name": service, "path": str(path), "removed": there})
    output.line(f"removed {path}" if there else f"nothing to remove: {path} does not exist")
    return 0


def _text(config: Config, manager: Manager, service: str) -> bytes:
    from mediaindex.background.unit_file import text_of

    # -P: what lies in the folder where a service starts, the home, is not imported.
    command = (sys.executable, "-P", "-m", "mediaindex", "watch", "--library", str(config.library))
    origins = (origin for name, origin in config.origins.items() if name != "library")
    settings = (origin.removeprefix(BY_VARIABLE) for origin in origins if origin.startswith(BY_VARIABLE))
    environment = {name: os.environ[name] for name in (*CARRIED, *settings) if os.environ.get(name)}
    if CONFIG_VARIABLE in environment:
        environment[CONFIG_VARIABLE] = os.path.abspath(environment[CONFIG_VARIABLE])
    return text_of(
        manager, service, command, environment, about=f"mediaindex watch (library {config.library})"
    )


def _must_have_sources(config: Config, output: Output) -> None:
    """A service needs a library; one without a source has nothing to follow yet.

    Raises:
        UsageError: there is no library.
    """
    from mediaindex.store.catalog import sources
    from mediaindex.store.library import open_library

    with open_library(config.library) as library, library.read() as connection:
        if not sources.all_sources(connection):
            output.say("no folder is followed yet: 'mediaindex sources add FOLDER' names the first")
