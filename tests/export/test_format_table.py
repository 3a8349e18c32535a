"""The names of formats that the command knows are those that there are."""

from __future__ import annotations

from mediaindex.cli.export import CLIPS
from mediaindex.cli.export import FORMATS as TYPED
from mediaindex.export.format_table import FORMATS


def test_the_command_knows_every_format() -> None:
    assert (*FORMATS, CLIPS) == TYPED
