"""Options that several commands have: what they take and refuse."""

from __future__ import annotations

import pytest

from tests.support.commands import Commands


@pytest.mark.parametrize(
    ("typed", "mebibytes"), [("0", 0), ("500M", 500), ("20G", 20480), ("1.5GiB", 1536), ("2TB", 2 << 20)]
)
def test_sizes(typed: str, mebibytes: int, commands: Commands) -> None:
    from mediaindex.cli import build_parser

    asked = build_parser().parse_args(["index", "/videos", "--cache-limit", typed])
    assert asked.cache_limit_mib == mebibytes


@pytest.mark.parametrize("typed", ["20", "G", "-1G", "1e9G", "20K", "a lot"])
def test_no_sizes(typed: str, commands: Commands) -> None:
    ran = commands.text("index", "/videos", f"--cache-limit={typed}")
    assert ran.code == 2
    assert "20G" in ran.err
