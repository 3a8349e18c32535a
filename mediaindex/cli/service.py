"""Keep `watch` running in the background, as a service of this user."""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys

from mediaindex.cli.shared.arguments import add_shared
from mediaindex.cli.shared.output import Output
from mediaindex.cli.shared.user_service import UserService, service_of
from mediaindex.config import CONFIG_VARIABLE, Config
from mediaindex.errors import MediaIndexError

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
    service = service_of(config.library)
    match arguments.action:
        case "install" if arguments.show:
            return _print(service, config, output)
        case "install":
            return _install(service, config, output, start=arguments.start)
        case "status":
            return _status(service, output)
        case _:
            return _uninstall(service, output)


def _print(service: UserService, config: Config, output: Output) -> int:
    text = _text(service, config)
    output.data(_install_row(service, text))
    output.say(f"{service.path} would hold:")
    for line in text.decode().splitlines():
        output.line(line)
    return 0


def _install(service: UserService, config: Config, output: Output, *, start: bool) -> int:
    from mediaindex.background.unit_file import write

    manager, path, text = service.manager, service.path, _text(service, config)
    _must_have_sources(config, output)
    runs = manager.is_running()
    if start and not runs:
        raise MediaIndexError(
            f"no {manager.name} of this user runs here, so nothing was written; "
            f"--print shows the {manager.kind}, --no-start writes it to {path}"
        )
    is_new = write(path, text)
    if start:
        manager.start(service.name)
    output.data(_install_row(service, text, written=is_new, started=start))
    output.line(f"{'wrote' if is_new else 'unchanged:'} {path}")
    if start:
        output.line(f"started {service.name}; {manager.hint}; its log lies in {config.library / 'logs'}")
    return 0


def _install_row(
    service: UserService, text: bytes, *, written: bool = False, started: bool = False
) -> dict[str, object]:
    return {
        "manager": service.manager.name,
        "name": service.name,
        "path": str(service.path),
        "text": text.decode(),
        "written": written,
        "started": started,
    }


def _status(service: UserService, output: Output) -> int:
    from mediaindex.background.unit_file import State, installed, is_ours

    manager, path, runs = service.manager, service.path, service.manager.is_running()
    content = installed(path)
    state = manager.state(service.name) if runs else State(None, None, None)
    output.data(
        {
            "manager": manager.name,
            "manager_runs": runs,
            "name": service.name,
            "path": str(path),
            "installed": content is not None,
            "ours": None if content is None else is_ours(content),
            **dataclasses.asdict(state),
        }
    )
    whose = (
        "not installed" if content is None else "installed" if is_ours(content) else "not ours, or changed"
    )
    output.line(f"{service.name}: {whose} ({path})")
    if not runs:
        output.line(f"no {manager.name} of this user runs here")
    elif content is not None:
        notes = [str(value) for value in (state.state, state.says) if value is not None]
        output.line(": ".join(notes) + (f" (pid {state.pid})" if state.pid else ""))
    return 0


def _uninstall(service: UserService, output: Output) -> int:
    from mediaindex.background.unit_file import installed, must_be_ours, remove

    path = service.path
    is_installed = installed(path) is not None
    if is_installed:
        must_be_ours(path)
        service.stop()
        remove(path)
        service.forget()
    output.data(
        {
            "manager": service.manager.name,
            "name": service.name,
            "path": str(path),
            "removed": is_installed,
        }
    )
    output.line(f"removed {path}" if is_installed else f"nothing to remove: {path} does not exist")
    return 0


def _text(service: UserService, config: Config) -> bytes:
    """The file of a service that runs `watch` on the library, with this shell's settings."""
    from mediaindex.background.unit_file import text_of

    # -P: what lies in the folder where a service starts, the home, is not imported.
    command = (sys.executable, "-P", "-m", "mediaindex", "watch", "--library", str(config.library))
    origins = (origin for name, origin in config.origins.items() if name != "library")
    settings = (origin.removeprefix(BY_VARIABLE) for origin in origins if origin.startswith(BY_VARIABLE))
    environment = {name: os.environ[name] for name in (*CARRIED, *settings) if os.environ.get(name)}
    if CONFIG_VARIABLE in environment:
        environment[CONFIG_VARIABLE] = os.path.abspath(environment[CONFIG_VARIABLE])
    about = f"mediaindex watch (library {config.library})"
    return text_of(service.manager, service.name, command, environment, about=about)


def _must_have_sources(config: Config, output: Output) -> None:
    """A service needs a library; in one without a source, it says how to add the first.

    Raises:
        UsageError: there is no library.
    """
    from mediaindex.store.catalog import sources
    from mediaindex.store.library import open_library

    with open_library(config.library) as library, library.read() as connection:
        if not sources.all_sources(connection):
            output.say("no folder is followed yet: 'mediaindex sources add FOLDER' names the first")
