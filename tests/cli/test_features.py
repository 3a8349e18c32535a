"""`mediaindex features`: from a folder with captions to a file, also where the command is killed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mediaindex.learn.features.captioned_media import split_of
from mediaindex.learn.features.feature_set import Features, read_features
from mediaindex.sources.content_hash import partial_hash
from tests.support.commands import ENCODER, SOURCES, Commands
from tests.support.fake_encoder import COLOURS, FakeEncoder
from tests.support.films import film, jpeg, srt
from tests.support.processes import start
from tests.support.slow_features import FINISHED_PARTS
from tests.support.waiting import until

CHILD = "from tests.support.slow_features import slow_child; raise SystemExit(slow_child())"
PICTURES = 10


def read(path: Path) -> Features:
    return read_features(path, encoder=FakeEncoder(name=ENCODER).spec)


def captions(folder: Path, *rows: dict[str, object]) -> Path:
    table = folder / "captions.jsonl"
    table.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return table


@pytest.fixture
def media(tmp_path: Path) -> Path:
    folder = tmp_path / "media"
    film(folder / "film.mp4", "red", "blue")
    jpeg(folder / "green.jpg", "green")
    return folder


def test_a_folder_with_captions_becomes_a_file(commands: Commands, media: Path, tmp_path: Path) -> None:
    captions(
        media,
        {"path": "film.mp4", "caption": "red, then blue", "split": "train"},
        {"path": "green.jpg", "captions": ["green", "all green"], "split": "train"},
        {"path": "gone.jpg", "caption": "nothing"},
    )
    out = tmp_path / "train.parquet"
    ran = commands.ran("features", media, "--split", "train", "--out", out)
    assert ran.code == 5
    answer = ran.json
    assert answer.pop("elapsed_seconds") > 0
    (skipped,) = answer.pop("skipped")
    assert skipped["path"] == str(media / "gone.jpg")
    assert "no such file" in skipped["reason"]
    features = read(out)
    assert answer == {
        "schema": 1, "path": str(out), "encoder": ENCODER, "split": "train",
        "rows": 2, "captions": 3, "frames": int(features.mask.sum()),
    }  # fmt: skip
    assert features.paths == ("film.mp4", "green.jpg")
    assert not (tmp_path / "train.parquet.partial").exists()
    assert not commands.library.exists()
    again = commands.text("features", media, "--split", "train", "--out", out)
    assert again.code == 2
    assert "exists; choose another --out" in again.err


def test_subtitles_are_captions_of_their_stretches(commands: Commands, media: Path, tmp_path: Path) -> None:
    srt(media / "film.en.srt", (0.0, 1.0, "something red"), (2.5, 3.5, "something blue"))
    split = split_of(partial_hash(media / "film.mp4"))
    ran = commands.text("features", media, "--split", split, "--out", tmp_path / "f")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == f"{tmp_path / 'f'}: 2 clips, 2 captions, 2 frames of the split {split}\n"
    assert read(tmp_path / "f").captions == ("something red", "something blue")
    for other in {"train", "val", "test"} - {split}:
        empty = commands.text("features", media, "--split", other, "--out", tmp_path / "g")
        assert empty.code == 2
        assert f"none of the 1 captioned files is of the split {other}" in empty.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("films", "--split", "train", "--out", "f"), "films is no folder; SOURCE is a folder of"),
        (("msrvtt", "--split", "train", "--out", "f"), "msrvtt needs --videos DIR, its videos, and --annot"),
        (
            (".", "--split", "train", "--out", "f", "--videos", "."),
            "--videos and --annotations are for a bench",
        ),
        ((".", "--split", "train", "--out", "f"), "nothing in"),
        ((".", "--split", "train", "--out", "gone/f"), "is no folder; make it"),
        ((".", "--split", "train", "--out", "f", "--captions", "gone.csv"), "gone.csv cannot be read"),
        ((".", "--split", "holdout", "--out", "f"), "invalid choice"),
    ],
)
def test_words_that_do_not_fit_are_refused(
    commands: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], said: str
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    ran = commands.text("features", *words)
    assert ran.code == 2
    assert said in ran.err
    assert list(Path().iterdir()) == []


def test_without_a_readable_file_nothing_is_written(commands: Commands, media: Path, tmp_path: Path) -> None:
    (media / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no picture")
    captions(media, {"path": "broken.jpg", "caption": "a", "split": "val"})
    ran = commands.ran("features", media, "--split", "val", "--out", tmp_path / "f")
    assert ran.code == 5
    assert (ran.json["path"], ran.json["rows"], len(ran.json["skipped"])) == (None, 0, 1)
    assert list(tmp_path.glob("f*")) == []
    told = commands.text("features", media, "--split", "val", "--out", tmp_path / "f")
    assert told.out.startswith("no file was written")


def test_the_built_in_encoder_makes_features(commands: Commands, media: Path, tmp_path: Path) -> None:
    captions(media, {"path": "green.jpg", "caption": "a green wall", "split": "test"})
    out = tmp_path / "f"
    commands("features", media, "--split", "test", "--out", out, "--encoder", "builtin", "--device", "cpu")
    from mediaindex.embed.loading import load_encoder

    spec = load_encoder("builtin", device="cpu", threads=1).spec
    features = read_features(out, encoder=spec)
    assert features.frames.shape == (1, 1, spec.dim)
    assert features.evidence is not None
    assert features.words is not None
    assert features.word_mask is not None
    mean = features.words[0][features.word_mask[0]].astype(np.float32).mean(0)
    np.testing.assert_allclose(mean, features.text[0], atol=2e-3)


def test_a_killed_run_goes_on_where_it_was(commands: Commands, tmp_path: Path) -> None:
    folder, out = tmp_path / "media", tmp_path / "f.parquet"
    folder.mkdir()
    names: list[dict[str, object]] = []
    for number in range(PICTURES):
        image = Image.new("RGB", (64, 48), COLOURS[list(COLOURS)[number % len(COLOURS)]])
        image.putpixel((0, 0), (number, 0, 0))  # no two of the same content
        image.save(folder / f"{number:02}.png")
        names.append({"path": f"{number:02}.png", "caption": f"red {number}", "split": "train"})
    captions(folder, *names)
    words = ("features", str(folder), "--split", "train", "--library", str(commands.library))
    program = (sys.executable, "-c", f"import sys; sys.path[:0] = {SOURCES!r}; {CHILD}")
    child = start([*program, *words, "--out", out], stderr=subprocess.DEVNULL)
    parts = Path(f"{out}.partial")
    until(lambda: len(list(parts.glob("part-*.parquet"))) == FINISHED_PARTS, child)
    child.kill()
    child.wait()
    kept = {path.name: path.read_bytes() for path in parts.glob("part-*.parquet")}
    assert len(kept) == FINISHED_PARTS
    assert not out.exists()

    ran = commands.ran("features", folder, "--split", "train", "--out", out)
    assert ran.code == 0, ran
    assert f"going on: {len(kept)} of {PICTURES} files are done" in ran.err
    assert ran.json["rows"] == PICTURES
    whole = tmp_path / "whole.parquet"
    commands("features", folder, "--split", "train", "--out", whole)
    one, other = read(out), read(whole)
    assert one.paths == other.paths
    assert one.captions == other.captions
    for name in ("frames", "norms", "evidence", "text", "words", "clip", "mask", "word_mask"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_names_from_strangers_do_not_steer_the_terminal(
    commands: Commands, media: Path, tmp_path: Path
) -> None:
    jpeg(media / "a\x1b[2Jb.jpg", "red")
    captions(
        media,
        {"path": "a\x1b[2Jb.jpg", "caption": "red \x1b]0;owned\x07thing", "split": "train"},
        {"path": "gone\x1b[2J.jpg", "caption": "x"},
    )
    ran = commands.text("features", media, "--split", "train", "--out", tmp_path / "f")
    assert "\x1b" not in ran.out + ran.err
    features = read(tmp_path / "f")
    assert features.captions == ("red ]0;ownedthing",)
    assert features.paths == (r"a\x1b[2Jb.jpg",)
    assert features.names[0].isprintable()
