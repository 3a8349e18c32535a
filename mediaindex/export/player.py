"""A video player as the rest of the program knows it: it shows a moment, and goes on by itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class StartedPlayer:
    """A player that runs.

    Attributes:
        command: that started it, with its arguments.
        note: what a person should know, such as that the player takes no time to start at.
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
