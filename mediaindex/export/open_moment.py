"""Open a moment in the user's player, or say which command would do it."""

from __future__ import annotations

from pathlib import Path

from mediaindex.export.command_player import find_player
from mediaindex.export.player import Player, StartedPlayer


def open_at(path: Path, seconds: float, *, command: str | None = None) -> StartedPlayer:
    """Show a film from `seconds` on, as `Player.play`.

    Args:
        command: of the user, such as `mpv --fs --start={seconds} -- {path}`; None takes a known player.

    Raises:
        ConfigError: `command` cannot be used.
        MediaError, MediaIndexError: as `Player.play`.
    """
    player: Player = find_player(command)
    return player.play(path, seconds)


def player_command(path: Path, seconds: float, *, command: str | None = None) -> list[str]:
    """The command that `open_at` would run; raises as `find_player`."""
    return list(find_player(command).command(path, seconds))
