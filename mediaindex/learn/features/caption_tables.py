"""Captions in a table, CSV or JSON Lines: the media file that each line names, and its captions.

A table may be a stranger's: its size is bounded, texts lose their control characters, and a line that
cannot be read is named by file and number while the others are read.
"""

from __future__ import annotations

import csv
import json
import math
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TextIO

from mediaindex.decode.subtitles.formats import plain
from mediaindex.errors import UsageError
from mediaindex.safe_text import parsed_seconds
from mediaindex.sources.language_tags import language_of

Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = ("train", "val", "test")

MOST_BYTES = 1 << 30
MOST_LINE_CHARACTERS = 1 << 20
MOST_NAME_CHARACTERS = 4096
MOST_CAPTIONS_A_LINE = 1000
MOST_LINES_A_ROW = 32
DELIMITERS = ",;\t|"

_SPLIT_NAMES: dict[str, Split] = {
    **{split: split for split in SPLITS},
    **dict.fromkeys(("validation", "valid", "dev"), "val"),
}
_FIELDS = {
    "media": ("path", "file", "file_name", "filename", "image", "video", "media"),
    "captions": ("caption", "captions", "text", "sentence"),
    "start": ("start_seconds", "start"),
    "end": ("end_seconds", "end"),
    "split": ("split",),
    "group": ("group",),
    "language": ("language",),
    "source": ("source",),
}
_FIELD_OF = {name: field for field, names in _FIELDS.items() for name in names}


@dataclass(frozen=True, slots=True)
class SkippedInput:
    """A file, a line of a table, or a stretch of a film that was left out.

    Attributes:
        path: the file, `TABLE:LINE`, or `FILE@SECONDS`.
        reason: for a person.
    """

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class TableLine:
    """One line of a table.

    Attributes:
        where: `TABLE:LINE`, for messages.
        media: the media file as the table names it.
        captions: one or more, clean, none empty.
        start_seconds, end_seconds: the stretch that they caption; None where the film begins or ends.
        group: files of one group stay in one split; None where the table names none.
        language: BCP 47 tag, None where unknown.
        source: where the captions come from; the table's name where it names none.
    """

    where: str
    media: str
    captions: tuple[str, ...]
    start_seconds: float | None = None
    end_seconds: float | None = None
    split: Split | None = None
    group: str | None = None
    language: str | None = None
    source: str = ""


