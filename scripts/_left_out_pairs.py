"""Captioned photographs of kinds that the built-in encoder was not trained on, read from git repositories.

    pascal    1 000 photographs of 20 kinds of things, five sentences each
    rooms     518 rooms, described by one person; the first two sentences are one query
    aerial    10 921 views from above, up to five sentences each; the first 1 093 are its test part
    coco-64   10 000 photographs of 64 × 64 pixels, one sentence each

Each set is two folders that hold the history of a repository: one with the pictures, one with the sentences,
named OWNER+NAME as in `SOURCES`. Nothing of them is in this repository.
"""

from __future__ import annotations

import csv
import io
import json
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_SMALLEST_BYTES = 400  # below that a file is a pointer to one that is elsewhere
_GREY = (123, 115, 104)  # around the pictures of rooms
_GREY_TOLERANCE = 10


@dataclass(frozen=True, slots=True)
class Captioned:
    """A photograph in a repository, with what people wrote of it."""

    blob: str
    captions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """A set of photographs.

    Attributes:
        pictures, sentences: the folders of its repositories. folder: of the pictures, in theirs.
        read: the sentences of each picture by its name, from the repository of the sentences.
        is_padded: whether the pictures stand on a grey square.
    """

    name: str
    pictures: str
    sentences: str
    folder: str
    read: Callable[[Path], dict[str, tuple[str, ...]]]
    is_padded: bool = False

    def photographs(self, repositories: Path) -> list[Captioned]:
        """Those whose pixels are there, in the order of their sentences."""
        blobs = blobs_below(repository_of(repositories, self.pictures), self.folder)
        captions = self.read(repository_of(repositories, self.sentences))
        return [Captioned(blobs[name], texts) for name, texts in captions.items() if name in blobs and texts]

    def pixels(self, repositories: Path, photographs: Sequence[Captioned]) -> Iterator[NDArray[np.uint8]]:
        """(H, W, 3) RGB of each."""
        repository = repository_of(repositories, self.pictures)
        for photograph in photographs:
            with Image.open(io.BytesIO(git_output(repository, "cat-file", "blob", photograph.blob))) as image:
                pixels = np.asarray(image.convert("RGB"))
            yield _without_padding(pixels) if self.is_padded else pixels


def repository_of(repositories: Path, name: str) -> Path:
    """The folder of a repository, named OWNER+NAME.

    Raises:
        FileNotFoundError: it is not there.
    """
    for path in (repositories / name / "repo", repositories / name):
        if path.is_dir():
            return path
    raise FileNotFoundError(f"{repositories / name}: fetch the repository {name.replace('+', '/')} to there")


def git_output(repository: Path, *arguments: str) -> bytes:
    """What a command of git prints."""
    return subprocess.run(["git", "-C", repository, *arguments], capture_output=True, check=True).stdout


def blobs_below(repository: Path, folder: str) -> dict[str, str]:
    """File name → blob of the files below a folder that are really there."""
    listed = git_output(repository, "ls-tree", "-r", "-l", "-z", "HEAD", "--", folder).decode(
        "utf-8", "replace"
    )
    found: dict[str, str] = {}
    for line in listed.split("\0")[:-1]:
        about, path = line.split("\t", 1)
        _mode, _type, blob, size = about.split()
        if size.isdigit() and int(size) > _SMALLEST_BYTES:
            found.setdefault(PurePosixPath(path).name, blob)
    return found


def _without_padding(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture alone, which stands at the top left."""
    differs = np.abs(pixels.astype(int) - _GREY).max(axis=2) > _GREY_TOLERANCE
    right, bottom = (np.flatnonzero(differs.mean(axis=axis) > 0.05)[-1] + 1 for axis in (0, 1))
    return pixels[:bottom, :right]


def _of_pascal(repository: Path) -> dict[str, tuple[str, ...]]:
    # The file was deleted later: it is there in the repository's history alone.
    text = git_output(repository, "show", "ab773ace9287c1b04c3e5f821ac5cca6cc82274d:pascal_sentences.json")
    return {
        name: tuple(text.strip() for text in entry["captions"] if len(text.strip()) > 1)
        for name, entry in json.loads(text).items()
    }


def _of_rooms(repository: Path) -> dict[str, tuple[str, ...]]:
    table = io.StringIO(git_output(repository, "show", "HEAD:data/sequences.csv").decode())
    rows = csv.DictReader(table, delimiter="\t")
    return {PurePosixPath(row["image_path"]).name: (f"{row['d1']} {row['d2']}".strip(),) for row in rows}


def _of_aerial(repository: Path) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for name, text in [*_aerial_lines(repository, "test"), *_aerial_lines(repository, "train")]:
        found.setdefault(name, []).append(text)
    return {name: tuple(dict.fromkeys(own)) for name, own in found.items()}


def _aerial_lines(repository: Path, split: str) -> Iterator[tuple[str, str]]:
    """Name and sentence; of the training part five sentences stand for each line of names."""
    names, texts = (
        git_output(repository, "show", f"HEAD:data/rsicd_precomp/{split}_{kind}.txt").decode().splitlines()
        for kind in ("filename", "caps")
    )
    each = len(texts) // len(names)
    for place, text in enumerate(texts):
        yield names[place // each].strip(), text.strip()


def _of_coco(repository: Path) -> dict[str, tuple[str, ...]]:
    entries = json.loads(git_output(repository, "show", "HEAD:clip_search_export/metadata.json"))
    return {PurePosixPath(entry["image_path"]).name: (entry["caption"],) for entry in entries}


SOURCES = (
    Source(
        "pascal",
        "Darpankhatri+Visual-Object-Classes-Challenge-2008-VOC2008-",
        "michelecafagna26+Pascal_Sentence_Dataset-downloader",
        "Data/train data",
        _of_pascal,
    ),
    Source(
        "rooms",
        "lehtoneo+cross-platform-inference-data-api",
        "clp-research+image-description-sequences",
        "ade20k",
        _of_rooms,
        is_padded=True,
    ),
    Source(
        "aerial",
        "Suyog-16+rsicd-image-captioning",
        "CQULab+JGDN",
        "data/RSICD_images",
        _of_aerial,
    ),
    Source(
        "coco-64",
        "Nathanamon+clip-semantic-image-search",
        "Nathanamon+clip-semantic-image-search",
        "clip_search_export/images",
        _of_coco,
    ),
)
