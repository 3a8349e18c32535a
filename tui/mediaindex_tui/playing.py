"""Show a moment in the user's player, away from the event loop."""

from __future__ import annotations

import os
import shlex
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mediaindex.errors import MediaIndexError
from mediaindex.safe_text import printable
from mediaindex_tui.messages import Notice
from mediaindex_tui.shown_text import clock

if TYPE_CHECKING:
    from mediaindex.export.player import Player

Say = Callable[[Notice], None]
Lend = Callable[[Sequence[str]], None]


class Playing:
    """The player of this session; a mpv that shows one moment shows the next in the same window.

    Args:
        command: of the user's settings, None for a known player.
        say: gets what a person should know, on a thread.
        gone: gets the path of a film that is not there, on the same thread.
        copies: what is said of a command to paste: the key that copies it.
        lend: runs a command that draws in the terminal; None where the terminal cannot be lent.

    Attributes:
        to_paste: the command that shows the last moment where there is a display; None where one could.
    """

    def __init__(
        self,
        command: str | None,
        say: Say,
        gone: Callable[[Path], None] = lambda _path: None,
        *,
        copies: str = "",
        lend: Lend | None = None,
    ) -> None:
        self.command = command
        self.say = say
        self.gone = gone
        self.copies = copies
        self._lend = lend
        self.to_paste: str | None = None
        self._player: Player | None = None
        self._one_at_a_time = threading.Lock()

    def use(self, command: str) -> bool:
        """Show the next films with the player of a command; whether it can be used."""
        from mediaindex.export.command_player import find_player

        try:
            player = find_player(command)
        except MediaIndexError as error:
            self.say(Notice(printable(str(error)), is_error=True))
            return False
        with self._one_at_a_time:
            self.close()
            self.command, self._player = command, self._in_terminal(player)
        return True

    def open(self, path: Path, seconds: float) -> None:
        """Show a film; returns at once."""
        threading.Thread(target=self._open, args=(path, seconds), name="player", daemon=True).start()

    def close(self) -> None:
        """Let the player go; its window stays."""
        close = getattr(self._player, "close", None)
        if close is not None:
            close()

    def _open(self, path: Path, seconds: float) -> None:
        with self._one_at_a_time:
            try:
                self.say(Notice(self._play(path, seconds)))
            except MediaIndexError as error:
                self.say(Notice(printable(str(error)), is_error=True))
                if not os.path.exists(path):
                    self.gone(path)
            except OSError as error:
                self.say(Notice(f"the player does not start: {error.strerror or error}", is_error=True))

    def _play(self, path: Path, seconds: float) -> str:
        from mediaindex.export.mpv import has_display, new_player  # late: not before the first frame

        self.to_paste = None
        if self.command is None and not has_display():
            self.to_paste = shlex.join(["mpv", f"--start={seconds:.0f}", "--", str(path)])
            return f"no display here; on your own machine{self.copies}: {printable(self.to_paste)}"
        if self._player is None:
            self._player = self._in_terminal(new_player(self.command))
        started = self._player.play(path, seconds)
        return started.note or f"{printable(path.name)} plays from {clock(seconds)}"

    def _in_terminal(self, player: Player) -> Player:
        """A player that draws in the terminal is started where that is lent to it; any other as it is."""
        from mediaindex.export.command_player import CommandPlayer

        if self._lend is None or not isinstance(player, CommandPlayer) or not player.draws_in_terminal:
            return player
        return replace(player, start=self._lend)
