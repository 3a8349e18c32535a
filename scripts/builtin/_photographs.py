"""Every captioned photograph that the built-in encoder is trained, chosen or tested on.

    pairs, flickr8k   of ../shared/builtin; the pixels of Flickr8k are in a repository of its own
    pascal, rooms, aerial, coco-64   of scripts/_left_out_pairs.py
    own               a folder of pictures with a table of captions

A photograph of `../shared/builtin` keeps its split, but for two fixed parts of what people captioned in
`train`, by the hash of its name. The heads of the box were trained on both; no scorer was, nor the heads of
the kind `fold`. `fresh` was in the tables of the first verdict of docs/benchmarks/evidence.md, and now
chooses constants; `sealed` was in none before the second verdict, and is read for that alone. Of the other
sources a fixed part is held back: it is in no training, so that one model can be tested on it.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from _builtin_pairs import FLICKR8K, Photograph, Row, jpegs_of, rows_of
from _left_out_pairs import SOURCES, Captioned, Source
from builtin._own_folder import read_own_folder
from numpy.typing import NDArray
from PIL import Image

HELD_BACK = 0.2
FRESH, CHOSE, SEALED = 0.12, 0.2, 0.17
"""Parts of what people captioned in `train`: the fresh ones; those, with others that chose constants for the
first verdict; of the rest the sealed ones."""
OWN = "own"
CHUNK = 500

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Item:
    """A photograph without its pixels.

    Attributes:
        name: SOURCE/NAME, one for all views of it.
        split: train, fresh, sealed, val, val2 or held (back).
        by_people: whether people wrote its captions.
    """

    name: str
    split: str
    captions: tuple[str, ...]
    by_people: bool

    @property
    def source(self) -> str:
        """What stands before the slash."""
        return self.name.partition("/")[0]

    @property
    def trains_heads(self) -> bool:
        """Whether the heads of the box may be trained on it."""
        return self.split == "train" or self.is_of_fold

    @property
    def is_of_fold(self) -> bool:
        """Whether the heads of the kind `fold` have not seen it, though those of the box have."""
        return self.split in ("fresh", "sealed")


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some photographs of one source, as a unit of work that can be kept.

    Attributes:
        name: SOURCE-NUMBER.
    """

    name: str
    items: tuple[Item, ...]
    _read: _OfBuiltin | _OfRepository | _OfFolder
    _first: int

    def pixels(self) -> Iterator[Pixels]:
        """(H, W, 3) RGB of each."""
        return self._read.pixels(self._first, len(self.items))


def chunks_of(
    builtin: Path, flickr8k: Path | None, repositories: Path | None, own: Path | None
) -> list[Chunk]:
    """The photographs of everything that is given, in a fixed order.

    Args:
        builtin: ../shared/builtin. flickr8k: git directory with its pictures.
        repositories: folder of those of scripts/_left_out_pairs.py; a source that is not there is left out.
        own: a folder as `_own_folder` reads it; what it leaves out is said on stderr.
    """
    readers: list[_OfBuiltin | _OfRepository | _OfFolder] = [_OfBuiltin.of(builtin, flickr8k)]
    if repositories is not None:
        readers += [
            _OfRepository.of(source, repositories)
            for source in SOURCES
            if all((repositories / name).is_dir() for name in (source.pictures, source.sentences))
        ]
    if own is not None:
        readers.append(_OfFolder.of(own))
    return [chunk for reader in readers for chunk in _chunks(reader)]


def fraction_of(name: str, purpose: str) -> float:
    """A number in [0, 1) that only depends on the name and the purpose."""
    digest = hashlib.blake2b(f"{purpose} {name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def _chunks(reader: _OfBuiltin | _OfRepository | _OfFolder) -> Iterator[Chunk]:
    for source, group in itertools.groupby(enumerate(reader.items), key=lambda entry: entry[1].source):
        own = list(group)
        for number, first in enumerate(range(0, len(own), CHUNK)):
            part = own[first : first + CHUNK]
            yield Chunk(f"{source}-{number:03}", tuple(item for _, item in part), reader, part[0][0])


def _split_of(name: str) -> str:
    return "held" if fraction_of(name, "held back") < HELD_BACK else "train"


def split_of_row(row: Row) -> str:
    """Of a photograph of ../shared/builtin: its own, or the part of `train` that is kept back."""
    name = row.photograph.name
    if row.split != "train" or not row.by_people:
        return row.split
    if fraction_of(name, "fresh") < FRESH:
        return "fresh"
    is_sealed = fraction_of(name, "fresh") >= CHOSE and fraction_of(name, "sealed") < SEALED
    return "sealed" if is_sealed else row.split


@dataclass(frozen=True, slots=True)
class _OfBuiltin:
    items: tuple[Item, ...]
    photographs: tuple[Photograph, ...]
    flickr8k: Path | None

    @classmethod
    def of(cls, folder: Path, flickr8k: Path | None) -> _OfBuiltin:
        rows = [row for row in rows_of(folder) if flickr8k is not None or row.photograph.source != FLICKR8K]
        rows.sort(key=lambda row: row.photograph.source)
        items = tuple(
            Item(row.photograph.name, split_of_row(row), row.photograph.captions, row.by_people)
            for row in rows
        )
        return cls(items, tuple(row.photograph for row in rows), flickr8k)

    def pixels(self, first: int, count: int) -> Iterator[Pixels]:
        repository = self.flickr8k or Path()
        for jpeg in jpegs_of(self.photographs[first : first + count], repository):
            with Image.open(io.BytesIO(jpeg)) as image:
                yield np.asarray(image.convert("RGB"))


@dataclass(frozen=True, slots=True)
class _OfRepository:
    items: tuple[Item, ...]
    photographs: tuple[Captioned, ...]
    source: Source
    repositories: Path

    @classmethod
    def of(cls, source: Source, repositories: Path) -> _OfRepository:
        photographs = tuple(source.photographs(repositories))
        names = [f"{source.name}/{photograph.blob[:16]}" for photograph in photographs]
        items = tuple(
            Item(name, _split_of(name), photograph.captions, True)
            for name, photograph in zip(names, photographs, strict=True)
        )
        return cls(items, photographs, source, repositories)

    def pixels(self, first: int, count: int) -> Iterator[Pixels]:
        return self.source.pixels(self.repositories, self.photographs[first : first + count])


@dataclass(frozen=True, slots=True)
class _OfFolder:
    items: tuple[Item, ...]
    paths: tuple[Path, ...]

    @classmethod
    def of(cls, folder: Path) -> _OfFolder:
        found = read_own_folder(folder)
        for line in found.left_out:
            print(line, file=sys.stderr)
        items = [
            Item(f"{OWN}/{one.name}", _split_of(f"{OWN}/{one.name}"), one.captions, True)
            for one in found.pictures
        ]
        return cls(tuple(items), tuple(one.path for one in found.pictures))

    def pixels(self, first: int, count: int) -> Iterator[Pixels]:
        for path in self.paths[first : first + count]:
            with Image.open(path) as image:
                yield np.asarray(image.convert("RGB"))


def captions_of(items: Sequence[Item]) -> list[str]:
    """Every caption once, sorted."""
    return sorted({caption for item in items for caption in item.captions})


def read_items(work: Path) -> dict[str, list[Item]]:
    """Chunk → its photographs, as prepare.py left them."""
    described = json.loads((work / "items.json").read_text(encoding="utf-8"))
    return {
        chunk: [Item(**{**entry, "captions": tuple(entry["captions"])}) for entry in entries]
        for chunk, entries in described.items()
    }
