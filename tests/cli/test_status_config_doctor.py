"""`status`, `config`, `doctor`, `check`: what they say of a library and of this machine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mediaindex.config import SETTINGS
from tests.support.commands import ENCODER, Commands
from tests.support.films import film

STATUS_KEYS = [
    "schema",
    "library",
    "videos",
    "locations",
    "offline",
    "missing",
    "forgotten",
    "skipped",
    "frames",
    "segments",
    "media_seconds",
    "queue",
    "bytes",
    "sources",
    "spaces",
    "encoder",
    "failures",
    "writer",
    "rerank",
    "last_evaluation",
]


def test_status_counts_what_is_there(videos: Path, commands: Commands) -> None:
    film(videos / "red.mp4", "red", "blue")
    (videos / "letter.mkv").write_text("text " * 100)
    commands("index", videos, code=5)
    status = commands("status")
    assert list(status) == STATUS_KEYS
    assert status["library"] == str(commands.library)
    assert (status["videos"], status["locations"], status["segments"]) == (1, 1, 2)
    assert status["media_seconds"] == pytest.approx(4.0, abs=0.2)
    (space,) = status["spaces"]
    assert (space["encoder"], space["state"], space["serving"]) == (ENCODER, "serving", True)
    assert space["vectors"] == status["frames"] > 0
    assert status["encoder"] == ENCODER
    (source,) = status["sources"]
    assert (source["path"], source["online"], source["files"]) == (str(videos), True, 1)
    assert status["queue"] == {"to_embed": 0, "requests": 0}
    assert set(status["bytes"]) == {"library.sqlite", "frames", "vectors", "matrix", "thumbnails"}
    assert all(status["bytes"][name] > 0 for name in ("library.sqlite", "frames", "vectors", "matrix"))
    (failure,) = status["failures"]
    assert list(failure) == ["path", "stage", "state", "attempts", "next_at", "reason"]
    assert (failure["path"], failure["state"], failure["attempts"]) == (str(videos / "letter.mkv"), "dead", 1)
    assert (status["writer"], status["last_evaluation"]) == (None, None)
    text = commands.text("status").out
    assert "1 videos" in text
    assert "letter.mkv" in text


def test_check_of_a_sound_library(videos: Path, commands: Commands) -> None:
    film(videos / "red.mp4", "red")
    commands("index", videos)
    found = commands("check")
    assert list(found) == ["schema", "ok", "problems", "repaired", "videos", "vectors", "frames"]
    assert (found["ok"], found["problems"], found["videos"]) == (True, [], 1)
    assert found["vectors"] == found["frames"] > 0
    assert "nothing is wrong" in commands.text("check").out
    assert commands("check", "--repair")["repaired"] is False


def test_config_shows_every_value_with_its_origin(
    commands: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "my config.toml"
    file.write_text("jobs = 3\n")
    monkeypatch.setenv("MEDIAINDEX_CONFIG", str(file))
    monkeypatch.setenv("MEDIAINDEX_GAP_SECONDS", "2.5")
    shown = commands("config", "show")
    assert list(shown) == ["schema", "path", "values"]
    assert shown["path"] == str(file)
    rows = {row["name"]: (row["value"], row["origin"]) for row in shown["values"]}
    assert set(rows) == set(SETTINGS)
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


def test_doctor_checks_for_real(commands: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "mpv").symlink_to("/bin/true")
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("MEDIAINDEX_ENCODER", "builtin")
    doctor = commands("doctor", "--device", "cpu")
    assert list(doctor) == ["schema", "ok", "checks", "encoders"]
    assert doctor["ok"] is True
    details = {check["name"]: check["detail"] for check in doctor["checks"]}
    assert list(details) == [
        "python",
        "sqlite",
        "library",
        "vectors",
        "device",
        "decoder",
        "encoder",
        "player",
    ]
    assert all(list(check) == ["name", "ok", "detail"] for check in doctor["checks"])
    assert "frames read in a bounded process" in details["decoder"]
    assert details["device"].startswith("cpu")
    assert "builtin" in details["encoder"]
    assert details["player"].startswith("mpv")
    assert not commands.library.exists()


def test_doctor_names_what_fails(commands: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = commands.text("doctor", "--device", "cuda")
    failed = [line for line in ran.out.splitlines() if line.startswith("FAIL")]
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has what the test asks for")
    assert ran.code == 1
    assert any("device" in line for line in failed)
