"""A video player, started at a moment and left to itself."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mediaindex.errors import (
    ConfigError,
    MediaError,
    MediaIndexError,
)
from mediaindex.safe_text import format_seconds

# In the order in which they are looked for. The last two open the desktop's own choice.
PLAYERS: tuple[tuple[str, ...], ...] = (
    ("mpv", "--start={seconds}", "--", "{path}"),
    ("vlc", "--start-time={seconds}", "{path}"),
    ("/Applications/VLC.app/Contents/MacOS/VLC", "--start-time={seconds}", "{path}"),
    ("open", "{path}"),
    ("xdg-open", "{path}"),
)
SECONDS_TO_FAIL = 0.5


@dataclass(frozen=True, slots=True)
class StartedPlayer:
    """A player that runs.

    Attributes:
        note: what a person should know, such as that the player could not be told the second.
    """

    command: tuple[str, ...]
    note: str | None = None


class Player(Protocol):
    """What shows a moment to a person."""

    def play(self, path: Path, seconds: float) -> StartedPlayer:
        """Show a film from `seconds` on.

        Raises:
            MediaError: the film is not there.
            MediaIndexError: the player does not run.
        """
        ...


@dataclass(frozen=True, slots=True)
class CommandPlayer:
    """A program with its arguments, in which `{path}` and `{seconds}` stand for the moment."""

    template: tuple[str, ...]

    def command(self, path: Path, seconds: float) -> tuple[str, ...]:
        """The arguments for one moment; they go to the program as they are, never through a shell.

        The path is absolute, so that no name of a file reads as an option.
        """
        values = {"path": os.path.abspath(path), "seconds": f"{max(seconds, 0.0):.3f}"}
        return tuple(
            re.sub(r"\{(path|seconds)\}", lambda found: values[found[1]], part) for part in self.template
        )

    def play(self, path: Path, seconds: float) -> StartedPlayer:
        """Start the program in a session of its own; it goes on when this process ends."""
        if not path.exists():
            raise MediaError(f"{path} is not there now")
        command = self.command(path, seconds)
        _start(command)
        if any("{seconds}" in part for part in self.template):
            return StartedPlayer(command)
        return StartedPlayer(
            command, f"{self.template[0]} cannot be told a time: go to {format_seconds(seconds)}"
        )


def open_at(path: Path, seconds: float, *, command: str | None = None) -> StartedPlayer:
    """Show a film from `seconds` on, as `Player.play`.

    Args:
        command: of the user, such as `mpv --fs --start={seconds} -- {path}`; else a player that is found.

    Raises:
        ConfigError: `command` cannot be used.
        MediaError, MediaIndexError: as `Player.play`.
    """
    player: Player = find_player(command)
    return player.play(path, seconds)


def player_command(path: Path, seconds: float, *, command: str | None = None) -> list[str]:
    """The command that `open_at` would run; raises as `find_player`."""
    return list(find_player(command).command(path, seconds))


def find_player(command: str | None = None) -> CommandPlayer:
    """The player of a configured command, else the first of `PLAYERS` on this machine.

    Raises:
        ConfigError: the command cannot be read, lacks `{path}` or is not installed.
        MediaIndexError: no player is installed.
    """
    if command is not None:
        return CommandPlayer(_configured(command))
    for template in PLAYERS:
        if shutil.which(template[0]) is not None:
            return CommandPlayer(template)
    raise MediaIndexError("no video player is installed: install mpv, or name one with the setting 'player'")


def _configured(command: str) -> tuple[str, ...]:
    try:
        template = tuple(shlex.split(command))
    except ValueError as error:
        raise ConfigError(f"the setting 'player' cannot be read ({error}): {command}") from error
    if not any("{path}" in argument for argument in template[1:]):
        raise ConfigError(f"the setting 'player' needs a program and {{path}}: {command}")
    if shutil.which(template[0]) is None:
        raise ConfigError(f"the setting 'player' names {template[0]}, which is not installed")
    return template


def _start(command: Sequence[str]) -> None:
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        raise MediaIndexError(f"{command[0]} cannot be started: {error.strerror or error}") from error
    try:
        code = process.wait(SECONDS_TO_FAIL)
    except subprocess.TimeoutExpired:
        # Whoever lives long, such as the terminal interface, must not collect dead children.
        threading.Thread(target=process.wait, name="player", daemon=True).start()
        return
    if code != 0:
        raise MediaIndexError(
            f"the player ended at once with code {code}; try it by hand: {shlex.join(command)}"
        )
