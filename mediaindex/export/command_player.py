"""A program with its arguments as a player: the known ones, or the command that the user configured."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mediaindex.errors import ConfigError, MediaError, MediaIndexError
from mediaindex.export.detached_program import start_detached
from mediaindex.export.player import StartedPlayer
from mediaindex.safe_text import format_seconds

MPV = ("mpv", "--start={seconds}", "--", "{path}")
# In the order in which they are looked for. The last two open the desktop's own choice.
PLAYERS: tuple[tuple[str, ...], ...] = (
    MPV,
    ("vlc", "--start-time={seconds}", "{path}"),
    ("/Applications/VLC.app/Contents/MacOS/VLC", "--start-time={seconds}", "{path}"),
    ("open", "{path}"),
    ("xdg-open", "{path}"),
)


TERMINAL_OUTPUTS = ("tct", "caca", "kitty", "sixel")
"""Of mpv; the first two draw letters."""


@dataclass(frozen=True, slots=True)
class CommandPlayer:
    """A program with its arguments, in which `{path}` and `{seconds}` stand for the moment.

    Attributes:
        start: runs it.
    """

    template: tuple[str, ...]
    start: Callable[[Sequence[str]], None] = start_detached

    @property
    def draws_in_terminal(self) -> bool:
        """Whether the command asks a player to draw with the letters or pixels of the terminal."""
        outputs = [part.removeprefix("--vo=") for part in self.template if part.startswith("--vo=")]
        return bool(outputs) and outputs[-1].partition(",")[0] in TERMINAL_OUTPUTS

    def command(self, path: Path, seconds: float) -> tuple[str, ...]:
        """The arguments for one moment; they go to the program as they are, never through a shell.

        The path is absolute, so that no name of a file reads as an option.
        """
        values = {"path": os.path.abspath(path), "seconds": f"{max(seconds, 0.0):.3f}"}
        return tuple(
            re.sub(r"\{(path|seconds)\}", lambda match: values[match[1]], part) for part in self.template
        )

    def play(self, path: Path, seconds: float) -> StartedPlayer:
        """Start the program; by default in a session of its own, so that it goes on when this process ends.

        Raises:
            MediaError: the film is not there.
            MediaIndexError: the program cannot be started, or ends at once.
        """
        if not os.path.exists(path):
            raise MediaError(f"{path} is not there now")
        command = self.command(path, seconds)
        self.start(command)
        if any("{seconds}" in part for part in self.template):
            return StartedPlayer(command)
        return StartedPlayer(
            command, f"{self.template[0]} cannot be told a time: go to {format_seconds(seconds)}"
        )


def find_player(command: str | None = None) -> CommandPlayer:
    """The player of a configured command, else the first of `PLAYERS` on this machine.

    Raises:
        ConfigError: the command cannot be read, lacks `{path}` or is not installed.
        MediaIndexError: no player is installed.
    """
    if command is not None:
        return CommandPlayer(_template_of(command))
    for template in PLAYERS:
        if shutil.which(template[0]) is not None:
            return CommandPlayer(template)
    raise MediaIndexError("no video player is installed: install mpv, or name one with the setting 'player'")


def _template_of(command: str) -> tuple[str, ...]:
    try:
        template = tuple(shlex.split(command))
    except ValueError as error:
        raise ConfigError(f"the setting 'player' cannot be read ({error}): {command}") from error
    if not any("{path}" in argument for argument in template[1:]):
        raise ConfigError(f"the setting 'player' needs a program and {{path}}: {command}")
    if shutil.which(template[0]) is None:
        raise ConfigError(f"the setting 'player' names {template[0]}, which is not installed")
    return template
