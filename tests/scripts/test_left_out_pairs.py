"""Captioned photographs are read from repositories as they lie there."""

from __future__ import annotations

import io
import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from _left_out_pairs import Source, _of_aerial, _of_coco, _of_pascal, _of_rooms
from PIL import Image

from tests.support.repositories import repository


def png(width: int, height: int, colour: tuple[int, int, int], padded: int = 0) -> bytes:
    """A picture of noise around a colour, at the top left of a larger grey one where it is padded."""
    numbers = np.random.default_rng(width)
    picture = np.clip(numbers.normal(colour, 40, (height, width, 3)), 0, 255).astype(np.uint8)
    if padded:
        square = np.full((padded, padded, 3), (123, 115, 104), np.uint8)
        square[:height, :width] = picture
        picture = square
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return file.getvalue()


def test_pictures_and_sentences_meet_by_their_names(tmp_path: Path) -> None:
    pictures = {
        "images/a.png": png(40, 30, (200, 30, 30), 64),
        "images/b.png": png(20, 50, (30, 30, 200), 64),
        "images/elsewhere.png": b"only a pointer to a picture that is elsewhere",
        "other/c.png": png(9, 9, (0, 0, 0)),
    }
    repository(tmp_path / "who+pictures", pictures)
    pairs = {
        "x/a.png": "red noise",
        "x/elsewhere.png": "elsewhere",
        "x/b.png": "blue noise",
        "x/c.png": "not below",
    }
    captions = [{"image_path": path, "caption": caption} for path, caption in pairs.items()]
    repository(
        tmp_path / "who+captions" / "repo",
        {"clip_search_export/metadata.json": json.dumps(captions).encode()},
    )
    source = Source("made", "who+pictures", "who+captions", "images", _of_coco, is_padded=True)
    found = source.photographs(tmp_path)
    assert [one.captions for one in found] == [("red noise",), ("blue noise",)]
    shapes = [pixels.shape for pixels in source.pixels(tmp_path, found)]
    assert shapes == [(30, 40, 3), (50, 20, 3)], "without their grey margin"


def test_each_form_of_sentences_is_read(tmp_path: Path) -> None:
    table = b"image_path\td1\td2\nrooms/a.jpg\ta room\twith a bed\n"
    names, texts = b"a.jpg\na.jpg\nb.jpg\n", b"an airport .\nan airport .\na port .\n"
    made = repository(
        tmp_path,
        {
            "data/sequences.csv": table,
            "data/rsicd_precomp/test_filename.txt": names,
            "data/rsicd_precomp/test_caps.txt": texts,
            "data/rsicd_precomp/train_filename.txt": b"c.jpg\nd.jpg\n",
            "data/rsicd_precomp/train_caps.txt": 5 * b"a river .\n" + 4 * b"trees .\n" + b"a lake .\n",
        },
    )
    assert _of_rooms(made) == {"a.jpg": ("a room with a bed",)}
    assert _of_aerial(made) == {
        "a.jpg": ("an airport .",),
        "b.jpg": ("a port .",),
        "c.jpg": ("a river .",),
        "d.jpg": ("trees .", "a lake ."),
    }
    with pytest.raises(subprocess.CalledProcessError):
        _of_pascal(made)


def test_a_repository_that_is_not_there_is_named(tmp_path: Path) -> None:
    source = Source("made", "who+pictures", "who+captions", "images", _of_coco)
    with pytest.raises(FileNotFoundError, match="fetch the repository who/pictures"):
        source.photographs(tmp_path)
