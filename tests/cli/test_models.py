"""`models`, and a library that changes its encoder without decoding anything."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.checkpoints import open_clip_folder
from tests.support.commands import ENCODER, Commands
from tests.support.films import film

ROWS = ["name", "licence", "commercial", "bytes", "present", "gflop_per_frame"]


def test_the_list_names_licence_size_and_presence(commands: Commands) -> None:
    rows = commands("models", "list", "--no-measure")["encoders"]
    builtin = next(row for row in rows if row["name"] == "builtin")
    assert builtin["present"] is True
    assert "Apache-2.0" in builtin["licence"]
    assert all(row["licence"] for row in rows)
    assert {row["name"] for row in rows} > {"builtin", "multilingual"}
    text = commands.text("models", "list", "--no-measure")
    assert all(row["name"] in text.out for row in rows)


def test_another_encoder_embeds_the_cached_frames(videos: Path, commands: Commands) -> None:
    film(videos / "red.mp4", "red")
    film(videos / "blue.mp4", "blue")
    commands("index", videos)
    shutil.rmtree(videos)  # nothing could be decoded
    used = commands("models", "use", "builtin")
    assert (used["encoder"], used["indexed"], used["decoded"], used["failed"]) == ("builtin", 2, 0, [])
    status = commands("status")
    assert status["encoder"] == "builtin"
    assert status["queue"]["to_embed"] == 0
    answer = commands("search", "a plain blue picture", "--channel", "pictures")
    assert (answer["encoder"], len(answer["hits"])) == ("builtin", 2)
    assert commands("check")["problems"] == []
    assert commands("models", "use", "builtin")["indexed"] == 0
    assert commands("models", "use", ENCODER)["decoded"] == 0
    assert commands.files("blue", "--channel", "pictures")[0] == "blue.mp4"
    assert commands("check")["problems"] == []


def test_an_imported_encoder_is_used_by_its_name(videos: Path, commands: Commands, tmp_path: Path) -> None:
    film(videos / "red.mp4", "red")
    commands("index", videos)
    brought = commands("models", "import", open_clip_folder(tmp_path / "tiny"), "--name", "tiny")
    assert brought["name"] == "tiny"
    assert commands("models", "use", "tiny")["indexed"] == 1
    shutil.rmtree(tmp_path / "tiny")
    assert commands("search", "a dog", "--channel", "pictures")["encoder"] == "tiny"
    row = next(row for row in commands("models", "list", "--no-measure")["encoders"] if row["name"] == "tiny")
    assert (row["used"], row["present"]) == (True, True)


@pytest.mark.parametrize("name", ["no such thing", "open_clip:ViT-B-32/laion2b_s34b_b79k"])
def test_an_encoder_that_is_not_here(name: str, videos: Path, commands: Commands) -> None:
    film(videos / "red.mp4", "red")
    commands("index", videos)
    ran = commands.ran("models", "use", name)
    assert ran.code == 4
    assert "models" in ran.json["error"]
    assert commands.files("red", "--channel", "pictures") == ["red.mp4"]
    assert commands("status")["encoder"] == ENCODER


def test_pulling_without_a_network(commands: Commands) -> None:
    ran = commands.ran("models", "pull", "open_clip:ViT-B-32/laion2b_s34b_b79k")
    assert ran.code == 4
    assert len(ran.err.splitlines()) == 1
