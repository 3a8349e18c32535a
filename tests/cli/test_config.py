"""`config`: every setting and where it comes from."""

from __future__ import annotations

from pathlib import Path

import pytest

from mediaindex.config import SETTINGS
from tests.support.commands import Commands
from tests.support.films import film


def test_config_shows_every_value_with_its_origin(
    commands: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "my config.toml"
    file.write_text("jobs = 3\n[ui]\ntheme = 'light'\n[ui.keys]\nopen = 'o'\n")
    monkeypatch.setenv("MEDIAINDEX_CONFIG", str(file))
    monkeypatch.setenv("MEDIAINDEX_GAP_SECONDS", "2.5")
    shown = commands("config", "show")
    assert list(shown) == ["schema", "path", "values"]
    assert shown["path"] == str(file)
    rows = {row["name"]: (row["value"], row["origin"]) for row in shown["values"]}
    assert set(rows) == set(SETTINGS)
    assert rows["ui.theme"] == ("light", f"file {file}")
    assert rows["ui.keys"] == ({"open": "o"}, f"file {file}")
    assert rows["jobs"] == (3, f"file {file}")
    assert rows["gap_seconds"] == (2.5, "environment MEDIAINDEX_GAP_SECONDS")
    assert rows["library"] == (str(commands.library), "flag --library")
    assert rows["frame_quality"] == (85, "default")
    assert "@eaDir" in rows["not_media"][0]
    assert commands("config", "path") == {"schema": 1, "path": str(file), "exists": True}
    assert commands.text("config", "path").out == f"{file}\n"
    assert "gap_seconds" in commands.text("config", "show").out


def test_a_setting_that_nobody_knows(
    commands: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "config.toml"
    file.write_text("jbos = 3\n")
    monkeypatch.setenv("MEDIAINDEX_CONFIG", str(file))
    ran = commands.ran("config", "show")
    assert ran.code == 2
    assert "'jobs'" in ran.json["error"]


def test_settings_decide_what_is_indexed(
    videos: Path, commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    film(videos / "red.mp4", "red")
    film(videos / "proxies" / "blue.mp4", "blue")
    monkeypatch.setenv("MEDIAINDEX_EXCLUDE", "proxies")
    assert commands("index", videos)["videos"] == 1
