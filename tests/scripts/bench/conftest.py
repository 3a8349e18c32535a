"""Described clips whose answers are known, and a library that has them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.benchmarks import run
from tests.support.media import DEFAULT_CLIP, Pixels, flat, write_clip

RED, GREEN, BLUE, GREY = (200, 30, 30), (30, 160, 40), (30, 40, 200), (120, 120, 120)


def scene(colour: tuple[int, int, int]) -> list[Pixels]:
    """Four seconds of a coloured field with a bright square that moves."""
    pictures = []
    for number in range(4 * DEFAULT_CLIP.rate):
        picture = flat(*colour, width=160)
        left = 4 * number % 140
        picture[38:58, left : left + 20] = 240
        pictures.append(picture)
    return pictures


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three described clips; one was joined of three shots of 4 s."""
    folder = tmp_path_factory.mktemp("clips").resolve()
    shots = {"grey.mp4": (GREY,), "green.mp4": (GREEN,), "joined.mp4": (RED, GREEN, BLUE)}
    entries: list[dict[str, Any]] = []
    for name, colours in shots.items():
        write_clip(folder / name, [picture for colour in colours for picture in scene(colour)])
        stem = name.removesuffix(".mp4")
        entries.append({"file": name, "query": stem, "captions": [f"a {stem} field", f"something {stem}"]})
    names = ("a red field", "a green field", "a blue field")
    entries[-1]["segments"] = [
        {"start_s": 4.0 * n, "end_s": 4.0 * n + 4, "query": query} for n, query in enumerate(names)
    ]
    (folder / "MANIFEST.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    return folder


@pytest.fixture(scope="session")
def searchable(clips: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library that has the clips."""
    library = tmp_path_factory.mktemp("bench") / "library"
    done = run("-m", "mediaindex", "index", clips, "--library", library, "--json")
    assert done.returncode == 0, done.stderr
    return library
