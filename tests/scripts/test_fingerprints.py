"""Perceptual hashes of pictures, and that no training picture is a frame of the test clips."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from builtin._fingerprints import fingerprint, nearest
from builtin.overlap import of_clips, table
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]


def picture(seed: int, width: int = 320, height: int = 240) -> Pixels:
    """Soft blots of light, different for each seed."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))


def bits_between(one: Pixels, other: Pixels) -> int:
    return int(np.bitwise_count(fingerprint(one) ^ fingerprint(other)))


def test_a_smaller_darker_picture_has_nearly_the_same_hash_and_another_has_not() -> None:
    whole = picture(0)
    smaller = np.asarray(Image.fromarray(whole).resize((96, 72)))
    assert bits_between(whole, smaller) <= 4
    assert bits_between(whole, (whole * 0.8).astype(np.uint8)) <= 4
    assert all(bits_between(whole, picture(seed)) > 12 for seed in range(1, 20))


def test_half_of_the_bits_stand_in_a_hash() -> None:
    assert int(np.bitwise_count(fingerprint(picture(3)))) == 32


def test_the_nearest_of_many_is_found() -> None:
    numbers = np.random.default_rng(0)
    many = numbers.integers(0, 2**64, 700, dtype=np.uint64)
    some = many[[650, 3]] ^ np.array([0b101, 1], np.uint64)
    distances, places = nearest(some, many)
    assert (distances.tolist(), places.tolist()) == ([2, 1], [650, 3])
    assert list(table({"some, many": (some, many)}))[2] == "| some, many (2 and 700) | 1 | 2 | 2 | 2 |"


def test_one_frame_a_second_of_each_film_is_read(tmp_path: Path) -> None:
    from bench._clips import write_clips

    write_clips(tmp_path / "clips", 1, 0, seconds=3)
    (tmp_path / "clips" / "notes.txt").write_text("no film")
    found = of_clips(tmp_path / "clips")
    assert len(found) == 3
    assert len(set(found.tolist())) > 1, "of different seconds"


@pytest.mark.corpus
def test_no_training_picture_is_a_frame_of_the_test_clips(shared: Path) -> None:
    """Of the pictures whose hashes lie beside their features.

    The nearest pair differs in 6 bits: by their captions, two dogs on a beach and one on a skateboard.
    """
    hashes = []
    for name in ("features", "flickr8k"):
        path = shared / "builtin" / "features" / f"{name}.jsonl.gz"
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            hashes += [int(json.loads(line)["phash"], 16) for line in lines]
    distances, _ = nearest(np.array(hashes, np.uint64), of_clips(shared / "corpus" / "videos"))
    assert len(distances) > 27_000
    assert distances.min() > 4
