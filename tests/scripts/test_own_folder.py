"""Of one's own pictures those are trained on that can be, and of each other one it is said why not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from builtin._own_folder import OwnFolder, read_own_folder
from builtin._photographs import chunks_of
from PIL import Image

from tests.support.builtin_folder import without_pairs

DOG = "a brown dog runs over the grass"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three pictures of noise, of which two are the same, and a tiny one."""
    numbers = np.random.default_rng(0)
    for name, side in (("dog.png", 64), ("cat.png", 48), ("dot.png", 8)):
        Image.fromarray(numbers.integers(0, 256, (side, side, 3), np.uint8)).save(tmp_path / name)
    (tmp_path / "again.png").write_bytes((tmp_path / "dog.png").read_bytes())
    (tmp_path / "damaged.png").write_bytes((tmp_path / "dog.png").read_bytes()[:500])
    (tmp_path / "text.png").write_text("no picture")
    return tmp_path


def read(folder: Path, *lines: str) -> OwnFolder:
    (folder / "captions.csv").write_text("\n".join(["path,caption", *lines]) + "\n", encoding="utf-8")
    return read_own_folder(folder)


def test_each_picture_has_its_captions_once(folder: Path) -> None:
    found = read(
        folder, f"dog.png,{DOG}", "cat.png,a cat sleeps on the sofa", f"dog.png,{DOG}", "dog.png,a dog"
    )
    assert found.left_out == ()
    assert [(one.name, one.captions) for one in found.pictures] == [
        ("dog.png", (DOG, "a dog")),
        ("cat.png", ("a cat sleeps on the sofa",)),
    ]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("missing.png", "missing.png is left out: No such file"),
        ("dot.png", "dot.png is left out: it has 8x8 pixels"),
        ("damaged.png", "damaged.png is left out: it is no picture, or a damaged one"),
        ("text.png", "text.png is left out: it is no picture, or a damaged one"),
        ("../outside.png", "../outside.png is left out: it lies outside the folder"),
        ("", " is left out: Is a directory"),
    ],
)
def test_what_cannot_be_seen_is_left_out_by_name(folder: Path, name: str, reason: str) -> None:
    found = read(folder, f"dog.png,{DOG}", f"{name},a cat sleeps on the sofa")
    assert [one.name for one in found.pictures] == ["dog.png"]
    assert len(found.left_out) == 1
    assert found.left_out[0].startswith(reason)


def test_a_picture_under_two_names_is_one(folder: Path) -> None:
    found = read(folder, f"dog.png,{DOG}", "again.png,a dog in a park")
    assert [(one.name, one.captions) for one in found.pictures] == [("dog.png", (DOG, "a dog in a park"))]
    assert found.left_out == ("again.png is dog.png once more: its captions are read as captions of that",)


def test_captions_in_another_language_are_left_out(folder: Path) -> None:
    found = read(
        folder,
        f"dog.png,{DOG}",
        "dog.png,ein brauner Hund läuft über die grüne Wiese",
        "cat.png,一只猫睡在沙发上",
        "cat.png,",
    )
    assert [(one.name, one.captions) for one in found.pictures] == [("dog.png", (DOG,))]
    assert found.left_out == (
        "a caption of dog.png is left out: its language is de, not en",
        "a caption of cat.png is left out: its language is zh, not en",
        "an empty caption of cat.png is left out",
    )


@pytest.mark.parametrize("content", [None, b"file,text\ndog.png,a dog\n", b"path,caption\n\xff\xfe,x\n"])
def test_a_table_that_cannot_be_read_names_its_columns(folder: Path, content: bytes | None) -> None:
    if content is not None:
        (folder / "captions.csv").write_bytes(content)
    with pytest.raises(SystemExit, match=r"captions\.csv cannot be read .*columns path and caption"):
        read_own_folder(folder)


def test_nothing_to_train_on_is_said(folder: Path) -> None:
    with pytest.raises(SystemExit, match=r"no line of captions\.csv names a picture"):
        read(folder, "missing.png,a dog")


def test_the_training_reads_what_is_left_and_says_the_rest(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    builtin = tmp_path_factory.mktemp("builtin")
    without_pairs(builtin)
    read(folder, f"dog.png,{DOG}", "missing.png,a cat")
    (chunk,) = chunks_of(builtin, None, None, folder)
    assert [item.name for item in chunk.items] == ["own/dog.png"]
    assert [picture.shape for picture in chunk.pixels()] == [(64, 64, 3)]
    assert "missing.png is left out" in capsys.readouterr().err
