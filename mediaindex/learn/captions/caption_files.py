"""Which files hold captions, and what each of them holds.

A subtitle or a file of timed lines is about the film beside it whose name it bears. A table and the JSON of
MSR-VTT name their films.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from mediaindex.decode.subtitles.sidecar_file import SUBTITLE_EXTENSIONS, read_sidecar
from mediaindex.errors import MediaError, UsageError
from mediaindex.learn.captions.lines import CaptionLine
from mediaindex.learn.captions.msrvtt_json import msrvtt_captions
from mediaindex.learn.captions.timed_lines import timed_lines
from mediaindex.learn.features.caption_tables import SkippedInput, TableLine, read_table
from mediaindex.learn.features.captioned_media import TABLES
from mediaindex.sources.filetypes import OTHER_EXTENSIONS, extension_of
from mediaindex.sources.rules import Rules
from mediaindex.sources.sidecars import Sidecar, sidecars_by_film
from mediaindex.store.notes.captions import Said

TABLE_EXTENSIONS = frozenset({".csv", ".tsv", ".jsonl", ".ndjson"})
Read = Iterator[CaptionLine | SkippedInput]
Names = Callable[[Path], Sequence[str]]


def read_captions(path: Path, known: Names) -> Read:
    """The captions of a file, or of the files in a folder and below, and what could not be read.

    Args:
        path: absolute.
        known: the names of the videos that the library knows in a folder, which may be offline.

    Raises:
        UsageError: nothing is there, it cannot be read, or holds captions in no known form.
    """
    names = functools.cache(lambda folder: sorted({*os.listdir(folder), *known(folder)}))
    if path.is_dir():
        yield from _of_folder(path, names)
    elif not path.exists():
        raise UsageError(f"{path} does not exist; name a file of captions, or a folder of films with some")
    else:
        yield from _of_file(path, names)


def _of_folder(folder: Path, names_in: Names) -> Read:
    """What lies beside films, and the tables."""
    rules = Rules()
    for where, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not rules.refuse_name(name))
        here = Path(where)
        for name in sorted(names):
            if name in TABLES or _films_of(here / name, names_in):
                try:
                    yield from _of_file(here / name, names_in)
                except UsageError as error:
                    yield SkippedInput(str(here / name), str(error))


def _of_file(path: Path, names_in: Names) -> Read:
    suffix = path.suffix.lower()
    if suffix in TABLE_EXTENSIONS:
        yield from _of_table(path)
    elif suffix == ".json":
        yield from msrvtt_captions(path)
    elif films := _films_of(path, names_in):
        for film, sidecar in films:
            yield from timed_lines(path, film) if sidecar is None else _of_subtitles(sidecar, film)
    else:
        raise UsageError(
            f"{path} bears the name of no film beside it, so it is not known what it is about; "
            "rename it, or write a table with the columns path and caption"
        )


def _films_of(path: Path, names_in: Names) -> list[tuple[Path, Sidecar | None]]:
    """The films that a file is about; with a `Sidecar` where it is a subtitle."""
    folder, suffix = path.parent, path.suffix.lower()
    if suffix not in SUBTITLE_EXTENSIONS | {".txt"}:
        return []
    names = names_in(folder)
    if suffix == ".txt":
        films = [name for name in names if extension_of(name) not in OTHER_EXTENSIONS]
        return [(folder / name, None) for name in films if path.stem in (name, Path(name).stem)]
    return [
        (folder / film, sidecar)
        for film, sidecars in sidecars_by_film(folder, names).items()
        for sidecar in sidecars
        if sidecar.path == path
    ]


def _of_table(path: Path) -> Read:
    for line in read_table(path, may_be_points=True):
        if isinstance(line, TableLine):
            media = Path(os.path.normpath(path.parent / line.media))
            is_bare = "/" not in line.media
            for text in line.captions:
                said = Said(line.start_seconds, line.end_seconds, text, line.language)
                yield CaptionLine(line.where, media, said, is_bare)
        else:
            yield line


def _of_subtitles(sidecar: Sidecar, film: Path) -> Read:
    name = sidecar.path.name
    try:
        cues = read_sidecar(sidecar)
    except MediaError as error:
        yield SkippedInput(str(sidecar.path), error.reason)
        return
    for number, cue in enumerate(cues, 1):
        said = Said(cue.start_seconds, cue.end_seconds, cue.text, cue.language)
        yield CaptionLine(f"{name}: caption {number}", film, said)
