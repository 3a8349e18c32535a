"""A benchmark's split as every benchmark gives it, and the reading of annotation files, which are strangers'.

An annotation file of another version is refused by name, with what was looked for in it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mediaindex.decode.subtitles.formats import plain
from mediaindex.errors import UsageError
from mediaindex.learn.features.caption_tables import Split
from mediaindex.learn.features.clip_protocol import ClipProtocol

MOST_BYTES = 1 << 28


@dataclass(frozen=True, slots=True)
class BenchmarkClip:
    """One item of the gallery: a clip, with its captions.

    Attributes:
        id: the stem of its video's file.
        captions: one or more, in the order of the annotations; none is empty.
        end_seconds: whole seconds; later frames do not count. None for the clip's end.
        names: what else its video's stem may be.
    """

    id: str
    captions: tuple[str, ...]
    end_seconds: float | None = None
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A benchmark and its protocol.

    Attributes:
        name: as a user writes it. title: as it is published.
        protocol: frames and tokens.
        published: clips and captions of the test split.
        read: (folder of the annotation files, split) → the clips; raises UsageError.
        several_captions: whether a clip has more than one at test. The direction clip → text then ranks
            clips by their best caption, and the median is the lower one, as published.
        categories: folder of the annotation files → category by id; raises UsageError.
    """

    name: str
    title: str
    protocol: ClipProtocol
    published: tuple[int, int]
    read: Callable[[Path, Split], list[BenchmarkClip]]
    several_captions: bool = False
    categories: Callable[[Path], Mapping[str, str]] = lambda _folder: {}


def required_file(folder: Path, *names: str) -> Path:
    """The first of these files that the folder holds.

    Raises:
        UsageError: it holds none.
    """
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise UsageError(f"{folder} lacks {' or '.join(names)}; --annotations DIR is the folder that holds it")


def read_bytes(path: Path) -> bytes:
    """The bytes of an annotation file.

    Raises:
        UsageError: it cannot be read, or is too large.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}") from error
    if len(data) > MOST_BYTES:
        raise UsageError(f"{path} is larger than {MOST_BYTES >> 20} MiB")
    return data


def read_text(path: Path) -> str:
    """The text of an annotation file, UTF-8.

    Raises:
        UsageError: it cannot be read, is too large, or no UTF-8.
    """
    try:
        return read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is no UTF-8 at byte {error.start}") from error


def read_json(path: Path) -> Any:
    """What a JSON file holds.

    Raises:
        UsageError: it cannot be read, or is no JSON.
    """
    try:
        return json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is no JSON: {getattr(error, 'msg', error)}") from error


def read_ids(path: Path) -> list[str]:
    """The ids of a file with one a line.

    Raises:
        UsageError: it cannot be read, holds none, or one twice.
    """
    return checked_ids(path, [line.strip() for line in read_text(path).splitlines() if line.strip()])


def checked_ids(path: Path, ids: Sequence[str]) -> list[str]:
    """The ids, each a file's name, once.

    Raises:
        UsageError: there is none, or one twice, or one that is no file's name.
    """
    for name in ids:
        if not name.isprintable() or "/" in name:
            raise another_version(path, "ids that are file names")
    if not ids:
        raise another_version(path, "ids of videos")
    if len(set(ids)) < len(ids):
        twice = next(name for place, name in enumerate(ids) if name in ids[:place])
        raise UsageError(f"{path} names {twice} twice")
    return list(ids)


def caption_of(path: Path, text: object) -> str:
    """A caption as one clean line; "" where nothing is left of it.

    Raises:
        UsageError: it is no text.
    """
    if not isinstance(text, str):
        raise another_version(path, "captions that are texts")
    return plain(text)


def with_captions(path: Path, clips: Sequence[BenchmarkClip]) -> list[BenchmarkClip]:
    """The clips.

    Raises:
        UsageError: one has no caption.
    """
    bare = [clip.id for clip in clips if not clip.captions]
    if bare:
        raise UsageError(
            f"{path} has no caption of {bare[0]}" + f" and {len(bare) - 1} more" * (len(bare) > 1)
        )
    return list(clips)


def some_captioned(path: Path, clips: Sequence[BenchmarkClip]) -> list[BenchmarkClip]:
    """The clips that have a caption.

    Raises:
        UsageError: none has.
    """
    captioned = [clip for clip in clips if clip.captions]
    if not captioned:
        raise another_version(path, "captions of the videos that the list beside it names")
    return captioned


def another_version(path: Path, expected: str) -> UsageError:
    """The error for a file that does not hold what this benchmark's has."""
    return UsageError(f"{path} is of another version or another benchmark: it lacks {expected}")
