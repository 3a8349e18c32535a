"""A folder of one's own captioned pictures: what of it can be trained on, and why the rest cannot.

Its captions.csv has the columns path, within the folder, and caption: one line a caption.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from mediaindex.embed.language import language_of_text

TABLE = "captions.csv"
LANGUAGE = "en"
"""Of the text tower; a caption whose language is not certain counts as written in it."""
SMALLEST_SIDE = 32
"""Pixels of the shorter side: what a caption says cannot be seen in fewer."""


class OwnPicture(NamedTuple):
    """A picture with its captions, none twice. `name`: its path as the table has it."""

    name: str
    path: Path
    captions: tuple[str, ...]


class OwnFolder(NamedTuple):
    """The pictures to train on, and a line on each picture and caption that is left out."""

    pictures: tuple[OwnPicture, ...]
    left_out: tuple[str, ...]


def read_own_folder(folder: Path) -> OwnFolder:
    """Read the table and look at every picture.

    A picture that stands there under several names is one, with the captions of all of them.

    Raises:
        SystemExit: there is no such table, or nothing to train on; it names the remedy.
    """
    captions, left_out = _captions_in_english(folder / TABLE)
    first_of: dict[str, str] = {}
    said: dict[str, list[str]] = {}
    for name, own in captions.items():
        content = _content(folder, name)
        if isinstance(content, _Unfit):
            left_out.append(f"{name} is left out: {content.reason}")
            continue
        first = first_of.setdefault(hashlib.sha256(content).hexdigest(), name)
        if first != name:
            left_out.append(f"{name} is {first} once more: its captions are read as captions of that")
        said.setdefault(first, []).extend(own)
    if not said:
        raise SystemExit(f"{folder}: no line of {TABLE} names a picture with an English caption")
    pictures = (OwnPicture(name, folder / name, tuple(dict.fromkeys(own))) for name, own in said.items())
    return OwnFolder(tuple(pictures), tuple(left_out))


class _Unfit(NamedTuple):
    """Why a picture is not trained on."""

    reason: str


def _captions_in_english(table: Path) -> tuple[dict[str, list[str]], list[str]]:
    """Path → captions, and a line on each caption that is left out."""
    captions: dict[str, list[str]] = {}
    left_out = []
    for name, caption in _lines(table):
        language = language_of_text(caption)
        if not caption.strip():
            left_out.append(f"an empty caption of {name} is left out")
        elif language not in (LANGUAGE, None):
            left_out.append(f"a caption of {name} is left out: its language is {language}, not {LANGUAGE}")
        else:
            captions.setdefault(name, []).append(caption)
    return captions, left_out


def _lines(table: Path) -> Iterator[Sequence[str]]:
    """The path and the caption of each line."""
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                yield row["path"] or "", row["caption"] or ""
    except (OSError, UnicodeDecodeError, csv.Error, KeyError) as error:
        raise SystemExit(
            f"{table} cannot be read ({error}); write it as UTF-8 with the columns path and caption"
        ) from error


def _content(folder: Path, name: str) -> bytes | _Unfit:
    """The bytes of a picture that can be decoded."""
    path = folder / name
    try:
        if not path.resolve().is_relative_to(folder.resolve()):
            return _Unfit("it lies outside the folder")
        content = path.read_bytes()
        with Image.open(io.BytesIO(content)) as image:
            if min(image.size) < SMALLEST_SIDE:
                return _Unfit(f"it has {image.width}x{image.height} pixels")
            image.load()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        return _Unfit(getattr(error, "strerror", None) or "it is no picture, or a damaged one")
    return content
