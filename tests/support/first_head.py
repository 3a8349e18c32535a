"""A library as the first release left it: embedded with the first head of the built-in encoder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mediaindex.embed.families import builtin_files
from mediaindex.embed.families.builtin_files import FILES, NAME, heads_of
from tests.support import commands as support
from tests.support.commands import Commands, use_these_encoders

NEWEST, *_, FIRST = (head for head in heads_of(FILES) if head.name == NAME)


def index_with_the_first_head(
    commands: Commands, videos: Path, monkeypatch: pytest.MonkeyPatch, *options: object
) -> None:
    """Index with what that release had; afterwards commands have the heads of today."""
    use_these_encoders(monkeypatch, NAME)
    support.loaded_once.cache_clear()
    with monkeypatch.context() as then:
        then.setattr(builtin_files, "heads_of", lambda _files: [FIRST])
        commands("index", videos, *options)
    support.loaded_once.cache_clear()
    assert serving(commands)["digest"] == FIRST.digest


def serving(commands: Commands) -> dict[str, Any]:
    """The space that answers, as `status` tells it."""
    (space,) = [space for space in commands("status")["spaces"] if space["serving"]]
    return dict(space)
