"""The training of the built-in encoder from pictures to files that load, on 200 painted photographs."""

from __future__ import annotations

import csv
import itertools
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bench._clips import write_clips
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from safetensors.numpy import load_file

from mediaindex.embed.families.builtin import load_builtin
from mediaindex.embed.families.builtin_files import FILES, builtin_spec, heads_of
from mediaindex.learn.evaluation.metrics import ranks
from tests.support.builtin_folder import without_pairs

pytestmark = pytest.mark.slow

CHECKOUT = Path(__file__).parents[2]
COLOURS = {"red": (210, 30, 30), "green": (30, 140, 50), "blue": (40, 80, 210), "yellow": (240, 220, 50)}
GROUNDS = {"black": (10, 10, 10), "white": (245, 245, 245), "grey": (128, 128, 128), "pink": (240, 150, 180)}
SHAPES = ("circle", "square")
COUNT = 200


def paint(folder: Path) -> None:
    """COUNT pictures of shapes of one colour on another, each with its sentence in captions.csv."""
    numbers = np.random.default_rng(0)
    kinds = itertools.cycle(itertools.product(COLOURS, GROUNDS, SHAPES))
    folder.mkdir()
    with (folder / "captions.csv").open("w", encoding="utf-8", newline="") as table:
        lines = csv.writer(table)
        lines.writerow(["path", "caption"])
        for number, (colour, ground, shape) in zip(range(COUNT), kinds, strict=False):
            image = Image.new("RGB", (240, 240), GROUNDS[ground])
            x, y, size = (int(n) for n in numbers.integers(20, 100, 3))
            draw = ImageDraw.Draw(image)
            box = (x, y, x + size + 30, y + size + 30)
            (draw.ellipse if shape == "circle" else draw.rectangle)(box, COLOURS[colour])
            image.save(folder / f"{number:03}.png")
            lines.writerow([f"{number:03}.png", f"a {colour} {shape} on {ground}"])


def ran(script: str, *arguments: object) -> str:
    command = [sys.executable, str(CHECKOUT / "scripts" / "builtin" / script), *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=900).stdout


def test_painted_photographs_become_a_head_that_finds_them(tmp_path: Path) -> None:
    paint(tmp_path / "own")
    without_pairs(tmp_path / "builtin")
    files, work = tmp_path / "files", tmp_path / "work"
    shutil.copytree(FILES, files)
    sources = ["--builtin", tmp_path / "builtin", "--work", work]
    ran("prepare.py", *sources, "--own", tmp_path / "own")
    assert ran("prepare.py", *sources, "--own", tmp_path / "own") == "", "what is there is kept"
    training = [*sources, "--kinds", "full", "--seeds", 0, 1, "--samples", 40_000]
    assert "full-1.safetensors: " in ran("train.py", *training)
    assert ran("train.py", *training) == ""
    ran("export.py", "--work", work, "--kind", "full", "--head", "mini", "--files", files)

    newest = heads_of(files)[0]
    assert (newest.name, newest.members) == ("builtin", ("head-mini.safetensors",))
    assert heads_of(files)[1:] == heads_of(FILES)
    described = json.loads((work / "items.json").read_text(encoding="utf-8"))
    held = [item for own in described.values() for item in own if item["split"] == "held"]
    assert 20 < len(held) < 60
    with_mini = places(files, tmp_path / "own", held)
    before = places(FILES, tmp_path / "own", held)
    assert with_mini.mean() < 0.5 * before.mean(), "it tells the colours apart after training"

    assert ": step 60, loss" in ran("train_scorer.py", "--work", work, "--steps", 60)
    assert ran("train_scorer.py", "--work", work, "--steps", 60) == ""
    exported = ran("export_scorer.py", "--work", work, "--files", files)
    assert exported.split()[-1] == builtin_spec(files).scorer
    by_scorer = places(files, tmp_path / "own", held, by_regions=True)
    assert by_scorer.mean() < 0.5 * (len(by_scorer) - 1) / 2, "so does the scorer, without the similarity"

    (tmp_path / "videos").mkdir()
    write_clips(tmp_path / "videos" / "films", 1, 0, seconds=2)
    printed = ran("overlap.py", *sources, "--videos", tmp_path / "videos")
    trained_on = len([item for own in described.values() for item in own if item["split"] == "train"])
    assert f"frames of the clips ({trained_on + 1} and " in printed


def places(
    files: Path, folder: Path, held: list[dict[str, Any]], *, by_regions: bool = False
) -> NDArray[np.float64]:
    """How many of the held-back pictures with another caption stand before the right one.

    Args:
        by_regions: by the scorer's logits less hubs, in place of the similarity.
    """
    encoder = load_builtin(device="cpu", files=files)
    names = [str(item["name"]).removeprefix("own/") for item in held]
    pictures = [np.asarray(Image.open(folder / name)) for name in names]
    captions = [item["captions"] for item in held]
    distinct = {str(own): place for place, own in enumerate(captions)}
    of_caption = [distinct[str(own)] for own in captions]
    embedded = encoder.images(pictures)
    said = [str(item["captions"][0]) for item in held]
    kept = sorted(set(of_caption))
    if by_regions:
        assert embedded.regions is not None
        gains = load_file(files / "scorer.safetensors")["gains"]
        records = embedded.regions[kept][:, None]
        numbers = np.stack([encoder.asked(said[place]).numbers(records) for place in kept])
        return ranks(20 * numbers[..., :3] @ gains + numbers[..., 3], np.arange(len(kept)))
    images, texts = embedded.vectors, encoder.texts(said).pooled
    images, texts = (rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (images, texts))
    return ranks(texts[kept] @ images[kept].T, np.arange(len(kept)))
