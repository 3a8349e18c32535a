"""The README names what is there."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from mediaindex.cli import COMMANDS
from mediaindex.config import SETTINGS, load_config
from tests.support.paths import CHECKOUT

README = (CHECKOUT / "README.md").read_text(encoding="utf-8")


def test_the_table_names_every_command_and_no_other() -> None:
    table = README.split("\n## Commands\n")[1].split("\n### ")[0]
    cells = [line.split(" | ")[0] for line in table.splitlines() if line.startswith("| `")]
    named = {name for cell in cells for name in re.findall(r"`([a-z]+)", cell)}
    assert named == set(COMMANDS)


def test_the_settings_that_it_shows_can_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (shown,) = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    file = tmp_path / "config.toml"
    file.write_text(shown, encoding="utf-8")
    monkeypatch.setenv("MEDIAINDEX_CONFIG", str(file))
    config = load_config()
    assert set(tomllib.loads(shown)) <= set(SETTINGS)
    assert config.library == Path.home() / "mediaindex"
    assert config.origins["player"] == f"file {file}"
