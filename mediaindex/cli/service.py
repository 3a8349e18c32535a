"""Keep `watch` running in the background, as a service of this user, and evaluate at night."""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mediaindex.cli.shared.arguments import add_shared
from mediaindex.cli.shared.output import Output
from mediaindex.cli.shared.user_service import UserService, service_of
from mediaindex.config import CONFIG_VARIABLE, Config
from mediaindex.errors import MediaIndexError

if TYPE_CHECKING:
    from mediaindex.background.unit_file import UnitFile

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
    text, timer = _text(service, config), _timer(service, config)
    output.data(_install_row(service, text, timer=_timer_row(timer)))
    output.say(f"{service.path} would hold:")
    for line in text.decode().splitlines():
        output.line(line)
    for file in timer:
        output.say(f"{file.path} would hold:")
        for line in file.text.decode().splitlines():
            output.line(line)
    return 0


def _install(service: UserService, config: Config, output: Output, *, start: bool) -> int:
    from mediaindex.background.unit_file import write

    manager, path, text = service.manager, service.path, _text(service, config)
    timer = _timer(service, config)
    _must_have_sources(config, output)
    runs = manager.is_running()
    if start and not runs:
        raise MediaIndexError(
            f"no {manager.name} of this user runs here, so nothing was written; "
            f"--print shows the {manager.kind}, --no-start writes it to {path}"
        )
    is_new = write(path, text)
    are_new = [write(file.path, file.text) for file in timer]
    gone = [] if timer else _remove_timer(service)
    if start:
        manager.start(service.name)
    if start and timer:
        manager.start_timer(service.name)
    timer_row = _timer_row(timer, written=any(are_new), started=start)
    output.data(_install_row(service, text, written=is_new, started=start, timer=timer_row))
    output.line(f"{'wrote' if is_new else 'unchanged:'} {path}")
    if start:
        output.line(f"started {service.name}; {manager.hint}; its log lies in {config.library / 'logs'}")
    for file, new in zip(timer, are_new, strict=True):
        output.line(f"{'wrote' if new else 'unchanged:'} {file.path}")
    if timer:
        output.line(f"every night at {config.nightly_at}: mediaindex eval --nightly")
    for old in gone:
        output.line(f"removed {old}: the settings have no [nightly]")
    return 0


def _install_row(
    service: UserService,
    text: bytes,
    *,
    timer: dict[str, Any] | None,
    written: bool = False,
    started: bool = False,
) -> dict[str, Any]:
    return {
        "manager": service.manager.name,
        "name": service.name,
        "path": str(service.path),
        "text": text.decode(),
        "written": written,
        "started": started,
        "timer": timer,
    }


def _timer_row(
    timer: Sequence[UnitFile], *, written: bool = False, started: bool = False
) -> dict[str, Any] | None:
    if not timer:
        return None
    text = timer[0].text.decode()
    return {"path": str(timer[0].path), "text": text, "written": written, "started": started}


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
            "timer": _timer_state(service),
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
    if (timer := _timer_state(service)) is not None:
        whose = "installed" if timer["ours"] else "not ours, or changed"
        output.line(f"nightly evaluation: {whose} ({timer['path']})")
    return 0


def _timer_state(service: UserService) -> dict[str, Any] | None:
    """The nightly timer; None where none is installed."""
    from mediaindex.background.unit_file import installed, is_ours

    found = [content for path in service.timer_paths if (content := installed(path)) is not None]
    if not found:
        return None
    return {"path": str(service.timer_paths[0]), "ours": all(map(is_ours, found))}


def _uninstall(service: UserService, output: Output) -> int:
    from mediaindex.background.unit_file import installed, must_be_ours, remove

    path = service.path
    is_installed = installed(path) is not None
    if is_installed:
        must_be_ours(path)
    timer = _remove_timer(service)
    if is_installed:
        service.stop()
        remove(path)
    if is_installed or timer:
        service.forget()
    output.data(
        {
            "manager": service.manager.name,
            "name": service.name,
            "path": str(path),
            "removed": is_installed,
            "timer": str(timer[0]) if timer else None,
        }
    )
    output.line(f"removed {path}" if is_installed else f"nothing to remove: {path} does not exist")
    for old in timer:
        output.line(f"removed {old}")
    return 0


def _remove_timer(service: UserService) -> list[Path]:
    """Stop the nightly timer, and remove its files; which there were.

    Raises:
        MediaIndexError: one of them is not ours; all stay.
    """
    from mediaindex.background.unit_file import installed, must_be_ours, remove

    paths = [path for path in service.timer_paths if installed(path) is not None]
    for path in paths:
        must_be_ours(path)
    if paths:
        service.stop_timer()
    for path in paths:
        remove(path)
    return paths


def _text(service: UserService, config: Config) -> bytes:
    """The file of a service that runs `watch` on the library, with this shell's settings."""
    from mediaindex.background.unit_file import text_of

    about = f"mediaindex watch (library {config.library})"
    return text_of(
        service.manager, service.name, _command(config, "watch"), _environment(config), about=about
    )


def _timer(service: UserService, config: Config) -> list[UnitFile]:
    """The files that evaluate every night; none without a section [nightly]."""
    from mediaindex.background.unit_file import timer_of

    if not config.has_nightly:
        return []
    about = f"mediaindex eval --nightly (library {config.library})"
    command, environment = _command(config, "eval", "--nightly"), _environment(config)
    return timer_of(service.manager, service.name, command, environment, at=config.nightly_at, about=about)


def _command(config: Config, *words: str) -> tuple[str, ...]:
    # -P: what lies in the folder where a service starts, the home, is not imported.
    return (sys.executable, "-P", "-m", "mediaindex", *words, "--library", str(config.library))


def _environment(config: Config) -> dict[str, str]:
    """This shell's settings, and where programs and encoders are."""
    origins = (origin for name, origin in config.origins.items() if name != "library")
    settings = (origin.removeprefix(BY_VARIABLE) for origin in origins if origin.startswith(BY_VARIABLE))
    environment = {name: os.environ[name] for name in (*CARRIED, *settings) if os.environ.get(name)}
    if CONFIG_VARIABLE in environment:
        environment[CONFIG_VARIABLE] = os.path.abspath(environment[CONFIG_VARIABLE])
    return environment


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