def read_table(path: Path, *, may_be_points: bool = False) -> Iterator[TableLine | SkippedInput]:
    """The lines of a table, those that cannot be read among them, in their order.

    The first line of a CSV names its columns: `path` and `caption` are needed, the others are not. A line of
    JSON Lines is an object of the same keys, whose `captions` may be a list. Times are seconds, or
    clock times such as 1:15.5.

    Args:
        may_be_points: a stretch may end where it begins.

    Raises:
        UsageError: the file cannot be read, is too large, or its first line names no such columns.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UsageError(f"{path} is larger than {MOST_BYTES >> 20} MiB; split it")
        # A file's name may hold bytes that are not UTF-8; surrogates keep them for the file system.
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            rows = _json_rows(file) if path.suffix.lower() in (".jsonl", ".ndjson") else _csv_rows(file, path)
            for number, row in rows:
                where = f"{path.name}:{number}"
                try:
                    yield _line(where, _checked(row), source=path.name, may_be_point=may_be_points)
                except ValueError as error:
                    yield SkippedInput(where, str(error))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}") from error


def _csv_rows(file: TextIO, path: Path) -> Iterator[tuple[int, object]]:
    """(number of the first line, fields, or a ValueError that says what is wrong) of each row.

    A quoted cell may span lines. Where its quote is never closed, or the lines that it spans make no row,
    only its first line is left out, and the lines after it are read as rows of their own.
    """
    columns, delimiter = _columns(file.readline(MOST_LINE_CHARACTERS), path)
    ahead: deque[str] = deque()
    number = 2
    while first := _next_line(file, ahead):
        lines, cells = [first], _cells(first, delimiter)
        while cells is None and len(lines) < MOST_LINES_A_ROW and (more := _next_line(file, ahead)):
            lines.append(more)
            cells = _cells("".join(lines), delimiter)
        if isinstance(cells, list) and len(cells) in (0, len(columns)):
            if cells:
                yield number, dict(zip(columns, cells, strict=True))
            number += len(lines)
            continue
        if cells is None:
            wrong = "a quote is not closed"
        elif isinstance(cells, csv.Error):
            wrong = f"it is no CSV: {cells}"
        else:
            wrong = f"it has {len(cells)} cells, the first line has {len(columns)}"
        yield number, ValueError(wrong)
        ahead.extendleft(reversed(lines[1:]))
        number += 1


def _next_line(file: TextIO, ahead: deque[str]) -> str:
    """The next line with its line break; "" after the last."""
    return ahead.popleft() if ahead else file.readline()


def _cells(row: str, delimiter: str) -> list[str] | csv.Error | None:
    """The cells of a row, the error that csv finds in it, or None where it goes on in the next line."""
    try:
        return next(csv.reader([row], delimiter=delimiter, strict=True), [])
    except csv.Error as error:
        return None if "unexpected end" in str(error) else error


def _columns(header: str, path: Path) -> tuple[Sequence[str], str]:
    """The names of the columns, and the delimiter at which `path` and `caption` are among them."""
    for delimiter in DELIMITERS:
        cells = next(csv.reader([header], delimiter=delimiter), [])
        names = [cell.strip().lower() for cell in cells]
        if {"media", "captions"} <= {_FIELD_OF.get(name) for name in names}:
            return names, delimiter
    raise UsageError(
        f"{path}:1: the first line must name the columns, one of them 'path' and one 'caption' "
        "(or 'file', 'image', 'video'; 'text', 'sentence'), in UTF-8"
    )


def _json_rows(lines: Iterable[str]) -> Iterator[tuple[int, object]]:
    for number, line in enumerate(lines, 1):
        if len(line) > MOST_LINE_CHARACTERS:
            yield number, ValueError(f"it is longer than {MOST_LINE_CHARACTERS} characters")
        elif line.strip():
            try:
                yield number, json.loads(line)
            except (ValueError, RecursionError) as error:
                yield number, ValueError(f"it is no JSON: {getattr(error, 'msg', error)}")


def _checked(row: object) -> Mapping[str, object]:
    """Field → value of a row; where two columns name one field, the first counts.

    Raises:
        ValueError: the row is one, or no object.
    """
    if isinstance(row, ValueError):
        raise row
    if not isinstance(row, dict):
        raise ValueError("it is no JSON object")
    values: dict[str, object] = {}
    for name, value in row.items():
        field = _FIELD_OF.get(name.strip().lower())
        if field is not None and value not in (None, "", []):
            values.setdefault(field, value)
    return values


def _line(where: str, row: Mapping[str, object], *, source: str, may_be_point: bool) -> TableLine:
    media = row.get("media")
    if isinstance(media, int) and not isinstance(media, bool):
        media = str(media)
    if not isinstance(media, str) or not media.strip() or "\0" in media:
        raise ValueError("it names no media file")
    if len(media) > MOST_NAME_CHARACTERS:
        raise ValueError(f"the name of its media file is longer than {MOST_NAME_CHARACTERS} characters")
    start, end = _seconds(row, "start"), _seconds(row, "end")
    begins = start or 0.0
    if end is not None and (end < begins or (end == begins and not may_be_point)):
        raise ValueError(f"its stretch ends at {end:g} s, before it begins")
    language = _text(row, "language")
    return TableLine(
        where,
        media.strip(),
        _captions(row.get("captions")),
        start,
        end,
        _split(row),
        _text(row, "group"),
        None if language is None else language_of(language),
        _text(row, "source") or source,
    )


def _captions(value: object) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value]
    if len(values) > MOST_CAPTIONS_A_LINE:
        raise ValueError(f"it has more than {MOST_CAPTIONS_A_LINE} captions")
    if any(isinstance(text, str) and not _is_unicode(text) for text in values):
        raise ValueError("its caption is no UTF-8")
    texts = [plain(text) for text in values if isinstance(text, str)]
    kept = tuple(dict.fromkeys(filter(None, texts)))
    if len(texts) < len(values) or not kept:
        raise ValueError(
            "it has no caption" if value is None or not kept else "one of its captions is no text"
        )
    return kept


def _is_unicode(text: str) -> bool:
    """Whether a text holds no surrogate, as a byte that is not UTF-8 becomes one."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _split(row: Mapping[str, object]) -> Split | None:
    name = _text(row, "split")
    if name is None:
        return None
    if name.lower() not in _SPLIT_NAMES:
        raise ValueError(f"its split {name[:40]!r} is none of {', '.join(SPLITS)}")
    return _SPLIT_NAMES[name.lower()]


def _text(row: Mapping[str, object], field: str) -> str | None:
    value = row.get(field)
    if value is None:
        return None
    if not isinstance(value, str | int):
        raise ValueError(f"its {field} is no text")
    return plain(str(value)) or None


def _seconds(row: Mapping[str, object], field: str) -> float | None:
    value = row.get(field)
    if value is None:
        return None
    try:
        if not isinstance(value, str | int | float) or isinstance(value, bool):
            raise ValueError
        clock = parsed_seconds(value.strip()) if isinstance(value, str) else None
        seconds = float(value) if clock is None else clock
    except (ValueError, OverflowError):
        seconds = math.nan
    if not 0.0 <= seconds < math.inf:
        raise ValueError(f"its {field} {str(value)[:40]!r} is no time; write seconds, or 1:15.5")
    return seconds
