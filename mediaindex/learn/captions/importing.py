"""Captions of files → captions of a library, each once; no encoder is loaded, no film is opened.

They are written in small transactions: an import that is killed has kept a part, and the same import again
keeps the rest.
"""

from __future__ import annotations

import functools
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import sqlalchemy as sa

from mediaindex.errors import UsageError
from mediaindex.learn.captions.caption_files import read_captions
from mediaindex.learn.captions.lines import CaptionLine
from mediaindex.learn.features.caption_tables import SkippedInput
from mediaindex.store.catalog import locations
from mediaindex.store.catalog.database import in_chunks
from mediaindex.store.library import Library
from mediaindex.store.notes import captions, waiting

LINES_AT_ONCE = 500
"""Captions of a transaction: other writers wait for one, and a kill loses one."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of the captions of an import.

    Attributes:
        imported: captions that are new; those that wait are among them.
        unchanged: that the library had already.
        waiting: how many wait for each video that is not in the library.
        skipped: lines that hold no caption, and captions that cannot be kept.
    """

    imported: int
    unchanged: int
    waiting: dict[Path, int]
    skipped: tuple[SkippedInput, ...]


@dataclass(frozen=True, slots=True)
class _Known:
    """What the library knows of the media that the lines name.

    Attributes:
        videos: by the path of the line, those that are in the library.
        problems: by that path, why it is not clear which video is meant.
        gone: (path, start, end, text) of captions whose video left the library.
    """

    videos: dict[Path, int]
    problems: dict[Path, str]
    gone: frozenset[tuple[Path, float | None, float | None, str]]


def import_captions(
    library: Library,
    typed: Iterable[Path],
    *,
    stored: Callable[[Path], Path],
    detect: Callable[[str], str | None],
) -> Imported:
    """Keep the captions of files and folders.

    Args:
        typed: absolute. stored: the name by which the catalog knows a path.
        detect: the language of a text that names none.

    Raises:
        UsageError: a file that was named is not there, or is of no known form; nothing of it is kept.
    """
    stored = functools.cache(stored)
    lines: list[CaptionLine] = []
    skipped: list[SkippedInput] = []
    for path in typed:
        for read in read_captions(path, lambda folder: _names_in(library, stored(folder))):
            if isinstance(read, SkippedInput):
                skipped.append(read)
            else:
                lines.append(read)
    known = _known(library, lines, stored)
    counts: Counter[str] = Counter()
    waits: Counter[Path] = Counter()
    for batch in in_chunks(lines, LINES_AT_ONCE):
        for line, became in _written(
            library, [_with_language(line, detect) for line in batch], known, stored
        ):
            if isinstance(became, str):
                skipped.append(SkippedInput(line.where, became))
            else:
                counts["imported" if became else "unchanged"] += 1
                if line.media not in known.videos and became:
                    waits[line.media] += 1
    return Imported(counts["imported"], counts["unchanged"], dict(waits), tuple(skipped))


def _with_language(line: CaptionLine, detect: Callable[[str], str | None]) -> CaptionLine:
    if line.said.language is not None:
        return line
    return replace(line, said=replace(line.said, language=detect(line.said.text)))


def _written(
    library: Library, batch: Sequence[CaptionLine], known: _Known, stored: Callable[[Path], Path]
) -> Iterator[tuple[CaptionLine, bool | str]]:
    """Each line of a batch, with whether its caption is new, or why it is none; in one transaction."""
    by_media: dict[Path, list[CaptionLine]] = defaultdict(list)
    for line in batch:
        by_media[line.media].append(line)
    names = {media: stored(media) for media in by_media if media not in known.videos}
    with library.write() as connection:
        became = {
            media: _kept(connection, media, lines, known, names.get(media, media))
            for media, lines in by_media.items()
        }
    for media, lines in by_media.items():
        yield from zip(lines, became[media], strict=True)


def _kept(
    connection: sa.Connection, media: Path, lines: Sequence[CaptionLine], known: _Known, name: Path
) -> list[bool | str]:
    """Of each line about one video, whether its caption is new, or why it is none."""
    said = [line.said for line in lines]
    if (problem := known.problems.get(media)) is not None:
        return [problem] * len(said)
    if (video_id := known.videos.get(media)) is not None:
        became = captions.add_new(connection, video_id, said)
        return [str(one) if isinstance(one, UsageError) else one is not None for one in became]
    keys = [(name, one.start_seconds, one.end_seconds, one.text) for one in said]
    new = [one for one, key in zip(said, keys, strict=True) if key not in known.gone]
    outcomes = iter(waiting.keep(connection, name, new))
    kept = [False if key in known.gone else next(outcomes) for key in keys]
    return [str(one) if isinstance(one, UsageError) else one for one in kept]


def _known(library: Library, lines: Sequence[CaptionLine], stored: Callable[[Path], Path]) -> _Known:
    named = {line.media: line.is_bare for line in lines}
    videos: dict[Path, int] = {}
    problems: dict[Path, str] = {}
    names = {media: stored(media) for media in named}
    with library.read() as connection:
        for media in named:
            place = locations.location_at(connection, names[media])
            if place is not None and place.content is not None:
                videos[media] = place.content
        lost = {media for media, is_bare in named.items() if is_bare and media not in videos}
        for media, found in _by_name(connection, lost).items():
            if len(set(found.values())) == 1:
                videos[media] = next(iter(found.values()))
            else:
                one, other = sorted(found)[:2]
                problems[media] = f"{one} and {other} both bear its video's name; write the path"
        elsewhere = named.keys() - videos.keys()
        gone = captions.every(connection) if elsewhere else []
    keys = ((one.path, one.start_seconds, one.end_seconds, one.text) for one in gone)
    return _Known(videos, problems, frozenset(keys))


def _by_name(connection: sa.Connection, media: set[Path]) -> dict[Path, dict[Path, int]]:
    """The videos that bear each of some names, with or without their ending, by where they lie."""
    by_name: dict[str, Path] = {one.name: one for one in media}
    found: dict[Path, dict[Path, int]] = defaultdict(dict)
    if not by_name:
        return found
    for path, video_id in locations.contents(connection):
        for name in {path.name, path.stem} & by_name.keys():
            found[by_name[name]][path] = video_id
    return found


def _names_in(library: Library, folder: Path) -> list[str]:
    """The names of the videos that the library knows in a folder."""
    with library.read() as connection:
        return [path.name for path, _video in locations.contents(connection, folder) if path.parent == folder]
