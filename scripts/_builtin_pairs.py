"""The captioned photographs of the built-in encoder and its generators, and how they are shared out.

The shipped head was trained on all training photographs, so the shipped generators learn from half of `val`;
the other half chooses constants, `val2` is the test. scripts/fit_head.py fits a head without the photographs
in data/generator_share.txt, a quarter of every source with captions by people; with it a generator can be
measured that has more to learn from. The photographs are not in this repository.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import subprocess
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import IO, Any

SHARE = Path(__file__).parent / "data" / "generator_share.txt"
SHARE_OF_PHOTOGRAPHS = 0.25
HALF = 0.5
FLICKR8K = "flickr8k"
FLICKR8K_COMMIT = "d6335246b3"

_FLICKR8K_FOLDER = "data/images"
_MACHINE_CAPTION = "machine-caption"
# what a feature file calls the splits of ../shared/builtin
_SPLITS = {"train": "train", "val": "val", "val2": "test"}


@dataclass(frozen=True, slots=True)
class Photograph:
    """A photograph with its captions.

    Attributes:
        name: SOURCE/FILE, one for all views of it under other names.
        split: train (of the generators), val or test.
        jpeg: its bytes where they lie beside the captions, None where they lie in the Flickr8k repository.
    """

    name: str
    source: str
    split: str
    captions: tuple[str, ...]
    jpeg: bytes | None

    @property
    def file(self) -> str:
        """Its name without the source."""
        return self.name.partition("/")[2]


@dataclass(frozen=True, slots=True)
class Row:
    """A row of ../shared/builtin, of any split."""

    photograph: Photograph
    split: str
    by_people: bool


def rows_of(folder: Path) -> Iterator[Row]:
    """Every captioned photograph of ../shared/builtin whose pixels are available.

    A photograph of Flickr8k that is there twice comes as the one of the whole set, with all its captions.
    """
    import pyarrow.parquet as pq

    with gzip.open(folder / "features" / "flickr8k.jsonl.gz", "rt", encoding="utf-8") as lines:
        whole = [_row(json.loads(line), None) for line in lines]
    known = {row.photograph.name for row in whole}
    yield from whole
    for file in sorted((folder / "pairs").glob("*.parquet")):
        for group in pq.ParquetFile(file).iter_batches(batch_size=256):
            rows = (_row(entry, entry["jpeg"]) for entry in group.to_pylist())
            yield from (row for row in rows if row.photograph.name not in known)


def name_of(entry: Mapping[str, Any]) -> str:
    """SOURCE/FILE of a row of ../shared/builtin; the subset of Flickr8k is of the whole."""
    source = FLICKR8K if entry["source"].startswith(FLICKR8K) else entry["source"]
    return f"{source}/{PurePosixPath(entry['path_in_source']).name}"


def share_by_rule(rows: Sequence[Row]) -> list[str]:
    """Names of the generators' photographs: a quarter, by hash, of what people captioned in train."""
    names = {row.photograph.name for row in rows if row.split == "train" and row.by_people}
    return sorted(name for name in names if _fraction(name) < SHARE_OF_PHOTOGRAPHS)


def read_share(path: Path = SHARE) -> frozenset[str]:
    """The committed names."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


def shares_of_the_box(rows: Sequence[Row]) -> list[Photograph]:
    """What the shipped head was not trained on: `val` halved by hash into train and val, `val2` as test."""
    shares = []
    for row in rows:
        if row.split == "val":
            half = "train" if _fraction(row.photograph.name) < HALF else "val"
            shares.append(replace(row.photograph, split=half))
        elif row.split == "val2":
            shares.append(row.photograph)
    return shares


def unseen_by_the_fitted_head(rows: Sequence[Row], share: Collection[str]) -> list[Photograph]:
    """The photographs of `share` as train; val and test unchanged."""
    return [row.photograph for row in rows if row.split != "train" or row.photograph.name in share]


def jpegs_of(
    photographs: Sequence[Photograph], repository: Path, *, commit: str = FLICKR8K_COMMIT
) -> Iterator[bytes]:
    """The bytes of each photograph, in order.

    Args:
        repository: a git directory whose history holds Flickr8k (RlNZLER/Image-Text-Matching).

    Raises:
        FileNotFoundError: the repository does not hold one of them.
    """
    command = ["git", "-C", str(repository), "cat-file", "--batch"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as git:
        assert git.stdin is not None
        assert git.stdout is not None
        for photograph in photographs:
            if photograph.jpeg is not None:
                yield photograph.jpeg
                continue
            name = f"{commit}:{_FLICKR8K_FOLDER}/{photograph.file}"
            git.stdin.write(f"{name}\n".encode())
            git.stdin.flush()
            yield _blob(git.stdout, name)


def _blob(answers: IO[bytes], name: str) -> bytes:
    header = answers.readline().split()
    if len(header) != 3 or header[1] != b"blob":
        raise FileNotFoundError(f"{name} is not in the repository of Flickr8k; fetch its whole history")
    blob = answers.read(int(header[2]))
    answers.read(1)
    return blob


def _row(entry: dict[str, Any], jpeg: bytes | None) -> Row:
    name = name_of(entry)
    captions = tuple(entry["captions"])
    photograph = Photograph(name, name.partition("/")[0], _SPLITS[entry["split"]], captions, jpeg)
    return Row(photograph, entry["split"], entry["kind"] != _MACHINE_CAPTION)


def _fraction(name: str) -> float:
    digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64
