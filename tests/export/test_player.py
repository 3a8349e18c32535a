"""What the rest of the program knows of a player."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from mediaindex.export.command_player import CommandPlayer
from mediaindex.export.player import Player, StartedPlayer
from tests.support.programs import program


def test_a_started_player_has_nothing_to_note_unless_something_is_said() -> None:
    started = StartedPlayer(("mpv", "a.mp4"))
    assert started.note is None
    with pytest.raises(dataclasses.FrozenInstanceError):
        started.note = "changed"  # type: ignore[misc]


def test_a_program_with_arguments_is_a_player(film: Path, tmp_path: Path, patient: None) -> None:
    shows = str(program(tmp_path, "shows", ""))
    player: Player = CommandPlayer((shows, "--at={seconds}", "{path}"))
    assert player.play(film, 3) == StartedPlayer((shows, "--at=3.000", str(film)))
